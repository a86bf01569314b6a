package yaql

// orderSpecs are the queries that sort.
func orderSpecs() []spec {
	const by, then = "collection: iterable, selector: expression", "collection: ordered, selector: expression"
	return []spec{
		{"orderBy", AsMethod, by, orderBy(false), "The items sorted by what the selector makes of them.", "[3, 1, 2].orderBy($)", "[1, 2, 3]"},
		{"orderByDescending", AsMethod, by, orderBy(true), "The items sorted from the largest to the smallest.", "[3, 1, 2].orderByDescending($)", "[3, 2, 1]"},
		{"thenBy", AsMethod, then, thenBy(false), "A further order among items that orderBy holds equal.", "[[1, b], [1, a]].orderBy($[0]).thenBy($[1])", "[[1, a], [1, b]]"},
		{"thenByDescending", AsMethod, then, thenBy(true), "A further order, from the largest to the smallest.", "[[1, a], [1, b]].orderBy($[0]).thenByDescending($[1])", "[[1, b], [1, a]]"},
	}
}

func orderBy(descending bool) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		return &ordered{run: c.sc.run, source: c.args[0], keys: []sortKey{{c.lambda(1), descending}}}, nil
	}
}

func thenBy(descending bool) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		return c.args[0].(*ordered).then(sortKey{c.lambda(1), descending}), nil
	}
}
