package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

type executionRequest struct {
	Action     string          `json:"action"`
	Parameters json.RawMessage `json:"parameters"`
	User       string          `json:"user"`
	Context    json.RawMessage `json:"context"`
	Delay      int64           `json:"delay"` // ms
	Notify     json.RawMessage `json:"notify"`
	Callback   json.RawMessage `json:"callback"`
}

func (c *call) postExecution() error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	var body executionRequest
	if err := c.object(c.s.bodies.execution, &body); err != nil {
		return err
	}
	around, err := c.contextOf(body.Context)
	if err != nil {
		return err
	}
	r := core.Request{
		Action: body.Action, Parameters: given(body.Parameters), User: c.onBehalf(body.User), Context: around,
		Delay: body.Delay, Notify: given(body.Notify), Callback: given(body.Callback),
	}
	return c.ask(secrets, func(tx *store.Tx) (*core.Execution, error) { return c.s.Engine.Request(c.ctx(), tx, r) })
}

// given makes nothing of null.
func given(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// onBehalf names the user an execution runs for: the caller, or whom they name.
func (c *call) onBehalf(other string) string {
	if other != "" && c.s.Auth.Admin(c.who) {
		return other
	}
	return c.who.User
}

// contextOf reads the context a caller gave in the body and in the header st2-context.
// What Petrel does not know is kept as it came.
func (c *call) contextOf(raw json.RawMessage) (core.Context, error) {
	var around core.Context
	all := map[string]json.RawMessage{}
	for _, part := range [][]byte{given(raw), c.Request().Header.Peek("St2-Context")} {
		if len(bytes.TrimSpace(part)) == 0 {
			continue
		}
		if err := json.Unmarshal(part, &all); err != nil {
			return around, core.FieldErrorf("context", "the context needs to be a JSON object: %v", err)
		}
	}
	delete(all, "extra")
	whole, err := json.Marshal(all)
	if err != nil {
		return around, err
	}
	if err := json.Unmarshal(whole, &around); err != nil {
		return around, core.FieldErrorf("context", "the context does not have the form it needs: %v", err)
	}
	around.Task, around.Policies, around.PausedBy, around.ResumedBy = nil, nil, "", ""
	for _, known := range []string{"orquesta", "policies", "paused_by", "resumed_by", "user", "pack", "api_user", "source_channel", "trace_context", "parent", "rule", "trigger_instance", "re-run", "cancelled_by"} {
		delete(all, known)
	}
	if len(all) > 0 {
		around.Extra = all
	}
	return around, nil
}

// ask stores an execution and answers with it. A request whose parameters cannot be
// rendered leaves a failed execution behind and is refused all the same.
// st2: rest-api reference, executions.
func (c *call) ask(secrets bool, request func(tx *store.Tx) (*core.Execution, error)) error {
	var x *core.Execution
	var refused error
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		x, refused = request(tx)
		if x == nil || errors.Is(refused, store.ErrConflict) {
			return refused
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return core.Errorf(core.Invalid, "%w", refused)
	}
	return c.sendExecution(fiber.StatusCreated, asRequested(x), shown{secrets: secrets, large: true})
}

// asRequested shows a new execution in the status in which StackStorm answers, whatever
// the engine did in the same commit. st2: rest-api reference, POST /executions.
func asRequested(x *core.Execution) *core.Execution {
	asked := *x
	asked.Status, asked.Reason, asked.Log = core.Requested, "", x.Log[:min(1, len(x.Log))]
	return &asked
}

type reRunRequest struct {
	Parameters json.RawMessage `json:"parameters"`
	Tasks      []string        `json:"tasks"`
	Reset      []string        `json:"reset"`
	User       string          `json:"user"`
	Delay      int64           `json:"delay"` // ms
}

func (c *call) postReRun() error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	var body reRunRequest
	if err := c.object(c.s.bodies.reRun, &body); err != nil {
		return err
	}
	old, err := c.findExecution()
	if err != nil {
		return err
	}
	if err := checkTasks(old, body); err != nil {
		return err
	}
	r := core.Request{Parameters: given(body.Parameters), User: c.onBehalf(body.User), Delay: body.Delay}
	r.Context.ReRun = &core.ReRun{Tasks: body.Tasks, Reset: body.Reset}
	return c.ask(secrets, func(tx *store.Tx) (*core.Execution, error) { return c.s.Engine.ReRun(c.ctx(), tx, old.ID, r) })
}

// checkTasks checks which tasks of a workflow to run again.
func checkTasks(old *core.Execution, body reRunRequest) error {
	switch {
	case len(body.Tasks) == 0 && len(body.Reset) == 0:
		return nil
	case old.Runner != "orquesta":
		return core.FieldErrorf("tasks", "Task option is only supported for Orquesta workflows.")
	}
	for _, t := range body.Reset {
		if !slices.Contains(body.Tasks, t) {
			return core.FieldErrorf("reset", "List of tasks to reset does not match the tasks to rerun: \"%s\" is not among the tasks.", t)
		}
	}
	if !old.Status.Final() {
		return core.FieldErrorf("tasks", "The workflow has not ended yet: it is %s.", old.Status)
	}
	return nil
}

type executionUpdate struct {
	Status core.Status     `json:"status"`
	Result json.RawMessage `json:"result"`
}

// putExecution steers an execution by the status it is given.
// st2: rest-api reference, PUT /executions/{id}.
func (c *call) putExecution() error {
	var body executionUpdate
	if err := c.object(c.s.bodies.executionUpdate, &body); err != nil {
		return err
	}
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	if x.Status.Final() {
		return core.Errorf(core.Invalid, "Execution is already in completed state.")
	}
	switch body.Status {
	case core.Canceling, core.Canceled:
		return c.cancel(x.ID)
	case core.Pausing, core.Paused:
		return c.steer(x.ID, "pause", c.s.Engine.Pause)
	case core.Resuming:
		return c.steer(x.ID, "resume", c.s.Engine.Resume)
	}
	// st2 differs: a status cannot be written past the worker that carries the action out.
	return core.FieldErrorf("status", "Status \"%s\" cannot be set; use canceling, pausing or resuming.", body.Status)
}

type steering func(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)

// steer pauses or resumes a workflow.
func (c *call) steer(id, name string, verb steering) error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	var x *core.Execution
	var refused error
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		x, refused = verb(c.ctx(), tx, id, c.who.User)
		if k := core.KindOf(refused); x != nil && !errors.Is(refused, store.ErrConflict) && (k == core.Invalid || k == core.Conflict) {
			return nil
		}
		return refused
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return core.Errorf(core.Invalid, "Failed updating execution. Unable to %s liveaction \"%s\" because %s.", name, id, whyNotSteered(x, name, refused))
	}
	return c.sendExecution(fiber.StatusOK, x, shown{secrets: secrets, large: true})
}

// whyNotSteered is StackStorm's reason. st2: rest-api reference, PUT /executions/{id}.
func whyNotSteered(x *core.Execution, name string, refused error) string {
	switch {
	case core.KindOf(refused) == core.Invalid:
		return fmt.Sprintf("it is not supported by the \"%s\" runner", x.Runner)
	case name == "pause":
		return "it is not in a running state"
	}
	return fmt.Sprintf("it is in \"%s\" state and not in \"paused\" state", x.Status)
}

func (c *call) deleteExecution() error {
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	return c.cancel(x.ID)
}

// cancel asks for an execution's end. What cannot be cancelled is told with status 200.
// st2: rest-api reference, DELETE /executions/{id}.
func (c *call) cancel(id string) error {
	secrets, err := c.showSecrets()
	if err != nil {
		return err
	}
	var x *core.Execution
	over := false
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		x, err = c.s.Engine.Cancel(c.ctx(), tx, id, c.who.User)
		over = core.KindOf(err) == core.Conflict
		if over {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case over:
		return answer(c.Ctx, fiber.StatusOK, fault{fmt.Sprintf("Action cannot be canceled. State = %s.", x.Status)})
	}
	return c.sendExecution(fiber.StatusOK, x, shown{secrets: secrets, large: true})
}

// getExecutionResult sends the bare result, as a file if asked.
func (c *call) getExecutionResult() error {
	download, _, err1 := c.flag("download")
	compress, _, err2 := c.flag("compress")
	pretty, _, err3 := c.flag("pretty_format")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	ran, err := c.s.defs.ranWith(c.ctx(), c.s.Store, x)
	if err != nil {
		return err
	}
	raw, err := c.s.result(c.ctx(), x, ran, false)
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		raw = []byte("null")
	}
	if pretty {
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return err
		}
		raw = b.Bytes()
	}
	return c.sendResult(x.ID, raw, download, compress)
}

func (c *call) sendResult(id string, raw []byte, download, compress bool) error {
	name, kind := "execution_"+id+"_result.json", "text/json"
	if compress {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(raw)
		if err = errors.Join(err, z.Close()); err != nil {
			return err
		}
		raw, name, kind = b.Bytes(), name+".gz", "application/x-gzip"
	}
	if download {
		c.Set(fiber.HeaderContentDisposition, "attachment; filename="+name)
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Response().SetBody(raw)
	return nil
}

// getExecutionOutput sends what the action printed so far, in the order it came.
func (c *call) getExecutionOutput() error {
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	ran, err := c.s.defs.ranWith(c.ctx(), c.s.Store, x)
	if err != nil {
		return err
	}
	chunks, err := c.s.Store.Output(c.ctx(), x.ID, 0)
	if err != nil {
		return err
	}
	wanted, err := c.outputType()
	if err != nil {
		return err
	}
	var out []byte
	for _, k := range chunks {
		if wanted == "" || wanted == k.Stream {
			out = append(out, k.Data...)
		}
	}
	if m := ran.masker(x); m != nil {
		out = []byte(m.Mask(string(out)))
	}
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	c.Response().SetBody(out)
	return nil
}

// outputType returns the stream asked for, "" for all.
func (c *call) outputType() (string, error) {
	switch t := c.text("output_type"); t {
	case "", "all":
		return "", nil
	case "stdout", "stderr", "output":
		return t, nil
	default:
		return "", core.FieldErrorf("output_type", "output_type needs to be all, stdout or stderr, got \"%s\"", t)
	}
}
