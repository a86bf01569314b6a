package execution

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// Inquirer is the runner type whose executions wait for an answer.
const Inquirer = "inquirer"

// inquiryTrigger goes off when something is asked. st2: execution reference, inquiries.
const inquiryTrigger = "core.st2.generic.inquiry"

// Inquiry is what an execution of the runner type inquirer asks: its result.
// st2: runners reference 8.
type Inquiry struct {
	Schema map[string]any `json:"schema"` // of the response
	Roles  []string       `json:"roles"`  // who may answer; empty: everybody
	Users  []string       `json:"users"`  // likewise
	Route  string         `json:"route"`
	TTL    int64          `json:"ttl"` // minutes; 0: for ever
}

// InquiryOf returns what an execution asks. The error is Invalid, in StackStorm's words,
// unless it waits for an answer.
func InquiryOf(x *core.Execution) (*Inquiry, error) {
	switch {
	case x.Runner != Inquirer:
		return nil, core.Errorf(core.Invalid, "Action execution \"%s\" is not an inquiry.", x.ID)
	case x.Status == core.TimedOut:
		return nil, core.Errorf(core.Invalid, "Inquiry \"%s\" timed out and cannot be responded to.", x.ID)
	case x.Status != core.Pending && x.Status.Final():
		return nil, core.Errorf(core.Invalid, "Inquiry \"%s\" has already been responded to.", x.ID)
	case x.Status != core.Pending:
		return nil, core.Errorf(core.Invalid, "Inquiry \"%s\" has not been asked yet: it is %s.", x.ID, x.Status)
	}
	q := &Inquiry{}
	if err := json.Unmarshal(x.Result, q); err != nil {
		return nil, fmt.Errorf("inquiry %s is damaged: %w", x.ID, err)
	}
	return q, nil
}

// asked checks a result that is no end: a question. One that nobody could answer is a failure.
func asked(x *core.Execution, res core.Result) core.Result {
	switch {
	case res.Status.Final():
		return res
	case res.Status != core.Pending || x.Runner != Inquirer:
		return failure(fmt.Errorf("the runner %s left the action %s, and nobody would end it", x.Runner, res.Status))
	}
	q := &Inquiry{}
	err := json.Unmarshal(res.Value, q)
	if err == nil {
		_, err = schema.CompileObject(q.Schema)
	}
	if err != nil {
		return failure(fmt.Errorf("the inquiry cannot be asked: %w", err))
	}
	return res
}

// ask lets an execution wait for an answer, with a deadline in the queue. It needs no slot
// for that. st2: execution reference, policies: what is pending does not count.
func (e *Engine) ask(ctx context.Context, tx *store.Tx, x *core.Execution, value json.RawMessage) error {
	x.Result = value
	x.Move(core.Pending, tx.Time())
	x.Hand, x.Reason = core.InAnswer, "waits for an answer: petrel inquiry respond "+x.ID
	q, err := InquiryOf(x)
	if err != nil {
		return err
	}
	if left, ends := answerTime(x, tx.Time()); ends {
		tx.Push(store.Executions, x.ID, "", left)
	}
	if err := leaveGates(ctx, tx, x); err != nil {
		return err
	}
	e.Tell(tx, x)
	if err := e.raiseInquiry(ctx, tx, x.ID, q.Route); err != nil {
		return err
	}
	return tx.Executions().Put(ctx, x)
}

func (e *Engine) raiseInquiry(ctx context.Context, tx *store.Tx, id, route string) error {
	if e.Raise == nil {
		return nil
	}
	payload := jsonOf(map[string]string{"id": id, "route": route})
	return e.Raise(ctx, tx, core.Event{Trigger: inquiryTrigger, Payload: payload})
}

// answerTime is how much time is left for an answer. ends is false if there is no end to it.
// st2 differs: the time counts from the question, not from the request for it.
func answerTime(x *core.Execution, now core.Time) (left time.Duration, ends bool) {
	q, err := InquiryOf(x)
	if err != nil || q.TTL <= 0 {
		return 0, false
	}
	since := x.Start
	for _, l := range x.Log {
		if l.Status == core.Pending {
			since = l.At
		}
	}
	return max(0, time.Duration(q.TTL)*time.Minute-now.Sub(since)), true
}

// deadline ends an inquiry that nobody has answered in time.
// st2 differs: inquiries always end by their TTL, which there has to be switched on.
func (e *Engine) deadline(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	left, ends := answerTime(x, tx.Time())
	switch {
	case !ends:
		return nil
	case left > 0:
		tx.Push(store.Executions, x.ID, "", left)
		return nil
	}
	q, err := InquiryOf(x)
	if err != nil {
		return err
	}
	if err := e.Store.SetResult(ctx, x, x.Result); err != nil {
		return err
	}
	x.Reason = fmt.Sprintf("nobody answered within %d minutes", q.TTL)
	x.Move(core.TimedOut, tx.Time())
	return e.putFinal(ctx, tx, x)
}

// Answer is somebody's response to an inquiry.
type Answer struct {
	User     string
	Admin    bool            // may answer in place of the roles asked for
	Response json.RawMessage // an object
}

// Respond answers an inquiry, which succeeds with the response in its result; its workflow
// goes on. The errors are NotFound; Invalid for what waits for no answer, and for a
// response that does not fit; Forbidden. st2: execution reference, inquiries.
func (e *Engine) Respond(ctx context.Context, tx *store.Tx, id string, a Answer) (*core.Execution, error) {
	x, err := tx.Executions().Get(ctx, id)
	if err != nil {
		return nil, err
	}
	q, err := InquiryOf(x)
	if err != nil {
		return x, err
	}
	if !q.mayAnswer(a) {
		return x, core.Errorf(core.Forbidden, "User \"%s\" does not have permission to respond to inquiry \"%s\".", a.User, id)
	}
	if err := q.check(a.Response); err != nil {
		return x, core.Errorf(core.Invalid, "Response for inquiry \"%s\" did not pass schema validation. %w", id, err)
	}
	var result map[string]json.RawMessage
	if err := json.Unmarshal(x.Result, &result); err != nil {
		return x, err
	}
	result["response"] = a.Response // as it came: st2 keeps no defaults
	return x, e.End(ctx, tx, x, core.Result{Status: core.Succeeded, Value: jsonOf(result)})
}

// mayAnswer st2 differs: as long as roles mean nothing else, administrators have them all.
func (q *Inquiry) mayAnswer(a Answer) bool {
	return (len(q.Roles) == 0 || a.Admin) && (len(q.Users) == 0 || slices.Contains(q.Users, a.User))
}

func (q *Inquiry) check(response json.RawMessage) error {
	values, err := object(response)
	if err != nil {
		return err
	}
	o, err := schema.CompileObject(q.Schema)
	if err != nil {
		return err
	}
	return o.Check(values)
}
