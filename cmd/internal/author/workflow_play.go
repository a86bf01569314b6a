package author

import (
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/workflow"
)

// play runs a workflow by a script, in a time of its own: actions end when the script
// says, those that began first before others of the same moment.
type play struct {
	*script
	c       *workflow.Conductor
	now     int64 // seconds since the beginning
	running []*running
	visits  []*visit // in the order in which they began
	latest  map[string]*visit
	begun   map[string]int // visits by task
	actions int
}

// visit is one run of a task.
type visit struct {
	task   string
	route  int
	number int // of the task's visits, from 0
	status core.Status
	items  map[int]bool // those that have begun
	inputs []any
	result expr.Value
}

// running is an action that has begun.
type running struct {
	visit *visit
	item  int // -1 for a task without items
	ends  int64
	answer
}

// mostActions is how many actions a test may run: more are a workflow that goes round in circles.
const mostActions = 100_000

// playScript runs the workflow to its end.
func playScript(s *script) (*play, error) {
	from, err := openWorkflow(s.workflow)
	if err != nil {
		return nil, fmt.Errorf("%s: workflow: %w", s.file, err)
	}
	if report := from.inspect(workflow.Inspection{Names: append(slices.Clone(aroundWorkflows), s.around()...)}); report.Err() != nil {
		return nil, report.Err()
	}
	spec, err := from.parse()
	if err != nil {
		return nil, err
	}
	if err := s.fits(spec); err != nil {
		return nil, err
	}
	p := &play{script: s, latest: map[string]*visit{}, begun: map[string]int{}}
	if p.c, err = workflow.New(spec, workflow.Input{Parameters: s.input, Context: p.surroundings(from)}, p.env()); err != nil {
		return nil, err
	}
	if p.c.Status() != core.Failed {
		err = p.run()
	}
	p.c.Conclude()
	return p, err
}

// fits tells of results for tasks that the workflow does not have.
func (s *script) fits(spec *workflow.Spec) error {
	tasks := spec.Tasks()
	var wrong []string
	for name := range s.results {
		if !slices.Contains(tasks, name) {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	hint := "its tasks are " + strings.Join(tasks, ", ")
	if near := core.Nearest(wrong[0], tasks); near != "" {
		hint = "did you mean " + near + "?"
	}
	return fmt.Errorf("%s: results: the workflow has no task %q; %s", s.file, wrong[0], hint)
}

// around are the names of the script's context.
func (s *script) around() []string {
	var names []string
	if s.context != nil {
		for name := range s.context.All() {
			names = append(names, fmt.Sprint(name))
		}
	}
	return names
}

func (p *play) run() error {
	if err := p.tell(workflow.StatusRequest{Status: core.Running}); err != nil {
		return err
	}
	for {
		if err := p.beginTasks(); err != nil {
			return err
		}
		if len(p.running) == 0 {
			return nil
		}
		if err := p.endNext(); err != nil {
			return err
		}
	}
}

// tell updates the conductor. What it cannot evaluate fails the workflow.
func (p *play) tell(ev workflow.Event) error {
	_, err := p.c.Update(ev)
	if err == nil {
		return nil
	}
	if k := core.KindOf(err); k == core.Invalid || k == core.Conflict {
		return err
	}
	_, err = p.c.Update(workflow.Failure{Message: err.Error()})
	return err
}

// beginTasks begins all that may begin. Tasks without an action end at once, and may lead to others.
func (p *play) beginTasks() error {
	for {
		tasks, _ := p.c.Next()
		if len(tasks) == 0 {
			return nil
		}
		for i := range tasks {
			if err := p.beginTask(&tasks[i]); err != nil {
				return err
			}
		}
	}
}

func (p *play) beginTask(t *workflow.Task) error {
	v := p.visit(t)
	if t.HasItems && t.Items == 0 {
		v.status = core.Succeeded
		if err := p.tell(workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Running}); err != nil {
			return err
		}
		return p.tell(workflow.TaskUpdate{Task: t.ID, Route: t.Route, Status: core.Succeeded})
	}
	for _, a := range t.Actions {
		if err := p.beginAction(t, v, a); err != nil {
			return err
		}
	}
	return nil
}

// visit is the run of a task that more of its items belong to, or a new one.
func (p *play) visit(t *workflow.Task) *visit {
	key := fmt.Sprint(t.ID, "|", t.Route)
	v := p.latest[key]
	goesOn := v != nil && t.HasItems && !slices.ContainsFunc(t.Actions, func(a workflow.Action) bool { return v.items[a.Item] })
	if goesOn {
		return v
	}
	v = &visit{task: t.ID, route: t.Route, number: p.begun[t.ID], items: map[int]bool{}}
	p.begun[t.ID]++
	p.latest[key] = v
	p.visits = append(p.visits, v)
	return v
}

func (p *play) beginAction(t *workflow.Task, v *visit, a workflow.Action) error {
	if p.actions++; p.actions > mostActions {
		return fmt.Errorf("%s: the workflow has begun %d actions and goes on: does it go round in circles?", p.file, mostActions)
	}
	given, err := plainInput(a.Input)
	if err != nil {
		return err
	}
	v.inputs = append(v.inputs, given)
	r := &running{visit: v, item: -1, answer: pick(p.results[t.ID], v.number)}
	if t.HasItems {
		r.item = a.Item
		v.items[a.Item] = true
		if r.items != nil {
			r.answer = pick(r.items, a.Item)
		}
	}
	r.ends = p.now + t.Delay + r.takes
	if v.status == "" {
		v.status = core.Running
	}
	if err := p.tell(r.update(core.Running, nil)); err != nil {
		return err
	}
	if a.Ref == "" {
		return p.end(r)
	}
	p.running = append(p.running, r)
	return nil
}

// pick is the answer for a visit or an item; without any the action succeeds and gives nothing.
func pick(answers []answer, i int) answer {
	if len(answers) == 0 {
		return answer{status: core.Succeeded, takes: 1}
	}
	return answers[min(i, len(answers)-1)]
}

// endNext lets the action end that ends first.
func (p *play) endNext() error {
	first := 0
	for i, r := range p.running {
		if r.ends < p.running[first].ends {
			first = i
		}
	}
	r := p.running[first]
	p.running = slices.Delete(p.running, first, first+1)
	p.now = r.ends
	return p.end(r)
}

func (p *play) end(r *running) error {
	v := r.visit
	if v.status == core.Running || r.status != core.Succeeded { // of items: one that failed is what counts
		v.status = r.status
	}
	v.result = r.result
	return p.tell(r.update(r.status, r.result))
}

func (r *running) update(s core.Status, result expr.Value) workflow.Event {
	if r.item >= 0 {
		return workflow.ItemUpdate{Task: r.visit.task, Route: r.visit.route, Item: r.item, Status: s, Result: result}
	}
	return workflow.TaskUpdate{Task: r.visit.task, Route: r.visit.route, Status: s, Result: result}
}

// surroundings are the variables that workflows have on a server.
func (p *play) surroundings(from *source) *expr.Dict {
	const nobody = "000000000000000000000000"
	runner := orquestaRunner
	if from.chain {
		runner = chainRunner
	}
	around := expr.DictOf("st2", expr.DictOf(
		"action_execution_id", nobody, "workflow_execution_id", nobody, "api_url", "http://127.0.0.1:9101/api/v1",
		"user", "admin", "pack", "default", "action", "default.test", "runner", runner))
	if p.context != nil {
		around = around.With(p.context)
	}
	return around
}

func (p *play) env() workflow.Env {
	return workflow.Env{
		Variables: expr.DictOf("st2kv", p.keysByScope()),
		Functions: func(string, int) map[string]functions.Function {
			return map[string]functions.Function{"st2kv": p.keyFunction(), "task": p.taskFunction()}
		},
	}
}

// keysByScope are the script's keys as ActionChains see them.
func (p *play) keysByScope() *expr.Dict {
	system, user := expr.NewDict(), expr.NewDict()
	if p.keys != nil {
		for name, value := range p.keys.All() {
			rest, isSystem := strings.CutPrefix(fmt.Sprint(name), "system.")
			into := user
			if isSystem {
				into = system
			}
			_ = into.Set(rest, value) // a text is always a fit key
		}
	}
	return expr.DictOf("system", system, "user", user)
}

// noDefault tells st2kv without a default from one whose default is null.
var noDefault = expr.NewDict()

// keyFunction is st2kv(key).
func (p *play) keyFunction() functions.Function {
	return functions.Function{
		Params: []expr.Param{expr.Req("key"), expr.Opt("decrypt", false), expr.Opt("default", noDefault)},
		Fn: func(_ *expr.Budget, a []expr.Value) (expr.Value, error) {
			name, ok := expr.Text(a[0])
			if !ok {
				return nil, expr.Errorf("TypeError", "Given key is not typeof string.")
			}
			if p.keys != nil {
				if v, ok := p.keys.Get(name); ok {
					return v, nil
				}
			}
			if a[2] != expr.Value(noDefault) {
				return a[2], nil
			}
			return nil, expr.Errorf("ValueError", "The key \"%s\" does not exist: the test has none under keys.", name)
		},
	}
}

// taskFunction is task(name): the last run of a task.
func (p *play) taskFunction() functions.Function {
	return functions.Function{
		Params: []expr.Param{expr.Req("task_name")},
		Fn: func(_ *expr.Budget, a []expr.Value) (expr.Value, error) {
			name, _ := a[0].(string)
			for _, v := range slices.Backward(p.visits) {
				if v.task == name {
					return expr.DictOf("task_name", name, "task_id", name, "route", int64(v.route), "status", string(v.status), "result", v.result), nil
				}
			}
			return nil, expr.Errorf("ValueError", "Unable to find task execution for \"%s\".", name)
		},
	}
}
