package workflow

import (
	"fmt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
)

// resultKept is the result of a task of a chain, which later tasks see under its name.
type resultKept struct {
	Task   string `json:"t"`
	Result data   `json:"v,omitzero"`
}

func (c *resultKept) apply(s *state) func() {
	was := s.results
	s.results = emptyIfNil(was).With(expr.DictOf(c.Task, c.Result.v))
	return func() { s.results = was }
}

// beginChain renders the vars of a chain and stages its first task. The first context is the
// parameters, the second the vars, each further one what a task has published.
func (c *Conductor) beginChain(in Input) {
	parameters := emptyIfNil(in.Context).With(emptyIfNil(in.Parameters))
	vars, err := c.renderMapping(c.spec.chain.vars, parameters.With(emptyIfNil(c.Variables)))
	if err != nil {
		c.note(err, Error{})
		c.do(&statusChanged{core.Failed})
		return
	}
	c.do(&contextAdded{data{parameters}})
	c.do(&contextAdded{data{vars}})
	c.do(&scopeAdded{Context: 1})
	c.do(&routeAdded{})
	for _, n := range c.spec.graph.roots {
		c.do(&stagedAdded{Task: n.ID, Scope: 1, Ready: true})
	}
}

// renewChain renders the vars of a chain for new parameters.
func (c *Conductor) renewChain(in Input) error {
	parameters := emptyIfNil(in.Context).With(in.Parameters)
	vars, err := c.renderMapping(c.spec.chain.vars, parameters.With(emptyIfNil(c.Variables)))
	if err != nil {
		return core.Errorf(core.Invalid, "Unable to rerun workflow with this input: %w", err)
	}
	c.do(&contextRenewed{0, data{parameters}})
	c.do(&contextRenewed{1, data{vars}})
	return nil
}

// chainVars are what the templates of a chain see: parameters, under them results by task, over both
// the vars and what was published.
func (c *Conductor) chainVars(in *scope) *expr.Dict {
	results := emptyIfNil(c.results)
	vars := c.contexts[0].With(results).With(c.addedBy(in)).With(expr.DictOf("__results", results))
	return vars.With(emptyIfNil(c.Variables))
}

// renderMapping renders templates of a chain. The error names the one that failed.
func (c *Conductor) renderMapping(t template, vars *expr.Dict) (*expr.Dict, error) {
	mapping, _ := t.value.(*expr.Dict)
	if mapping == nil {
		return emptyIfNil(nil), nil
	}
	templates := c.Templates
	if templates == nil {
		templates = defaultTemplates
	}
	run := jinja.Run{Context: c.Context, Limits: c.Limits}
	out, err := templates.RenderMapping(run, mapping, vars)
	if err != nil {
		return nil, c.whichFailed(templates, run, t, vars, err)
	}
	clean, err := plain(out)
	if err != nil {
		return nil, failureIn(t, err)
	}
	return expr.Freeze(clean).(*expr.Dict), nil
}

// whichFailed renders one template after the other to find the one that fails.
func (c *Conductor) whichFailed(templates *jinja.Environment, run jinja.Run, t template, vars *expr.Dict, err error) error {
	for name, v := range t.value.(*expr.Dict).All() {
		if _, err := templates.RenderMapping(run, expr.DictOf(name, v), vars); err != nil {
			f := t.doc.Field(fmt.Sprint(name))
			return &failure{error: fmt.Errorf("%q cannot be rendered: %w", name, err), line: f.Line, expression: shownTemplate(v)}
		}
	}
	return failureIn(t, err)
}

func shownTemplate(v expr.Value) string {
	s, err := expr.Str(nil, v)
	if err != nil {
		return ""
	}
	return s
}

// renderChainAction renders the parameters of a task of a chain.
func (c *Conductor) renderChainAction(t *staged) (Action, error) {
	input, err := c.renderMapping(t.node.task.input, c.chainVars(t.in))
	if err != nil {
		return Action{}, fmt.Errorf("the parameter %w", err)
	}
	ref, _ := t.node.task.action.value.(string)
	return Action{Ref: ref, Input: input}, nil
}

// keepForChain keeps the result of a task of a chain, and publishes. It reports whether the chain goes on.
// st2: a task publishes however it has ended.
func (c *Conductor) keepForChain(e *entry, ev occurrence) bool {
	c.do(&resultKept{e.node.ID, data{ev.result}})
	route := e.route
	at := Error{Task: e.node.ID, Route: &route}
	if e.node.task.publish.given() {
		set, err := c.renderMapping(e.node.task.publish, c.chainVars(e.in))
		if err != nil {
			c.note(err, at)
			c.fail()
			return false
		}
		c.do(&contextAdded{data{set}})
		c.do(&scopeAdded{From: e.in.id, Context: len(c.contexts) - 1})
	}
	for _, item := range e.node.task.next {
		if c.spec.byName[item.do[0]] == nil && item.on.holds(e.status) {
			c.note(fmt.Errorf("there is no task %q, which %s names", item.do[0], item.on), at)
			c.fail()
			return false
		}
	}
	return true
}

func (o outcome) holds(s core.Status) bool {
	return o == onSuccess && s == core.Succeeded || o == onFailure && broken(s)
}

// chainStatus is the status of a chain that has failed: that of its last task.
func (c *Conductor) chainStatus(ev occurrence) {
	if c.status == core.Failed && ev.status == core.TimedOut {
		c.setWorkflow(core.TimedOut)
	}
}

// publishedByChain is all that the tasks of a chain have published.
func (c *Conductor) publishedByChain() *expr.Dict {
	out := emptyIfNil(nil)
	for _, set := range c.contexts[min(2, len(c.contexts)):] {
		out = out.With(set)
	}
	return out
}
