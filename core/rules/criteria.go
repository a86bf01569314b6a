package rules

import (
	"context"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// Renderer renders the Jinja in criteria patterns. It adds the names that all patterns
// see, such as st2kv, to those given: "trigger", or "item" inside a search.
type Renderer interface {
	// Render gives the template's text. Names that are not defined are errors.
	Render(b *expr.Budget, template string, names *expr.Dict) (string, error)
}

// Criteria is a rule's criteria made ready for matching; safe for concurrent use.
type Criteria struct {
	checks   []*check
	renderer Renderer
	patterns *regex.Cache
}

// patternsKept is how many regular expressions the criteria of one rule keep compiled;
// only patterns that hold Jinja can be more.
const patternsKept = 64

// CompileCriteria checks criteria as they are when a rule is registered and makes them
// ready. Its errors are those of [ValidateCriteria]: a key or a regular expression that
// cannot be read is, as in StackStorm, no reason to refuse a rule, but met in each Match.
func CompileCriteria(criteria core.Criteria, r Renderer) (*Criteria, error) {
	if err := ValidateCriteria(criteria); err != nil {
		return nil, err
	}
	return compileCriteria(criteria, r)
}

func compileCriteria(criteria core.Criteria, r Renderer) (*Criteria, error) {
	c := &Criteria{renderer: r, patterns: regex.NewCache(patternsKept)}
	for i := range criteria {
		one, err := newCheck(&criteria[i])
		if err != nil {
			return nil, err
		}
		c.checks = append(c.checks, one)
	}
	return c, nil
}

// Outcome says whether criteria hold for a payload, and why.
type Outcome struct {
	Matched bool
	Key     string // of the criterion that does not hold; "" when all do
	Reason  string // one sentence for people: trigger.body.status equals 'x': the value was 'y'
}

// Match holds the criteria against a payload, in order, up to the first that fails.
//
// An error means that a criterion could not be evaluated, which counts as no match. Its
// kind is Invalid and its text the outcome's reason, unless it is the context's, or a
// store's that is away: such a Match is worth repeating.
func (c *Criteria) Match(ctx context.Context, payload expr.Value, now time.Time) (Outcome, error) {
	e := &evaluation{
		budget: expr.NewBudget(ctx, expr.Limits{}), now: now.UTC(),
		renderer: c.renderer, patterns: c.patterns,
	}
	names := expr.DictOf("trigger", payload)
	for _, one := range c.checks {
		v, err := e.verdict(one, names)
		if passing := core.Passing(ctx, err); passing != nil {
			return Outcome{Key: one.key, Reason: passing.Error()}, passing
		}
		if !v.holds {
			out := Outcome{Key: one.key, Reason: one.sentence(v, err)}
			if err == nil {
				return out, nil
			}
			return out, &core.Error{Kind: core.Invalid, Msg: out.Reason, Field: "criteria." + one.key, Err: err}
		}
	}
	return Outcome{Matched: true, Reason: allHold(len(c.checks))}, nil
}

func allHold(n int) string {
	switch n {
	case 0:
		return "the rule has no criteria"
	case 1:
		return "its criterion holds"
	}
	return fmt.Sprintf("all its %d criteria hold", n)
}
