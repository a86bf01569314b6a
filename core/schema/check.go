package schema

import "slices"

// Limits on one check, against schemas that refer to themselves in circles.
const (
	maxDepth = 500
	maxSteps = 1_000_000
)

// node is one compiled schema.
type node struct {
	source   map[string]any
	types    []string // as declared; none = any
	nullable bool     // null is as good as absent
	ref      *node    // beside a reference nothing else counts
	rules    []rule
}

// rule checks what one keyword demands of a value.
type rule func(c *checker, v any)

// checker holds what one check found so far, and where it is.
type checker struct {
	path         []string
	depth, steps int
	found        []Violation
	typed        bool      // whether the value at hand has its schema's type
	nullable     bool      // whether it might be null as well
	room         [8]string // of path, so that shallow checks need no more memory
}

func violations(n *node, v any) []Violation {
	c := checker{}
	c.path = c.room[:0]
	n.check(&c, v)
	return c.found
}

func (n *node) check(c *checker, v any) {
	if c.steps++; c.steps > maxSteps || c.depth > maxDepth {
		c.failCircle()
		return
	}
	if v == nil && n.nullable {
		return
	}
	c.depth++
	if n.ref != nil {
		n.ref.check(c, v)
	} else {
		n.checkHere(c, v)
	}
	c.depth--
}

func (n *node) checkHere(c *checker, v any) {
	typed := n.hasType(v)
	if !typed {
		c.typed = false
		c.fail("type", repr(v)+" is not of type "+reprNames(n.typeNames()))
	}
	for _, r := range n.rules {
		c.typed, c.nullable = typed && len(n.types) > 0, n.nullable
		r(c, v)
	}
}

// at checks v against n one step further down the path.
func (c *checker) at(step string, n *node, v any) {
	c.path = append(c.path, step)
	n.check(c, v)
	c.path = c.path[:len(c.path)-1]
}

func (c *checker) fail(keyword, text string) {
	c.found = append(c.found, Violation{Path: slices.Clone(c.path), Keyword: keyword, Text: text, typed: c.typed})
}

func (c *checker) failExtra(text string, extra []string) {
	c.fail("additionalProperties", text)
	c.found[len(c.found)-1].Extra = extra
}

// failChoice tells that no branch of a choice fits. Where null is as good as absent, it
// is one more branch.
func (c *checker) failChoice(keyword, v string, context []Violation) {
	c.fail(keyword, v+" is not valid under any of the given schemas")
	if c.nullable {
		context = append(context, Violation{Path: slices.Clone(c.path), Keyword: "type", Text: v + " is not of type 'null'"})
	}
	c.found[len(c.found)-1].context = context
}

func (c *checker) failCircle() {
	if len(c.found) == 0 {
		c.fail("$ref", "the schema refers to itself in circles, or the value is nested too deeply")
	}
}

// try returns what n finds wrong with v, apart from what was found before.
func (c *checker) try(n *node, v any) []Violation {
	before, typed, nullable := c.found, c.typed, c.nullable
	c.found = nil
	n.check(c, v)
	found := c.found
	c.found, c.typed, c.nullable = before, typed, nullable
	return found
}

// typeNames returns the types a value may have, for the error.
func (n *node) typeNames() []string {
	if n.nullable && len(n.types) > 0 && !slices.Contains(n.types, "null") {
		return append(slices.Clone(n.types), "null")
	}
	return n.types
}

func (n *node) hasType(v any) bool {
	for _, t := range n.types {
		if isType(v, t) {
			return true
		}
	}
	return len(n.types) == 0
}

func isType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	default:
		n, ok := numberOf(v)
		return ok && (name == "number" || name == "integer" && n.whole)
	}
}
