package schema

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Set is a compiled set of parameters: those of an action merged with its runner's.
// It is safe for concurrent use. Compile it once per digest of the definitions.
type Set struct {
	params    core.Parameters
	root      *node
	immutable map[string]bool
}

// Compile prepares params for checking. The error names the attribute at fault.
func Compile(params core.Parameters) (*Set, error) {
	s := &Set{params: params, immutable: map[string]bool{}}
	object := &objectRule{closed: true, index: make(map[string]int, len(params))}
	for _, p := range params {
		n, err := compileRoot(p.Schema)
		if err != nil {
			return nil, prefixField(p.Name, err)
		}
		object.add(p.Name, p.Schema, n)
		if p.Schema.Flag("immutable") {
			s.immutable[p.Name] = true
		}
	}
	object.settleDefaults()
	s.root = &node{rules: []rule{object.check}}
	return s, nil
}

// Parameters returns what the set was compiled from.
func (s *Set) Parameters() core.Parameters { return s.params }

// Check reports the first thing wrong with what a caller supplied: an unknown name, a
// missing one, a value of the wrong sort, or a value for an immutable parameter.
// A missing or null value stands for its default; a default that holds a template is
// not checked, since it has no value yet.
// st2: metadata reference 3.2; rest-api reference 6.
func (s *Set) Check(values map[string]any) error {
	if err := best(violations(s.root, values)); err != nil {
		return err
	}
	return s.checkImmutable(values)
}

func (s *Set) checkImmutable(values map[string]any) error {
	if len(s.immutable) == 0 {
		return nil
	}
	var overridden []string
	for name := range values {
		if s.immutable[name] {
			overridden = append(overridden, name)
		}
	}
	if overridden == nil {
		return nil
	}
	slices.Sort(overridden)
	return core.FieldErrorf(overridden[0], "Override of immutable parameter(s) [%s] is unsupported.", reprNames(overridden))
}

// Cast returns values with each brought to its parameter's declared type; names the set
// does not know keep their value. The error is worded as StackStorm words it.
func (s *Set) Cast(values map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(values))
	for name, v := range values {
		schema, _ := s.params.Get(name)
		cast, err := Cast(v, schema.Text("type"))
		if err != nil {
			return nil, core.FieldErrorf(name, "Failed to cast value %s (type: %s) for parameter %q of type %q: %w.",
				quoted(v), pythonType(v), name, schema.Text("type"), err)
		}
		out[name] = cast
	}
	return out, nil
}

func quoted(v any) string {
	if s, ok := v.(string); ok {
		return `"` + s + `"`
	}
	return `"` + repr(v) + `"`
}

// Object is a compiled schema of a whole value, such as a trigger type's
// parameters_schema or payload_schema. It is safe for concurrent use.
type Object struct{ root *node }

// CompileObject prepares a whole schema for checking. An empty schema accepts anything.
func CompileObject(schema map[string]any) (*Object, error) {
	n, err := compileRoot(schema)
	if err != nil {
		return nil, err
	}
	return &Object{root: n}, nil
}

// Check reports the first thing wrong with value, by the rules of [Set.Check].
func (o *Object) Check(value any) error { return best(violations(o.root, value)) }

// Violations lists everything wrong with value, in the order of the schema.
func (o *Object) Violations(value any) []Violation { return violations(o.root, value) }

// prefixField puts a name before the field an error is about.
func prefixField(name string, err error) error {
	e, ok := err.(*core.Error)
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	return &core.Error{Kind: e.Kind, Msg: e.Msg, Field: joinField(name, e.Field), Err: e.Err}
}

func joinField(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ".")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
