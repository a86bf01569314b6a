// Package author holds the commands for authors: trying out expressions; checking, drawing
// and testing workflows; making, building and testing packs, and indexes of them.
package author

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// ExprCommand is `petrel expr`.
func ExprCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "expr", Short: "Try out expressions, without a server"}
	cmd.AddCommand(evalCommand())
	return cmd
}

func evalCommand() *cobra.Command {
	var lang, file string
	cmd := &cobra.Command{
		Use:   "eval EXPR",
		Short: "Evaluate a Jinja or YAQL expression",
		Long: `Evaluate a Jinja or YAQL expression and print what it gives.

The context is a JSON or YAML file with a mapping. In Jinja its members are names, as in
rules ({{ trigger.body.host }}); where the expression calls ctx(), and in YAQL, they are
the context of a workflow (<% ctx().host %>). Without {{ }} or <% %> the whole argument
is taken as one expression.`,
		Example: `  petrel expr eval '{{ [3, 1, 2] | sort | join("-") }}'
  petrel expr eval --context event.json '{{ trigger.body.host | upper }}'
  petrel expr eval --lang yaql --context ctx.yaml '<% ctx().vms.where($.up).name %>'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			context, err := readContext(file)
			if err != nil {
				return err
			}
			text, err := whole(lang, args[0])
			if err != nil {
				return err
			}
			v, err := evaluate(lang, text, context)
			if err != nil {
				return explain(text, err)
			}
			return printValue(cmd.OutOrStdout(), v)
		},
	}
	cmd.Flags().StringVar(&lang, "lang", "jinja", "jinja or yaql")
	cmd.Flags().StringVar(&file, "context", "", "JSON or YAML file with the names the expression sees")
	return cmd
}

// readContext reads a mapping; JSON keeps its order and numbers as written.
func readContext(file string) (*expr.Dict, error) {
	if file == "" {
		return expr.NewDict(), nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--context: %w", err)
	}
	v, err := expr.FromJSON(raw)
	if err != nil {
		if v, err = fromYAML(raw); err != nil {
			return nil, fmt.Errorf("--context: %s is neither JSON nor YAML: %w", file, err)
		}
	}
	d, ok := v.(*expr.Dict)
	if !ok {
		return nil, fmt.Errorf("--context: %s needs to hold a mapping of names, not a %s", file, expr.TypeName(v))
	}
	return d, nil
}

func fromYAML(raw []byte) (expr.Value, error) {
	var v map[string]any
	if err := yaml.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return expr.FromGo(v)
}

// whole puts the language's marks around a text that has none.
func whole(lang, text string) (string, error) {
	switch {
	case lang != "jinja" && lang != "yaql":
		return "", fmt.Errorf("--lang: %q is none of jinja, yaql", lang)
	case lang == "jinja" && !jinja.IsExpression(text):
		return "{{ " + text + " }}", nil
	case lang == "yaql" && !yaql.HasExpressions(text):
		return "<% " + text + " %>", nil
	}
	return text, nil
}

func evaluate(lang, text string, context *expr.Dict) (expr.Value, error) {
	if lang == "yaql" {
		return asWorkflow(text, context)
	}
	t, err := jinja.StackStorm(expr.Strict, nil).Compile(text)
	if err != nil {
		return nil, err
	}
	if slices.Contains(t.Variables(), "ctx") {
		return asWorkflow(text, context)
	}
	return t.Render(jinja.Run{}, jinja.DictVars(context))
}

// asWorkflow evaluates a text as Orquesta does.
func asWorkflow(text string, context *expr.Dict) (expr.Value, error) {
	expr.Freeze(context)
	w, err := functions.WorkflowOf(context)
	if err != nil {
		return nil, err
	}
	return orquesta.New(yaql.Options{}, functions.StackStorm(nil)).Evaluate(orquesta.Run{}, text, w)
}

// printValue prints text as it is, everything else as JSON.
func printValue(w io.Writer, v expr.Value) error {
	text, ok := expr.Text(v)
	if !ok {
		indent := "  "
		var err error
		if text, err = expr.ToJSON(nil, v, expr.JSONOptions{Indent: &indent, KeepUnicode: true}); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// explain shows an expression with a mark under the place of the error.
func explain(text string, cause error) error {
	at, ok := placeOf(cause)
	lines := strings.Split(text, "\n")
	if !ok || at.Line > len(lines) {
		return cause
	}
	mark := strings.Repeat(" ", max(0, at.Col-1)) + "^"
	return fmt.Errorf("%w\n  %s\n  %s line %d, column %d", cause, lines[at.Line-1], mark, at.Line, at.Col)
}

// placeOf finds where an error began, in the outermost error that knows.
func placeOf(err error) (expr.Pos, bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		if e, ok := err.(*expr.Error); ok && e.Pos.Line > 0 {
			return e.Pos, true
		}
	}
	return expr.Pos{}, false
}
