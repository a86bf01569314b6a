package schema

import (
	"strconv"
	"unicode/utf8"
)

// count reads the argument of minLength and its like.
func (c *compiler) count(arg any) int {
	n, ok := numberOf(arg)
	if !ok || !n.whole || n.big != nil || n.small < 0 || n.small > 1<<31 {
		c.fault("%s needs to be a whole number that is not negative", repr(arg))
	}
	return int(n.small)
}

// bounded makes the rule of a least or greatest size: breaks says whether a size does.
func bounded(keyword, text string, size func(v any) int, breaks func(size int) bool) rule {
	return func(c *checker, v any) {
		if n := size(v); n >= 0 && breaks(n) {
			c.fail(keyword, repr(v)+" "+text)
		}
	}
}

func atLeast(c *compiler, keyword string, arg any, text string, size func(any) int) rule {
	limit := c.count(arg)
	if limit == 1 {
		text = "should be non-empty"
	}
	return bounded(keyword, text, size, func(n int) bool { return n < limit })
}

func atMost(c *compiler, keyword string, arg any, text string, size func(any) int) rule {
	limit := c.count(arg)
	if limit == 0 {
		text = "is expected to be empty"
	}
	return bounded(keyword, text, size, func(n int) bool { return n > limit })
}

// The sizes are -1 for values of other types.

func textLength(v any) int {
	if s, ok := v.(string); ok {
		return utf8.RuneCountInString(s)
	}
	return -1
}

func listLength(v any) int {
	if l, ok := v.([]any); ok {
		return len(l)
	}
	return -1
}

func propertyCount(v any) int {
	if m, ok := v.(map[string]any); ok {
		return len(m)
	}
	return -1
}

func compileMinLength(c *compiler, arg any, _ map[string]any) rule {
	return atLeast(c, "minLength", arg, "is too short", textLength)
}

func compileMaxLength(c *compiler, arg any, _ map[string]any) rule {
	return atMost(c, "maxLength", arg, "is too long", textLength)
}

func compileMinItems(c *compiler, arg any, _ map[string]any) rule {
	return atLeast(c, "minItems", arg, "is too short", listLength)
}

func compileMaxItems(c *compiler, arg any, _ map[string]any) rule {
	return atMost(c, "maxItems", arg, "is too long", listLength)
}

func compileMinProperties(c *compiler, arg any, _ map[string]any) rule {
	return atLeast(c, "minProperties", arg, "does not have enough properties", propertyCount)
}

func compileMaxProperties(c *compiler, arg any, _ map[string]any) rule {
	return atMost(c, "maxProperties", arg, "has too many properties", propertyCount)
}

func compileEnum(c *compiler, arg any, _ map[string]any) rule {
	allowed, ok := arg.([]any)
	if !ok || len(allowed) == 0 {
		c.fault("enum needs to be a list of at least one value, got %s", repr(arg))
		return nil
	}
	return func(c *checker, v any) {
		for _, a := range allowed {
			if equal(a, v) {
				return
			}
		}
		c.fail("enum", repr(v)+" is not one of "+repr(allowed))
	}
}

func compileMinimum(c *compiler, arg any, schema map[string]any) rule {
	return compileBound(c, "minimum", arg, schema["exclusiveMinimum"], "less than", -1)
}

func compileMaximum(c *compiler, arg any, schema map[string]any) rule {
	return compileBound(c, "maximum", arg, schema["exclusiveMaximum"], "greater than", 1)
}

// compileBound forbids values that compare with the bound as outside does.
func compileBound(c *compiler, keyword string, arg, exclusive any, words string, outside int) rule {
	bound, ok := numberOf(arg)
	if !ok {
		c.fault("%s needs to be a number, got %s", keyword, repr(arg))
		return nil
	}
	strict := exclusive == true
	if strict {
		words += " or equal to"
	}
	return func(c *checker, v any) {
		n, ok := numberOf(v)
		if !ok {
			return
		}
		if r := n.compare(bound); r == outside || strict && r == 0 {
			c.fail(keyword, repr(v)+" is "+words+" the "+keyword+" of "+repr(arg))
		}
	}
}

func compileMultipleOf(c *compiler, arg any, _ map[string]any) rule {
	unit, ok := numberOf(arg)
	if !ok || unit.compare(number{whole: true}) <= 0 {
		c.fault("multipleOf needs to be a number above 0, got %s", repr(arg))
		return nil
	}
	return func(c *checker, v any) {
		if n, ok := numberOf(v); ok && !n.multipleOf(unit) {
			c.fail("multipleOf", repr(v)+" is not a multiple of "+repr(arg))
		}
	}
}

func compilePattern(c *compiler, arg any, _ map[string]any) rule {
	p := c.pattern(arg)
	if p == nil {
		return nil
	}
	return func(c *checker, v any) {
		if s, ok := v.(string); ok && !p.match(s) {
			c.fail("pattern", repr(v)+" does not match "+repr(arg))
		}
	}
}

func compileUniqueItems(_ *compiler, arg any, _ map[string]any) rule {
	if arg != true {
		return nil
	}
	return func(c *checker, v any) {
		if list, ok := v.([]any); ok && !distinct(list) {
			c.fail("uniqueItems", repr(v)+" has non-unique elements")
		}
	}
}

// distinct compares texts by a map, since lists of names are what is long in practice.
func distinct(list []any) bool {
	seen := map[string]bool{}
	var others []any
	for _, v := range list {
		if s, ok := v.(string); ok {
			if seen[s] {
				return false
			}
			seen[s] = true
			continue
		}
		for _, o := range others {
			if equal(o, v) {
				return false
			}
		}
		others = append(others, v)
	}
	return true
}

// compileItems takes one schema for all items, or a list of one schema per place.
func compileItems(c *compiler, arg any, _ map[string]any) rule {
	places, ok := arg.([]any)
	if !ok {
		each := c.sub("", arg)
		return func(c *checker, v any) { c.each(v, 0, func(int) *node { return each }) }
	}
	nodes := make([]*node, len(places))
	for i, p := range places {
		nodes[i] = c.sub(strconv.Itoa(i), p)
	}
	return func(c *checker, v any) {
		c.each(v, 0, func(i int) *node {
			if i < len(nodes) {
				return nodes[i]
			}
			return nil
		})
	}
}

// each checks the items of v from the given index on, against what schema returns.
func (c *checker) each(v any, from int, schema func(i int) *node) {
	list, _ := v.([]any)
	for i := from; i < len(list); i++ {
		if n := schema(i); n != nil {
			c.at(strconv.Itoa(i), n, list[i])
		}
	}
}

func compileAdditionalItems(c *compiler, arg any, schema map[string]any) rule {
	places, ok := schema["items"].([]any)
	if schema["items"] != nil && !ok || arg == true {
		return nil
	}
	if arg != false {
		n := c.sub("", arg)
		return func(c *checker, v any) { c.each(v, len(places), func(int) *node { return n }) }
	}
	return func(c *checker, v any) {
		if list, _ := v.([]any); len(list) > len(places) {
			extra := list[len(places):]
			c.fail("additionalItems", "Additional items are not allowed ("+reprItems(extra)+" "+were(len(extra))+" unexpected)")
		}
	}
}
