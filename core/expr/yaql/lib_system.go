package yaql

import "github.com/petrelhq/petrel/core/expr"

// systemSpecs are the functions that make scopes and call others.
func systemSpecs() []spec {
	return []spec{
		{"let", AsFunction, "*args: any, **kwargs: any", let, "Variables for the right side of ->: $1, $2 … and names.", "let(5, x => 2) -> $ * $x", "10"},
		{"with", AsFunction, "*args: any", let, "Values for the right side of ->, as $1, $2 ….", "with([1, 2], 3) -> $1.len() + $2", "5"},
		{"unpack", AsMethod, "sequence: iterable, *names: string", unpack, "The items of a list as variables: by the given names, else $1, $2 ….", "[1, 2].unpack(a, b) -> $a * 10 + $b", "12"},
		{"def", AsFunction, "name: string, func: expression", def, "A function for the right side of ->; its arguments are $1, $2 … and $name.", "def(double, $ * 2) -> double(4)", "8"},
		{"call", AsFunction, "name: string, args: list, kwargs: map", callByName, "Calls a function by its name.", "call('range', [2], {})", "[0, 1]"},
		{"call", AsFunction, "name: string, args: list, kwargs: map, receiver: any", callMethodByName, "Calls a method by its name.", "call('join', [','], {}, ['a', 'b'])", "'a,b'"},
		{"assert", AsMethod, "obj: any, condition: expression, message: string = 'Assertion failed'", assert, "The value itself, when the condition holds for it; else AssertionError.", "5.assert($ > 3)", "5"},
	}
}

func let(c *Call) (Value, error) {
	return &scope{run: c.sc.run, up: c.sc, args: c.rest, names: c.keywords}, nil
}

func unpack(c *Call) (Value, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	if len(c.rest) == 0 {
		return &scope{run: c.sc.run, up: c.sc, args: items}, nil
	}
	if len(items) != len(c.rest) {
		return nil, expr.Errorf("ValueError", "Cannot unpack %d elements into %d", len(items), len(c.rest))
	}
	s := &scope{run: c.sc.run, up: c.sc}
	for i, item := range items {
		s.names = append(s.names, expr.Kwarg{Name: c.rest[i].(string), Value: item})
	}
	return s, nil
}

// def makes a scope with one more function, which sees itself.
func def(c *Call) (Value, error) {
	s := &scope{run: c.sc.run, up: c.sc}
	body := &lambda{c.lambda(1).body, s}
	s.def = &Function{
		Name: c.text(0), Form: AsFunction,
		params: []param{{name: "args", rest: true}, {name: "kwargs", keywords: true}},
		fn:     func(c *Call) (Value, error) { return body.with(c.rest, c.keywords) },
	}
	c.sc.run.defined = true
	return s, nil
}

func callByName(c *Call) (Value, error) { return c.callNamed(nil, false) }

func callMethodByName(c *Call) (Value, error) { return c.callNamed(c.args[3], true) }

func (c *Call) callNamed(receiver Value, method bool) (Value, error) {
	n := &call{name: c.text(0), method: method}
	for _, v := range c.list(1) {
		n.args = append(n.args, &constant{val: v})
	}
	for k, v := range c.dict(2).All() {
		name, ok := k.(string)
		if !ok {
			return nil, expr.Errorf("TypeError", "keywords must be strings")
		}
		n.pairs = append(n.pairs, pair{&constant{val: name, keyword: true}, &constant{val: v}})
	}
	n.plans, n.err = c.sc.run.engine.functions.plans(n)
	return n.invoke(c.sc, receiver)
}

func assert(c *Call) (Value, error) {
	ok, err := c.lambda(1).test(c.args[0])
	if err == nil && !ok {
		err = expr.Errorf("AssertionError", "%s", c.text(2))
	}
	return c.args[0], err
}
