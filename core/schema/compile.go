package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// typeNames are the types a schema may name.
var typeNames = []string{"array", "boolean", "integer", "null", "number", "object", "string"}

// compiler turns one schema document into nodes. The first fault wins.
type compiler struct {
	root map[string]any
	refs map[string]*node // by pointer, so that schemas may refer to themselves
	path []string
	err  error
}

// compileRoot compiles a schema that stands by itself: references start at it.
func compileRoot(schema map[string]any) (*node, error) {
	c := &compiler{root: schema, refs: map[string]*node{}}
	n := &node{}
	c.refs["#"] = n
	c.into(n, schema)
	if c.err != nil {
		return nil, c.err
	}
	return n, nil
}

// keyword compiles the demand of one keyword; nil if there is nothing to check.
type keyword struct {
	name    string
	compile func(c *compiler, arg any, schema map[string]any) rule
}

// keywords lists draft 4's in the order they are checked and told.
func keywords() []keyword {
	return []keyword{
		{"enum", compileEnum},
		{"minimum", compileMinimum},
		{"maximum", compileMaximum},
		{"multipleOf", compileMultipleOf},
		{"minLength", compileMinLength},
		{"maxLength", compileMaxLength},
		{"pattern", compilePattern},
		{"minItems", compileMinItems},
		{"maxItems", compileMaxItems},
		{"uniqueItems", compileUniqueItems},
		{"items", compileItems},
		{"additionalItems", compileAdditionalItems},
		{"minProperties", compileMinProperties},
		{"maxProperties", compileMaxProperties},
		{"dependencies", compileDependencies},
		{"allOf", compileAllOf},
		{"anyOf", compileAnyOf},
		{"oneOf", compileOneOf},
		{"not", compileNot},
	}
}

func (c *compiler) into(n *node, schema map[string]any) {
	n.source = schema
	if ref, ok := schema["$ref"]; ok {
		n.ref = c.refer(ref)
		return
	}
	n.types = c.types(schema["type"])
	for _, k := range keywords() {
		arg, ok := schema[k.name]
		if !ok {
			continue
		}
		c.path = append(c.path, k.name)
		if r := k.compile(c, arg, schema); r != nil {
			n.rules = append(n.rules, r)
		}
		c.path = c.path[:len(c.path)-1]
	}
	if r := compileObjectRule(c, schema); r != nil {
		n.rules = append(n.rules, r)
	}
}

// sub compiles the schema found at step.
func (c *compiler) sub(step string, v any) *node {
	n := &node{}
	c.path = append(c.path, step)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	schema, ok := asSchema(v)
	switch {
	case len(c.path) > maxDepth:
		c.fault("a schema may be nested %d deep", maxDepth)
	case !ok:
		c.fault("a schema needs to be an object, got %s", repr(v))
	default:
		c.into(n, schema)
	}
	return n
}

func asSchema(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case core.Schema:
		return v, true
	}
	return nil, false
}

func (c *compiler) fault(format string, args ...any) {
	if c.err == nil {
		c.err = core.FieldErrorf(joinField(slices.Clone(c.path)...), format, args...)
	}
}

func (c *compiler) types(v any) []string {
	var names []string
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		names = []string{v}
	case []any:
		for _, t := range v {
			names = append(names, fmt.Sprint(t))
		}
	}
	c.path = append(c.path, "type")
	defer func() { c.path = c.path[:len(c.path)-1] }()
	if len(names) == 0 {
		c.fault("%s is not a type", repr(v))
	}
	for _, name := range names {
		if !slices.Contains(typeNames, name) {
			c.fault("'%s' is not a type; use one of %s", name, strings.Join(typeNames, ", "))
		}
	}
	return names
}

// refer compiles what a reference points to: #, or a JSON pointer behind it.
func (c *compiler) refer(v any) *node {
	c.path = append(c.path, "$ref")
	defer func() { c.path = c.path[:len(c.path)-1] }()
	ref, ok := v.(string)
	if !ok || !strings.HasPrefix(ref, "#") {
		c.fault("%s is outside of the schema; only references of the form #/definitions/name are followed", repr(v))
		return &node{}
	}
	if n, ok := c.refs[ref]; ok {
		return n
	}
	target, ok := pointAt(c.root, ref[1:])
	if !ok {
		c.fault("%s points to no schema", repr(ref))
		return &node{}
	}
	n := &node{}
	c.refs[ref] = n
	c.into(n, target)
	return n
}

func pointAt(root map[string]any, pointer string) (map[string]any, bool) {
	at := root
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next, ok := asSchema(at[unescape.Replace(step)])
		if !ok {
			return nil, false
		}
		at = next
	}
	return at, true
}
