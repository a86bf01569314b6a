package rules

import (
	"fmt"

	"github.com/petrelhq/petrel/core/expr"
)

// search looks through a list with a whole set of criteria for each item, which its
// pattern holds. st2: triggers-rules reference, search.
func search(o *operands) (bool, error) {
	children := o.children
	if children == nil {
		d, ok := o.pattern.(*expr.Dict)
		if !ok {
			return false, expr.Errorf("AttributeError", "needs an object of criteria as pattern, but it is %s", describe(o.pattern))
		}
		children = prepareChildren(d)
		leaveUnrendered(children) // they came out of a template, so from data
	}
	if err := checkCondition(o.condition); err != nil {
		return false, err
	}
	items, err := o.items()
	if err != nil {
		return false, err
	}
	s := &searching{operands: o, children: children, needAll: o.condition == "all" || o.condition == "any"}
	for i, item := range items {
		if err := s.item(i, item); err != nil {
			return false, err
		}
	}
	return s.conclude(o.condition == "all" || o.condition == "all2any")
}

// checkCondition refuses what is no way to put the results together.
func checkCondition(condition string) error {
	switch condition {
	case "all", "any", "all2any", "any2any":
		return nil
	case "":
		condition = "None"
	}
	return expr.Errorf("UnrecognizedConditionError",
		"The '%s' condition is not recognized for type search, 'any', 'all', 'any2any' and 'all2any' are allowed", condition)
}

// items is what to look through: an object counts as a list of one.
func (o *operands) items() ([]expr.Value, error) {
	if _, ok := o.value.(*expr.Dict); ok {
		return []expr.Value{o.value}, nil
	}
	items, err := expr.Items(o.budget, o.value)
	if expr.ClassOf(err) == "TypeError" {
		err = expr.Errorf("TypeError", "needs a list, but the value is %s", describe(o.value))
	}
	return items, err
}

// prepareChildren makes the criteria of a search ready.
func prepareChildren(d *expr.Dict) []*check {
	children := make([]*check, 0, d.Len())
	for key, v := range d.All() {
		name, _ := expr.Text(key)
		children = append(children, prepareChild(name, v))
	}
	return children
}

func prepareChild(key string, v expr.Value) *check {
	d, ok := v.(*expr.Dict)
	if !ok {
		return &check{key: key, fault: expr.Errorf("TypeError", "the criterion needs to be an object with type and pattern, but it is %s", describe(v))}
	}
	operatorName, ok := textField(d, "type")
	if !ok {
		return &check{key: key, fault: expr.Errorf("KeyError", "the criterion has no type")}
	}
	condition, _ := textField(d, "condition")
	p, _ := d.Get("pattern")
	return prepare(key, operatorName, p, condition)
}

// leaveUnrendered makes texts that look like Jinja stand for themselves.
// st2 differs: data is never evaluated.
func leaveUnrendered(checks []*check) {
	for _, c := range checks {
		c.pattern.template, c.pattern.typed = "", ""
		leaveUnrendered(c.children)
	}
}

func textField(d *expr.Dict, name string) (string, bool) {
	v, _ := d.Get(name)
	return expr.Text(v)
}

// searching counts the items that satisfy the children.
type searching struct {
	*operands
	children []*check
	needAll  bool // of the children, for an item to count
	seen     int
	good     int
	failed   string // why the first bad item is bad
	fault    error  // the first that kept a child from being evaluated
}

// item tries all children on one item. One that cannot be evaluated does not hold; but
// an operator that does not exist ends the search.
func (s *searching) item(i int, item expr.Value) error {
	if err := s.budget.Enter(); err != nil {
		return err
	}
	defer s.budget.Leave()
	names := expr.DictOf("item", item)
	held, failed := 0, ""
	for _, c := range s.children {
		v, err := s.verdict(c, names)
		if fatal(c, err) {
			return err
		}
		if err != nil && s.fault == nil {
			s.fault = fmt.Errorf("%s: %w", c.head(), err)
		}
		if v.holds && err == nil {
			held++
		} else if failed == "" {
			failed = c.sentence(v, err)
		}
	}
	s.seen++
	if s.needAll && held == len(s.children) || !s.needAll && held > 0 {
		s.good++
	} else if s.failed == "" {
		s.failed = fmt.Sprintf("item %d: %s", i+1, failed)
	}
	return nil
}

// fatal reports whether an error of a child ends the whole search: the operator does
// not exist, or the budget is spent.
func fatal(c *check, err error) bool {
	class := expr.ClassOf(err)
	return class == expr.BudgetError || class == noSuchOperator && c.operator.name == ""
}

// conclude puts the items' results together. A child that could not be evaluated is an
// error only where the search fails.
//
// st2 differs: StackStorm leaves a failed enforcement for such a child in any case.
func (s *searching) conclude(needEvery bool) (bool, error) {
	if needEvery && s.good == s.seen || !needEvery && s.good > 0 {
		return true, nil
	}
	switch {
	case s.seen == 0:
		s.detail = "the list is empty"
	case needEvery:
		s.detail = fmt.Sprintf("%d of %d items match; %s", s.good, s.seen, s.failed)
	default:
		s.detail = fmt.Sprintf("no item of %d matches; %s", s.seen, s.failed)
	}
	return false, s.fault
}
