package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

const (
	describesArgument = "petrel_describes_argument" // marks commands whose -h is about their argument
	describeFlag      = "describe"
)

// describing turns -h into --describe where there is an argument to describe.
func describing(c *cobra.Command, args []string) []string {
	if c.Annotations[describesArgument] == "" {
		return args
	}
	end := len(args)
	if i := slices.Index(args, "--"); i >= 0 {
		end = i
	}
	asks := slices.IndexFunc(args[:end], func(arg string) bool { return arg == "-h" || arg == "--help" })
	depth := len(strings.Fields(c.CommandPath())) - 1
	words := slices.DeleteFunc(slices.Clone(args[:end]), func(arg string) bool { return strings.HasPrefix(arg, "-") })
	if asks < 0 || len(words) <= depth {
		return args
	}
	changed := slices.Clone(args)
	changed[asks] = "--" + describeFlag
	return changed
}

// describe prints what an action takes. st2: cli.md, run in depth, -h.
func (s *session) describe(sig signature, err error) error {
	var missing *notFound
	if errors.As(err, &missing) {
		s.printf("Action %q is not found. Use \"%s action list\" to see the list of available actions.\n", missing.key, s.prog)
		return nil
	}
	if err != nil {
		return err
	}
	s.printf("\n%s\n\n", strings.Join(render.Wrap(sig.description, 79), "\n"))
	var required, optional []string
	for _, name := range sig.names() {
		switch schema := sig.parameters[name]; {
		case schema["immutable"] == true:
		case schema["required"] == true:
			required = append(required, name)
		default:
			optional = append(optional, name)
		}
	}
	s.describeAll("Required Parameters:", sig, required)
	s.describeAll("Optional Parameters:", sig, optional)
	return nil
}

func (s *session) describeAll(title string, sig signature, names []string) {
	if len(names) == 0 {
		return
	}
	s.printf("%s\n", title)
	for _, name := range names {
		s.describeOne(name, sig.parameters[name])
	}
}

func (s *session) describeOne(name string, schema client.Object) {
	s.printf("    %s\n", name)
	if text := schema.String("description"); text != "" {
		for _, line := range render.Wrap(text, 71) {
			s.printf("        %s\n", line)
		}
	}
	if k := kind(schema); k != "" {
		s.printf("        Type: %s\n", k)
	}
	if enum, ok := schema["enum"].([]any); ok {
		s.printf("        Enum: %s\n", render.Cell(enum))
	}
	if value, ok := schema["default"]; ok && value != nil {
		s.printf("        Default: %s\n", render.Cell(value))
	}
	s.printf("\n")
}
