package packs_test

import (
	"slices"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/plugins/builtin"
	"github.com/petrelhq/petrel/plugins/ssh"
	"github.com/petrelhq/petrel/plugins/winrm"
)

// runnerTypes are those of every package with runners.
func runnerTypes() []core.RunnerType {
	return slices.Concat(builtin.Types(), ssh.Types(), winrm.Types())
}

func TestActionsFitTheirRunners(t *testing.T) {
	types := runnerTypes()
	for _, rt := range types {
		for _, err := range schema.Validate(rt.Parameters) {
			t.Errorf("runner %s: %v", rt.Name, err)
		}
	}
	for _, c := range shipped(t) {
		for _, a := range c.Actions {
			i := slices.IndexFunc(types, func(rt core.RunnerType) bool { return rt.Name == a.Runner })
			if i < 0 && a.Ref() == "linux.diag_loadavg" {
				continue // until there is a workflow engine
			}
			if i < 0 {
				t.Errorf("%s: there is no runner %s", a.Ref(), a.Runner)
				continue
			}
			for _, err := range schema.ValidateAction(types[i].Parameters, a.Parameters) {
				t.Errorf("%s: %v", a.Ref(), err)
			}
			if _, err := schema.Compile(schema.Merge(types[i].Parameters, a.Parameters)); err != nil {
				t.Errorf("%s: %v", a.Ref(), err)
			}
		}
	}
}
