package schema

import (
	"slices"
	"strconv"
	"strings"
)

// branches compiles the list of schemas of allOf, anyOf and oneOf.
func (c *compiler) branches(arg any) []*node {
	list, ok := arg.([]any)
	if !ok || len(list) == 0 {
		c.fault("needs to be a list of at least one schema, got %s", repr(arg))
	}
	nodes := make([]*node, len(list))
	for i, v := range list {
		nodes[i] = c.sub(strconv.Itoa(i), v)
	}
	return nodes
}

func compileAllOf(c *compiler, arg any, _ map[string]any) rule {
	nodes := c.branches(arg)
	return func(c *checker, v any) {
		for _, n := range nodes {
			n.check(c, v)
		}
	}
}

func compileAnyOf(c *compiler, arg any, _ map[string]any) rule {
	nodes := c.branches(arg)
	return func(c *checker, v any) {
		var context []Violation
		for _, n := range nodes {
			found := c.try(n, v)
			if len(found) == 0 {
				return
			}
			context = append(context, found...)
		}
		c.failChoice("anyOf", repr(v), context)
	}
}

func compileOneOf(c *compiler, arg any, _ map[string]any) rule {
	nodes := c.branches(arg)
	return func(c *checker, v any) {
		var context []Violation
		var fits []string
		for _, n := range nodes {
			found := c.try(n, v)
			if len(found) == 0 {
				fits = append(fits, repr(n.source))
			}
			context = append(context, found...)
		}
		switch {
		case len(fits) == 0:
			c.failChoice("oneOf", repr(v), context)
		case len(fits) > 1:
			// The first that fits is named last, as in Python.
			c.fail("oneOf", repr(v)+" is valid under each of "+strings.Join(slices.Concat(fits[1:], fits[:1]), ", "))
		}
	}
}

func compileNot(c *compiler, arg any, _ map[string]any) rule {
	n := c.sub("", arg)
	return func(c *checker, v any) {
		if len(c.try(n, v)) == 0 {
			c.fail("not", repr(v)+" should not be valid under "+repr(n.source))
		}
	}
}
