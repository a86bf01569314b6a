package workflow

import (
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// Conclude evaluates the output of a workflow that has ended, once. Output that cannot be evaluated
// fails a workflow that has succeeded.
func (c *Conductor) Conclude() Step {
	if !c.status.Final() || c.output != nil {
		return Step{}
	}
	if c.spec.chain != nil {
		c.do(&outputSet{data{c.publishedByChain()}})
		return c.take()
	}
	w := c.visible(c.lastVars())
	w.Extra = c.outside("", 0)
	output, ok := c.evaluateAll(c.spec.output, w, Error{})
	if output.Len() > 0 {
		c.do(&outputSet{data{output}})
	}
	if !ok && c.status == core.Succeeded {
		c.fail()
	}
	return c.take()
}

// lastVars merges what the last tasks of all branches saw.
func (c *Conductor) lastVars() *expr.Dict {
	var vars *expr.Dict
	for _, e := range c.entries {
		switch {
		case !e.term:
		case vars == nil:
			vars = c.varsOf(e.in)
		default:
			vars = merged(vars, c.addedBy(e.in))
		}
	}
	return emptyIfNil(vars)
}

// Status is the workflow's; "" before it is first asked for one.
func (c *Conductor) Status() core.Status { return c.status }

// Output is the workflow's output, nil while there is none.
func (c *Conductor) Output() *expr.Dict { return c.output }

// Errors are what went wrong, in order.
func (c *Conductor) Errors() []Error { return c.errors }

// Busy reports whether tasks are active: a workflow may have failed, and wait for them.
func (c *Conductor) Busy() bool { return c.anyActive() }

// Spec is the workflow that runs.
func (c *Conductor) Spec() *Spec { return c.spec }
