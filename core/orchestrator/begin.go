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
		if report := s.o.inspect(s.x.Runner, entry, text); len(report.Faults) > 0 {
			return false, s.refuseSpec(ctx, report)
		}
		if spec, err = s.o.parse(s.x.Runner, digest, entry, text); err != nil {
			return false, s.refuse(ctx, err)
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
	return o.parse(f.Runner, f.Spec, f.File, text)
}

// inspect finds what is wrong with a workflow.
func (o *Orchestrator) inspect(runner, file string, text []byte) *workflow.Report {
	if runner == ActionChain {
		return workflow.InspectChain(file, text, workflow.Inspection{})
	}
	return workflow.Inspect(file, text, workflow.Inspection{Names: []string{"st2", "parent"}, Evaluator: o.Evaluator})
}

// maxSpecs is how many parsed workflows are kept.
const maxSpecs = 1024

// parsed returns a workflow that is kept parsed, by the digest of its text; else nil.
func (o *Orchestrator) parsed(runner, digest string) *workflow.Spec {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.specs[runner+" "+digest]
}

// parse parses a workflow and keeps it.
func (o *Orchestrator) parse(runner, digest, file string, text []byte) (*workflow.Spec, error) {
	parse := workflow.Parse
	if runner == ActionChain {
		parse = workflow.ParseChain
	}
	spec, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.specs) >= maxSpecs {
		clear(o.specs)
	}
	o.specs[runner+" "+digest] = spec
	return spec, nil
}
