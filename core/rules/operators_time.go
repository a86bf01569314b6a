package rules

import (
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// timeDiff compares how many seconds ago the value was with the pattern. A time to come
// was a negative number of seconds ago.
func timeDiff(op string) func(*operands) (bool, error) {
	return func(o *operands) (bool, error) {
		at, err := o.moment()
		if err != nil {
			return false, err
		}
		limit, err := o.seconds()
		if err != nil {
			return false, err
		}
		ago := o.now.Sub(at).Seconds()
		o.detail = fmt.Sprintf("the value was %s, %s seconds before now", show(o.value), expr.FloatText(ago))
		return expr.Compare(o.budget, op, ago, limit)
	}
}

// moment reads the value as a point in time; without a zone it is UTC.
func (o *operands) moment() (time.Time, error) {
	text, err := expr.Str(o.budget, o.value)
	if err != nil {
		return time.Time{}, err
	}
	return parseMoment(text, o.now)
}

// seconds reads the pattern as Python's float does.
func (o *operands) seconds() (float64, error) {
	text, ok := expr.Text(o.pattern)
	if !ok {
		f, err := expr.Float(o.pattern)
		if expr.ClassOf(err) == "TypeError" {
			err = expr.Errorf("TypeError", "needs a number of seconds, but the pattern is %s", describe(o.pattern))
		}
		return f, err
	}
	f, ok := expr.ParseFloat(text)
	if !ok {
		return 0, expr.Errorf("ValueError", "needs a number of seconds, but the pattern is %s", show(text))
	}
	return f, nil
}
