package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/sdk/client"
)

// signature is what an action takes: its own parameters over its runner's.
type signature struct {
	ref         string
	description string
	parameters  map[string]client.Object // name to schema
}

// readSignature asks the API. Errors: *notFound for an unknown action.
func readSignature(ctx context.Context, c *client.Client, ref string) (signature, error) {
	action, err := actionResource.find(ctx, c, ref)
	if err != nil {
		return signature{}, err
	}
	runners, err := c.List(ctx, "/runnertypes", url.Values{"name": {action.String("runner_type")}})
	if err != nil {
		return signature{}, err
	}
	var inherited client.Object
	if len(runners.Items) > 0 {
		inherited = runners.Items[0].Object("runner_parameters")
	}
	return signature{
		ref:         cmp.Or(action.String("ref"), ref),
		description: action.String("description"),
		parameters:  merged(inherited, action.Object("parameters")),
	}, nil
}

// merged lays an action's parameters over its runner's.
// st2: cli.md, cast source: where both give a type, the runner's holds.
func merged(inherited, own client.Object) map[string]client.Object {
	all := map[string]client.Object{}
	for name := range inherited {
		all[name] = maps.Clone(inherited.Object(name))
	}
	for name := range own {
		schema := all[name]
		if schema == nil {
			schema = client.Object{}
		}
		kind, typed := schema["type"]
		maps.Copy(schema, own.Object(name))
		if typed {
			schema["type"] = kind
		}
		all[name] = schema
	}
	return all
}

// kind is the type a schema asks for, "" when it asks for none.
func kind(schema client.Object) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		for _, v := range t {
			if name, ok := v.(string); ok && name != "null" {
				return name
			}
		}
	}
	return ""
}

// names are the parameters in the order they are shown: by position, then by name.
func (sig signature) names() []string {
	position := func(name string) int64 {
		n, ok := sig.parameters[name]["position"].(json.Number)
		if i, err := n.Int64(); ok && err == nil {
			return i
		}
		return 1 << 31
	}
	return slices.SortedFunc(maps.Keys(sig.parameters), func(a, b string) int {
		return cmp.Or(cmp.Compare(position(a), position(b)), strings.Compare(a, b))
	})
}

// unknownAction words a failure to read an action that is to be run.
func (s *session) unknownAction(err error) error {
	var missing *notFound
	if errors.As(err, &missing) {
		return fmt.Errorf("Action %q cannot be found. See which there are: %s action list", missing.key, s.prog) // StackStorm's words
	}
	return err
}
