package cli

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/client"
)

var configResource = resource{
	name: "Config", plural: "configurations", path: "/configs", key: "pack",
	front: []string{"id", "pack", "values"},
}

type configOptions struct {
	set  []string
	file string
	ask  bool
}

// packConfig shows or sets a pack's configuration.
func (a *app) packConfig() *cobra.Command {
	var o configOptions
	return a.command(verb{
		name: "config", short: "Show or set the configuration of a pack", args: "name", exitCode: 2,
		long: `Shows the configuration of a pack, secrets masked, or sets it: attributes one by one with
--set, all of it from a file, or in answer to questions. A value may be a template, such
as {{ st2kv.system.token }}; one of a secret attribute is decrypted by itself.`,
		flags: func(f *pflag.FlagSet) {
			f.StringArrayVar(&o.set, "set", nil, "attribute=value; the others stay (may be repeated; a.b=value sets b inside of a)")
			f.StringVarP(&o.file, "file", "f", "", "JSON or YAML file that holds all of the configuration")
			f.BoolVar(&o.ask, "ask", false, "ask for each attribute; an empty line leaves it as it is")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			if !o.ask && o.file == "" && len(o.set) == 0 {
				return s.showConfig(ctx, c, args[0])
			}
			values, err := s.newConfig(ctx, c, args[0], o)
			if err != nil {
				return err
			}
			done, err := c.Put(ctx, client.Path(configResource.path, args[0]), values)
			if err != nil {
				return err
			}
			return s.show(configResource, done)
		},
	})
}

func (s *session) showConfig(ctx context.Context, c *client.Client, pack string) error {
	o, err := c.Get(ctx, client.Path(configResource.path, pack), nil)
	if client.StatusOf(err) == http.StatusNotFound {
		return fmt.Errorf("nothing has been set of the configuration of the pack %q", pack)
	}
	if err != nil {
		return err
	}
	return s.show(configResource, o)
}

// newConfig is a pack's configuration as the options want it. Secrets that they do not
// name go back masked, which leaves them as they are.
func (s *session) newConfig(ctx context.Context, c *client.Client, pack string, o configOptions) (client.Object, error) {
	if o.file != "" {
		if o.ask || len(o.set) > 0 {
			return nil, misuse("-f/--file goes without --set and --ask: it holds all of the configuration")
		}
	}
	attributes, err := optional(c.Get(ctx, client.Path("config_schemas", pack), nil))
	if err != nil {
		return nil, err
	}
	form := client.Object{"properties": map[string]any(attributes.Object("attributes"))}
	if o.file != "" {
		return s.configFile(form, o.file)
	}
	before, err := optional(c.Get(ctx, client.Path(configResource.path, pack), nil))
	if err != nil {
		return nil, err
	}
	values := maps.Clone(before.Object("values"))
	if values == nil {
		values = client.Object{}
	}
	if o.ask {
		if attributes == nil {
			return nil, fmt.Errorf("Pack %q doesn't exist or doesn't have a config schema defined.", pack) // StackStorm's words
		}
		answers, err := s.askFor(form)
		if err != nil {
			return nil, err
		}
		maps.Copy(values, answers)
	}
	for _, pair := range o.set {
		if err := setAttribute(form, values, pair); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// configFile reads a configuration. The server takes what the pack does not know, as
// StackStorm's does; most often it is a slip.
func (s *session) configFile(form client.Object, file string) (client.Object, error) {
	values, err := readObject(file)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, known := form.Object("properties")[name]
		if hint := unknownAttribute(form, name); hint != "" && !known {
			fmt.Fprintf(s.stderr, "Warning: %s: %s\n", file, hint)
		}
	}
	return values, err
}

// optional makes nothing of an answer that there is none.
func optional(o client.Object, err error) (client.Object, error) {
	if client.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	return o, err
}

// setAttribute puts name=value into values; name may lead into objects.
func setAttribute(form, values client.Object, pair string) error {
	name, text, ok := strings.Cut(pair, "=")
	if !ok {
		return misuse("--set %s: it needs the form attribute=value", pair)
	}
	path := strings.Split(name, ".")
	for _, step := range path[:len(path)-1] {
		inner := maps.Clone(values.Object(step))
		if inner == nil {
			inner = client.Object{}
		}
		values[step] = map[string]any(inner)
		values, form = inner, form.Object("properties").Object(step)
	}
	last := path[len(path)-1]
	property, known := form.Object("properties")[last]
	if !known {
		if hint := unknownAttribute(form, last); hint != "" {
			return fmt.Errorf("--set %s: %s", pair, hint)
		}
	}
	value, err := cast(asObject(property), text, false)
	if err != nil {
		return fmt.Errorf("%w (attribute %q takes %s)", err, name, article(kind(asObject(property))))
	}
	values[last] = value
	return nil
}

// unknownAttribute says what a name may have been meant for, "" when anything goes.
func unknownAttribute(form client.Object, name string) string {
	properties := form.Object("properties")
	if len(properties) == 0 {
		return ""
	}
	known := slices.Sorted(maps.Keys(properties))
	if near := core.Nearest(name, known); near != "" {
		return fmt.Sprintf("the configuration has no attribute %q; did you mean %q?", name, near)
	}
	return fmt.Sprintf("the configuration has no attribute %q; it has %s", name, strings.Join(known, ", "))
}
