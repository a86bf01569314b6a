package schema

import "strings"

// property is one entry of "properties".
type property struct {
	name     string
	required bool
	fallback any  // the default; nil = none
	settled  bool // the default passes, or is a template that has no value yet
	node     *node
}

// patternProperty is one entry of "patternProperties".
type patternProperty struct {
	pattern *pattern
	node    *node
}

// objectRule checks properties, patternProperties and additionalProperties, which
// depend on each other.
type objectRule struct {
	properties []property
	index      map[string]int // of properties, by name
	patterns   []patternProperty
	sources    []string // the patterns as written, sorted
	others     *node    // additionalProperties, where it is a schema
	closed     bool     // additionalProperties: false
}

// compileObjectRule returns nil for a schema that says nothing of properties.
func compileObjectRule(c *compiler, schema map[string]any) rule {
	o := &objectRule{index: map[string]int{}}
	o.compileProperties(c, schema["properties"])
	o.compilePatterns(c, schema["patternProperties"])
	switch others := schema["additionalProperties"].(type) {
	case nil:
	case bool:
		o.closed = !others
	default:
		o.others = c.sub("additionalProperties", others)
	}
	if len(o.properties) == 0 && len(o.patterns) == 0 && o.others == nil && !o.closed {
		return nil
	}
	if c.err == nil {
		o.settleDefaults()
	}
	return o.check
}

func (o *objectRule) compileProperties(c *compiler, arg any) {
	if arg == nil {
		return
	}
	c.path = append(c.path, "properties")
	defer func() { c.path = c.path[:len(c.path)-1] }()
	properties, ok := asSchema(arg)
	if !ok {
		c.fault("properties needs to be an object of name: schema, got %s", repr(arg))
		return
	}
	for _, name := range sortedKeys(properties) {
		n := c.sub(name, properties[name])
		o.add(name, n.source, n)
	}
}

// add takes in one property. A property that may be left out may also be null.
func (o *objectRule) add(name string, schema map[string]any, n *node) {
	required := truthy(schema["required"])
	fallback, explicit := schema["default"]
	n.nullable = !required || explicit && fallback == nil
	o.index[name] = len(o.properties)
	o.properties = append(o.properties, property{name: name, required: required, fallback: fallback, node: n})
}

// truthy is how StackStorm's validator reads a "required": a list of names, which means
// something else in draft 4, counts as yes unless it is empty.
func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case []any:
		return len(v) > 0
	case string:
		return v != ""
	}
	return false
}

// settleDefaults finds out once which defaults need not be checked each time.
func (o *objectRule) settleDefaults() {
	for i := range o.properties {
		p := &o.properties[i]
		if p.fallback != nil {
			p.settled = isTemplate(p.fallback) || len(violations(p.node, p.fallback)) == 0
		}
	}
}

func isTemplate(v any) bool {
	s, ok := v.(string)
	return ok && (strings.Contains(s, "{{") || strings.Contains(s, "{%"))
}

func (o *objectRule) compilePatterns(c *compiler, arg any) {
	if arg == nil {
		return
	}
	c.path = append(c.path, "patternProperties")
	defer func() { c.path = c.path[:len(c.path)-1] }()
	patterns, ok := asSchema(arg)
	if !ok {
		c.fault("patternProperties needs to be an object of pattern: schema, got %s", repr(arg))
		return
	}
	o.sources = sortedKeys(patterns)
	for _, source := range o.sources {
		o.patterns = append(o.patterns, patternProperty{c.pattern(source), c.sub(source, patterns[source])})
	}
}

func (o *objectRule) check(c *checker, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		return
	}
	typed, known := c.typed, 0
	for i := range o.properties {
		p := &o.properties[i]
		value, present := object[p.name]
		if present {
			known++
		}
		c.typed = typed
		p.check(c, value, present)
	}
	if known < len(object) {
		c.typed = typed
		o.checkRest(c, object)
	}
}

// check checks one property; the default stands in for a missing or null value.
func (p *property) check(c *checker, value any, present bool) {
	if value == nil && p.fallback != nil {
		if p.settled {
			return
		}
		value, present = p.fallback, true
	}
	switch {
	case present:
		c.at(p.name, p.node, value)
	case p.required:
		c.path = append(c.path, p.name)
		c.fail("required", repr(p.name)+" is a required property")
		c.path = c.path[:len(c.path)-1]
	}
}

// checkRest checks the properties that are not declared by name.
func (o *objectRule) checkRest(c *checker, object map[string]any) {
	var extra []string
	for _, name := range sortedKeys(object) {
		_, declared := o.index[name]
		for _, p := range o.patterns {
			if p.pattern.match(name) {
				declared = true
				c.at(name, p.node, object[name])
			}
		}
		switch {
		case declared:
		case o.others != nil:
			c.at(name, o.others, object[name])
		case o.closed:
			extra = append(extra, name)
		}
	}
	if extra != nil {
		c.failExtra(o.unexpected(extra), extra)
	}
}

func (o *objectRule) unexpected(extra []string) string {
	if len(o.sources) == 0 {
		return "Additional properties are not allowed (" + reprNames(extra) + " " + were(len(extra)) + " unexpected)"
	}
	verb := "does"
	if len(extra) > 1 {
		verb = "do"
	}
	return reprNames(extra) + " " + verb + " not match any of the regexes: " + reprNames(o.sources)
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// compileDependencies: of a property on others by name, or on a schema of the whole.
func compileDependencies(c *compiler, arg any, _ map[string]any) rule {
	dependencies, ok := asSchema(arg)
	if !ok {
		c.fault("dependencies needs to be an object, got %s", repr(arg))
		return nil
	}
	var rules []rule
	for _, name := range sortedKeys(dependencies) {
		rules = append(rules, compileDependency(c, name, dependencies[name]))
	}
	return func(c *checker, v any) {
		for _, r := range rules {
			r(c, v)
		}
	}
}

func compileDependency(c *compiler, name string, arg any) rule {
	needed, ok := arg.([]any)
	if !ok {
		n := c.sub(name, arg)
		return func(c *checker, v any) {
			if object, _ := v.(map[string]any); has(object, name) {
				n.check(c, v)
			}
		}
	}
	return func(c *checker, v any) {
		object, _ := v.(map[string]any)
		if !has(object, name) {
			return
		}
		for _, other := range needed {
			if other, ok := other.(string); ok && !has(object, other) {
				c.fail("dependencies", repr(other)+" is a dependency of "+repr(name))
			}
		}
	}
}

func has(object map[string]any, name string) bool {
	_, ok := object[name]
	return ok
}
