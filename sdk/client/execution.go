package client

import (
	"context"
	"net/url"
	"slices"
	"time"
)

// Execution is the typed view of an execution; Raw has everything the server said.
type Execution struct {
	ID         string
	ActionRef  string
	Status     string
	Parent     string // id of the execution that asked for this one, "" = nobody
	Start, End time.Time
	Parameters Object
	Context    Object
	Result     any
	Raw        Object
}

// ExecutionOf views an API object as an execution.
func ExecutionOf(o Object) Execution {
	return Execution{
		ID:         o.ID(),
		ActionRef:  o.String("action.ref"),
		Status:     o.String("status"),
		Parent:     o.String("parent"),
		Start:      timeOf(o.String("start_timestamp")),
		End:        timeOf(o.String("end_timestamp")),
		Parameters: o.Object("parameters"),
		Context:    o.Object("context"),
		Result:     o["result"],
		Raw:        o,
	}
}

// timeOf reads the API's timestamps; what is not one is the zero time.
func timeOf(s string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

// Completed says that the execution will not change any more.
func (e Execution) Completed() bool {
	return slices.Contains([]string{"succeeded", "failed", "timeout", "canceled", "abandoned"}, e.Status)
}

// Moving says that the execution is on its way and nobody needs to do anything for it to
// end. Delayed, paused and pending ones are neither moving nor completed.
func (e Execution) Moving() bool {
	return slices.Contains([]string{"requested", "scheduled", "running", "canceling"}, e.Status)
}

// RunRequest asks for an execution.
type RunRequest struct {
	Action     string  `json:"action"`
	Parameters Object  `json:"parameters"`
	User       *string `json:"user"` // nil = whoever asks
	Delay      int     `json:"delay,omitempty"`
	Context    Object  `json:"context,omitempty"`
}

// Run asks for an execution and returns at once; see Wait.
func (c *Client) Run(ctx context.Context, r RunRequest) (Execution, error) {
	if r.Parameters == nil {
		r.Parameters = Object{}
	}
	o, err := c.Post(ctx, "/executions", r)
	return ExecutionOf(o), err
}

// ReRunRequest asks for an execution like an earlier one. Tasks and Reset are for workflows.
type ReRunRequest struct {
	Parameters Object   `json:"parameters"` // laid over the earlier ones
	Tasks      []string `json:"tasks"`      // run from these tasks on
	Reset      []string `json:"reset"`      // those of Tasks that start from scratch
	Delay      int      `json:"delay"`      // milliseconds
}

// ReRun asks for execution id to be run again.
func (c *Client) ReRun(ctx context.Context, id string, r ReRunRequest) (Execution, error) {
	o, err := c.Post(ctx, Path("executions", id, "re_run"), r)
	return ExecutionOf(o), err
}

// Execution reads execution id; "last" is the newest.
func (c *Client) Execution(ctx context.Context, id string, query url.Values) (Execution, error) {
	o, err := c.Get(ctx, Path("executions", id), query)
	return ExecutionOf(o), err
}

// Cancel asks for execution id to end. When it cannot be canceled the answer has a
// "faultstring" instead of an execution's attributes.
func (c *Client) Cancel(ctx context.Context, id string) (Object, error) {
	return c.Delete(ctx, Path("executions", id))
}

// SetStatus asks for execution id to become "pausing" or "resuming".
func (c *Client) SetStatus(ctx context.Context, id, status string) (Execution, error) {
	o, err := c.Put(ctx, Path("executions", id), Object{"status": status})
	return ExecutionOf(o), err
}

// Output reads what execution id has written so far; kind is all, stdout or stderr.
func (c *Client) Output(ctx context.Context, id, kind string) (string, error) {
	query := url.Values{}
	if kind != "" {
		query.Set("output_type", kind)
	}
	return c.Text(ctx, Path("executions", id, "output"), query)
}

const (
	firstPoll  = 50 * time.Millisecond
	slowPoll   = 2 * time.Second
	listenFrom = 300 * time.Millisecond // polls this far apart are worth a stream beside them
)

// Wait returns execution id once it is no longer moving.
//
// It asks after 50 ms and then ever less often; when the wait is a long one it also
// listens to the event stream and asks at once when the execution has ended. The stream
// only shortens the wait: without it the answer comes within two seconds.
func (c *Client) Wait(ctx context.Context, id string) (Execution, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended <-chan struct{}
	for pause := firstPoll; ; pause = min(pause*3/2, slowPoll) {
		e, err := c.Execution(ctx, id, nil)
		if err != nil || !e.Moving() {
			return e, err
		}
		if ended == nil && pause > listenFrom {
			ended = c.ended(ctx, id)
		}
		select {
		case <-ended:
			ended = make(chan struct{}) // said once; from here on only the polls speak
		case <-time.After(pause):
		case <-ctx.Done():
			return e, ctx.Err()
		}
	}
}

// ended is closed when the stream reports the end of execution id, and never when the stream fails.
func (c *Client) ended(ctx context.Context, id string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		if c.listenForEnd(ctx, id) == nil {
			close(done)
		}
	}()
	return done
}

func (c *Client) listenForEnd(ctx context.Context, id string) error {
	s, err := c.Events(ctx, EventQuery{Events: []string{EventExecutionUpdate}, Executions: []string{id}, Until: id})
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		event, err := s.Next()
		if err != nil {
			return err
		}
		if o, err := event.Object(); err == nil && o.ID() == id && !ExecutionOf(o).Moving() {
			return nil
		}
	}
}
