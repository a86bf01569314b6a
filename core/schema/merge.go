package schema

import (
	"maps"

	"github.com/petrelhq/petrel/core"
)

// Merge lays an action's parameters over its runner's, attribute by attribute, the
// runner's first. What either calls immutable stays immutable.
// st2: metadata reference 3.2.
func Merge(runner, action core.Parameters) core.Parameters {
	merged := make(core.Parameters, 0, len(runner)+len(action))
	merged = append(merged, runner...)
	for _, p := range action {
		below, ok := runner.Get(p.Name)
		if !ok {
			merged = append(merged, p)
			continue
		}
		s := maps.Clone(below)
		if s == nil {
			s = core.Schema{}
		}
		maps.Copy(s, p.Schema)
		if below.Flag("immutable") {
			s["immutable"] = true
		}
		merged.Set(p.Name, s)
	}
	return merged
}

// Defaults returns values with the defaults filled in: first the action's, then the
// runner's. A default counts where the value is missing or null, or where its own
// parameter is immutable. Templates in defaults are left as they are.
// st2: metadata reference 3.2, final rendering.
func Defaults(runner, action core.Parameters, values map[string]any) map[string]any {
	filled := make(map[string]any, len(values)+len(runner)+len(action))
	maps.Copy(filled, values)
	for _, p := range action {
		fillDefault(filled, p)
	}
	for _, p := range runner {
		// What an action sets for its runner's parameter is not the runner's to set again.
		if own, ok := action.Get(p.Name); !ok || own["default"] == nil {
			fillDefault(filled, p)
		}
	}
	return filled
}

func fillDefault(values map[string]any, p core.Parameter) {
	fallback := p.Schema["default"]
	if fallback != nil && (values[p.Name] == nil || p.Schema.Flag("immutable")) {
		values[p.Name] = fallback
	}
}

// Split parts values into those the runner declares and those only the action does.
// Values neither declares are dropped.
// st2: metadata reference 3.2; an action's parameter named like its runner's is the runner's.
func Split(runner, action core.Parameters, values map[string]any) (forRunner, forAction map[string]any) {
	forRunner, forAction = map[string]any{}, map[string]any{}
	for name, v := range values {
		if _, ok := runner.Get(name); ok {
			forRunner[name] = v
		} else if _, ok := action.Get(name); ok {
			forAction[name] = v
		}
	}
	return forRunner, forAction
}
