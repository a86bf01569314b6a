package rules

import (
	"fmt"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jsonpath"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// check is one criterion made ready.
type check struct {
	key       string // as written, with what follows a #
	path      *jsonpath.Path
	operator  operator
	pattern   pattern
	condition string
	children  []*check // of a search whose pattern holds no Jinja
	fault     error    // why it can never be evaluated
}

// newCheck makes a criterion ready. The error is Invalid: the pattern is no JSON.
func newCheck(c *core.Criterion) (*check, error) {
	var p expr.Value
	if len(c.Pattern) > 0 {
		v, err := expr.FromJSON(c.Pattern)
		if err != nil {
			return nil, core.FieldErrorf("criteria."+c.Key+".pattern", "the pattern of criterion %s is no valid JSON: %w", c.Key, err)
		}
		p = v
	}
	return prepare(c.Key, c.Type, p, c.Condition), nil
}

func prepare(key, operatorName string, p expr.Value, condition string) *check {
	c := &check{key: key, pattern: newPattern(p), condition: condition}
	c.operator, c.fault = findOperator(operatorName)
	path, _, _ := strings.Cut(key, "#")
	parsed, err := jsonpath.Compile(path)
	if err != nil && c.fault == nil {
		c.fault = fmt.Errorf("the key is no path to a value: %w", err)
	}
	c.path = parsed
	if children, ok := p.(*expr.Dict); ok && c.operator.name == searchName {
		c.children = prepareChildren(children)
	}
	return c
}

// evaluation is one run of criteria over a payload.
type evaluation struct {
	budget   *expr.Budget
	now      time.Time
	renderer Renderer
	patterns *regex.Cache
}

// verdict is what a check found.
type verdict struct {
	holds   bool
	found   bool // the path led to a value
	value   expr.Value
	pattern expr.Value
	detail  string // more to say than the value
}

// verdict evaluates one check; names holds the value its path begins at.
// st2: triggers-rules reference, key lookup: only the first value counts, none is None.
func (e *evaluation) verdict(c *check, names *expr.Dict) (v verdict, err error) {
	if c.fault != nil {
		return v, c.fault
	}
	if v.value, v.found, err = c.path.First(e.budget, names); err != nil {
		return v, err
	}
	p, err := e.render(c.pattern, names)
	if err != nil {
		return v, fmt.Errorf("the pattern cannot be rendered: %w", err)
	}
	v.pattern = p
	if p == nil && !c.operator.takesNone {
		v.detail = "the pattern is null"
		return v, nil
	}
	o := &operands{evaluation: e, check: c, value: v.value, pattern: p}
	v.holds, err = c.operator.apply(o)
	v.detail = o.detail
	return v, err
}
