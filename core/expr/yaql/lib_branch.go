package yaql

// branchSpecs are the functions that evaluate only some of their arguments.
func branchSpecs() []spec {
	return []spec{
		{"switch", AsFunction, "*rules: rule", switchRules, "The value of the first condition that holds; null when none does.", "switch(1 > 2 => a, 2 > 1 => b)", "'b'"},
		{"switchCase", AsMethod, "case: int, *args: expression", switchCase, "The argument at the position; the last one when there is none there.", "1.switchCase('a', 'b')", "'b'"},
		{"selectCase", AsFunction, "*conditions: expression", selectCase, "The position of the first condition that holds; their number when none does.", "selectCase(false, true)", "1"},
		{"selectAllCases", AsFunction, "*conditions: expression", selectAllCases, "The positions of all conditions that hold.", "selectAllCases(true, false, true)", "[0, 2]"},
		{"examine", AsFunction, "*conditions: expression", examine, "For each condition whether it holds.", "examine(1, null)", "[true, false]"},
		{"coalesce", AsFunction, "*args: expression", coalesce, "The first argument that is not null.", "coalesce(null, 0, 1)", "0"},
	}
}

func switchRules(c *Call) (Value, error) {
	for _, v := range c.rest {
		r := v.(*rule)
		yes, err := r.key.test()
		if err != nil {
			return nil, err
		}
		if yes {
			return r.val.call()
		}
	}
	return nil, nil
}

func switchCase(c *Call) (Value, error) {
	n := int64(len(c.rest))
	if n == 0 {
		return nil, nil
	}
	i := n - 1
	if k := c.big(0); k.IsInt64() && k.Int64() >= 0 && k.Int64() < n {
		i = k.Int64()
	}
	return c.rest[i].(*lambda).call()
}

func selectCase(c *Call) (Value, error) {
	for i, v := range c.rest {
		if yes, err := v.(*lambda).test(); yes || err != nil {
			return int64(i), err
		}
	}
	return int64(len(c.rest)), nil
}

func selectAllCases(c *Call) (Value, error) {
	i := int64(-1)
	return c.sc.run.each(c.sc.run.fromItems(c.rest).next, func(v Value) (Value, bool, error) {
		i++
		yes, err := v.(*lambda).test()
		return i, yes, err
	}), nil
}

func examine(c *Call) (Value, error) {
	return c.sc.run.each(c.sc.run.fromItems(c.rest).next, func(v Value) (Value, bool, error) {
		yes, err := v.(*lambda).test()
		return yes, true, err
	}), nil
}

func coalesce(c *Call) (Value, error) {
	for _, v := range c.rest {
		if x, err := v.(*lambda).call(); x != nil || err != nil {
			return x, err
		}
	}
	return nil, nil
}
