package pack

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// outside lists in words what a pack whose code is in a sandbox brings beside it, and what
// its permissions therefore say nothing of: a rule may run core.local as well. Of other
// packs it lists nothing: nobody takes them to be in one.
func (c *Content) outside() []string {
	if c.Pack.Runtime == nil || c.Pack.Runtime.Type != core.RuntimeWASM {
		return nil
	}
	var all []string
	for _, a := range c.Actions {
		if a.Runner != core.RuntimeWASM {
			all = append(all, fmt.Sprintf("the action %s of the runner %s", visible(a.Ref()), visible(a.Runner)))
		}
		all = append(all, readsKeys("the action "+visible(a.Ref()), a)...)
	}
	for _, r := range c.Rules {
		if of, _, _ := core.SplitRef(r.Action.Ref); of != c.Pack.Ref {
			all = append(all, fmt.Sprintf("the rule %s, which runs %s", visible(r.Ref()), visible(r.Action.Ref)))
		}
		all = append(all, readsKeys("the rule "+visible(r.Ref()), r)...)
	}
	for _, s := range c.Sensors {
		if s.EntryPoint != c.Pack.Runtime.File() {
			all = append(all, "the sensor "+visible(s.Ref()))
		}
	}
	return append(all, readsKeys("a schema for its configuration", c.ConfigSchema)...)
}

// readsKeys lists metadata whose templates read keys of the datastore, whichever those are.
func readsKeys(what string, metadata any) []string {
	raw, err := json.Marshal(metadata)
	if err != nil || strings.Contains(string(raw), "st2kv") {
		return []string{what + " with a template that reads keys, secret ones too"}
	}
	return nil
}

// visible is a name as a terminal may show it.
func visible(name string) string {
	if textFault(name) != "" {
		return fmt.Sprintf("%+q", name)
	}
	return name
}
