package builtin

import (
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// Parameters arrive cast to their schemas' types; what is missing, null or of another
// type reads as the zero value.

func textOf(params map[string]any, name string) string {
	s, _ := params[name].(string)
	return s
}

func boolOf(params map[string]any, name string) bool {
	b, _ := params[name].(bool)
	return b
}

func objectOf(params map[string]any, name string) map[string]any {
	m, _ := params[name].(map[string]any)
	return m
}

func numberOf(params map[string]any, name string) float64 {
	f, _ := shellarg.Number(params[name])
	return f
}

// param makes a parameter of a runner type. More is pairs of an attribute and its value.
func param(name, kind, description string, more ...any) core.Parameter {
	s := core.Schema{"type": kind, "description": description}
	for i := 0; i+1 < len(more); i += 2 {
		s[more[i].(string)] = more[i+1]
	}
	return core.Parameter{Name: name, Schema: s}
}
