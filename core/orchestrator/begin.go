package orchestrator

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/workflow"
)

// maxSpec is how large the text of a workflow may be.
const maxSpec = 4 << 20

// begin reads the workflow and makes its conductor. It reports false when the workflow
// cannot run; then its execution has failed, with everything that is wrong.
func (s *session) begin(ctx context.Context) (bool, error) {
	var err error
	if s.inside, err = s.depth(ctx); core.KindOf(err) == core.Invalid {
		return false, s.refuse(ctx, err)
	}
	if err != nil {
		return false, err
	}
	if again := s.x.Context.ReRun; again != nil && again.Continues() {
		if begun, err := s.beginAgain(ctx, again); err != nil || begun || s.x.Status.Final() {
			return begun, err
		}
	}
	entry, _, params, err := s.o.Executions.Inputs(ctx, s.x)
	if err != nil {
		return false, s.refuse(ctx, err)
	}
	text, err := s.o.File(ctx, s.x.Context.Pack, path.Join("actions", entry))
	if err == nil && len(text) > maxSpec {
		err = core.Errorf(core.Invalid, "the workflow %s has %d bytes, the most is %d", entry, len(text), maxSpec)
	}
	if err != nil {
		return false, s.refuse(ctx, err)
	}
	digest := core.Digest(text)
	spec := s.o.parsed(s.x.Runner, digest)
	if spec == nil { // what is kept parsed has been inspected, or ran before
		var report *workflow.Report
		if spec, report = s.o.inspected(s.x.Runner, digest, entry, text); spec == nil {
			return false, s.refuseSpec(ctx, report)
		}
	}
	input, err := s.input(params)
	if err != nil {
		return false, s.refuse(ctx, err)
	}
	if s.c, err = workflow.New(spec, input, s.env(ctx)); err != nil {
		return false, s.refuse(ctx, err)
	}
	return true, s.found(s.tx.Define(text), entry)
}

// found makes the head of what is stored of the workflow, with its first snapshot.
func (s *session) found(digest, entry string) error {
	s.flow = &store.Flow{Execution: s.x.ID, Spec: digest, File: entry, Runner: s.x.Runner, Depth: s.inside}
	s.tx.AppendStep(s.flow, nil) // the snapshot stands for a first step
	if err := s.snapshot(); err != nil {
		return err
	}
	s.update(workflow.StatusRequest{Status: core.Running})
	return nil
}

// refuse fails a workflow that cannot run.
func (s *session) refuse(ctx context.Context, cause error) error {
	return s.o.Executions.End(ctx, s.tx, s.x, failedResult(cause.Error()))
}

// refuseSpec fails a workflow with all that is wrong with it. st2: runners reference 7.
func (s *session) refuseSpec(ctx context.Context, report *workflow.Report) error {
	value, err := json.Marshal(map[string]any{"output": nil, "errors": report, "message": strings.Join(report.Lines(), "\n")})
	if err != nil {
		return err
	}
	return s.o.Executions.End(ctx, s.tx, s.x, core.Result{Status: core.Failed, Value: value})
}

// input is what the workflow starts with. st2: runners reference 7, st2 context.
func (s *session) input(params map[string]any) (workflow.Input, error) {
	given, err := dict(params)
	if err != nil || s.x.Runner == ActionChain {
		return workflow.Input{Parameters: given}, err
	}
	st2 := map[string]any{
		"action_execution_id": s.x.ID, "workflow_execution_id": s.x.ID, "api_url": s.o.APIURL,
		"user": s.x.Context.User, "pack": s.x.Context.Pack, "action": s.x.Action, "runner": s.x.Runner,
	}
	if s.x.Context.APIUser != "" {
		st2["api_user"] = s.x.Context.APIUser
	}
	if s.x.Context.SourceChannel != "" {
		st2["source_channel"] = s.x.Context.SourceChannel
	}
	around := map[string]any{"st2": st2}
	if s.x.Context.Parent != nil {
		around["parent"] = s.x.Context.Parent
	}
	context, err := dict(around)
	return workflow.Input{Parameters: given, Context: context}, err
}

// dict makes a value of the expression language of anything JSON can write.
func dict(v any) (*expr.Dict, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	value, err := expr.FromJSON(raw)
	if err != nil {
		return nil, err
	}
	d, ok := value.(*expr.Dict)
	if !ok {
		return nil, core.Errorf(core.Internal, "%s is no object", raw)
	}
	return d, nil
}

// spec returns the workflow as it was when it began.
func (o *Orchestrator) spec(ctx context.Context, f *store.Flow) (*workflow.Spec, error) {
	if spec := o.parsed(f.Runner, f.Spec); spec != nil {
		return spec, nil
	}
	text, err := o.Store.Definition(ctx, f.Spec)
	if err != nil {
		return nil, err
	}
	spec, err := parse(f.Runner, f.File, text)
	if err == nil {
		o.keep(f.Runner, f.Spec, spec)
	}
	return spec, err
}

// inspected reads a workflow and keeps it; one with faults gives no spec, but the report of them.
func (o *Orchestrator) inspected(runner, digest, file string, text []byte) (*workflow.Spec, *workflow.Report) {
	in := workflow.Inspection{Names: []string{"st2", "parent"}, Evaluator: o.Evaluator}
	spec, err := parse(runner, file, text)
	switch {
	case err != nil && runner == ActionChain:
		return nil, workflow.InspectChain(file, text, in)
	case err != nil:
		return nil, workflow.Inspect(file, text, in)
	}
	report := spec.Inspect(in)
	if len(report.Faults) > 0 {
		return nil, report
	}
	o.keep(runner, digest, spec)
	return spec, report
}

func parse(runner, file string, text []byte) (*workflow.Spec, error) {
	if runner == ActionChain {
		return workflow.ParseChain(file, text)
	}
	return workflow.Parse(file, text)
}

// maxSpecs is how many parsed workflows are kept.
const maxSpecs = 1024

// parsed returns a workflow that is kept parsed, by the digest of its text; else nil.
func (o *Orchestrator) parsed(runner, digest string) *workflow.Spec {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.specs[runner+" "+digest]
}

// keep keeps a parsed workflow.
func (o *Orchestrator) keep(runner, digest string, spec *workflow.Spec) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.specs) >= maxSpecs {
		clear(o.specs)
	}
	o.specs[runner+" "+digest] = spec
}
