package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

// executionTail makes "execution tail". st2: cli.md, execution tail in depth.
func (a *app) executionTail() *cobra.Command {
	var kind string
	var metadata bool
	return a.command(verb{
		name: "tail", short: "Show an execution's output while it runs", args: "id?",
		long: "Shows the output of an execution from its beginning, and goes on until it ends.\nWithout an id, or with \"last\", it is the newest one.",
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&kind, "type", "", "only this output: stdout or stderr")
			f.BoolVar(&metadata, "include-metadata", false, "put time and kind before each piece")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			id, err := tailed(ctx, c, args)
			if err != nil {
				return err
			}
			if id == "" {
				s.printf("No executions found in db.\n")
				return nil
			}
			t := tail{session: s, api: c, root: id, kind: kind, metadata: metadata}
			return t.follow(ctx)
		},
	})
}

// tailed is the id of the execution to follow, "" when there are none.
func tailed(ctx context.Context, c *client.Client, args []string) (string, error) {
	if len(args) == 0 || args[0] == "last" {
		page, err := c.List(ctx, executionResource.path, url.Values{"limit": {"1"}, "include_attributes": {"id"}})
		if err != nil || len(page.Items) == 0 {
			return "", err
		}
		return page.Items[0].ID(), nil
	}
	_, err := executionResource.find(ctx, c, args[0])
	var missing *notFound
	if errors.As(err, &missing) {
		return "", fmt.Errorf("Execution  with id %s not found.", args[0]) // StackStorm's words, both blanks
	}
	return args[0], err
}

// tail follows one execution. What happens to it and its children comes over the event
// stream; its own output comes over a stream of its own, which begins with what was
// written before we came. So nothing is lost between asking and listening.
//
// st2 differs: StackStorm's client loses the output written before it attached.
type tail struct {
	*session
	api      *client.Client
	root     string
	kind     string // of output, "" = all
	metadata bool

	children  map[string]string // id to the status last told, of the descendants seen so far
	over      map[string]bool   // children that had ended, and were told of, before we came
	ownOutput bool              // the root's output comes over its own stream
	started   bool
	cutOff    bool   // a stream ended before what it was to tell
	status    string // how the root ended, "" = not yet
}

// arrival is what one of the streams gave.
type arrival struct {
	from  *client.Stream
	event client.Event
	err   error
}

// outputGrace is how long the next output may take to arrive after the end has been reported.
const outputGrace = 5 * time.Second

// follow prints until the execution has ended.
func (t *tail) follow(ctx context.Context) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.children, t.over = map[string]string{}, map[string]bool{}

	life, err := t.api.Events(ctx, client.EventQuery{
		Events: []string{client.EventExecutionUpdate, client.EventOutput}, Until: t.root,
	})
	if err != nil {
		return err
	}
	defer life.Close()
	// Only now, with the stream attached, is it safe to look: an end after this look is seen.
	e, err := t.api.Execution(ctx, t.root, url.Values{"include_attributes": {"id,status,children"}})
	if err != nil {
		return err
	}
	if e.Completed() {
		return t.past(ctx, e)
	}
	if e.Status == "running" {
		t.start()
	}
	if err := t.catchUp(ctx, e); err != nil {
		return err
	}
	arrivals := make(chan arrival)
	read := func(s *client.Stream) { readers.Go(func() { forward(ctx, s, arrivals) }) }
	read(life)
	own, err := t.output(ctx)
	if err != nil {
		return err
	}
	if own != nil {
		defer own.Close()
		read(own)
	}
	return t.loop(ctx, arrivals, own)
}

// output opens the root's own output stream; nil where the server has none.
func (t *tail) output(ctx context.Context) (*client.Stream, error) {
	own, err := t.api.OutputEvents(ctx, t.root, t.kind)
	if client.StatusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	t.ownOutput = own != nil
	return own, err
}

func forward(ctx context.Context, s *client.Stream, to chan<- arrival) {
	for {
		event, err := s.Next()
		if event.Name == client.EventEOF {
			err = io.EOF
		}
		select {
		case to <- arrival{from: s, event: event, err: err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// loop prints what arrives until the root has ended and its output is through.
func (t *tail) loop(ctx context.Context, arrivals <-chan arrival, own *client.Stream) error {
	living, flowing := true, own != nil
	var grace <-chan time.Time
	for living || flowing {
		select {
		case got := <-arrivals:
			isOwn := got.from == own
			switch {
			case got.err != nil && isOwn:
				flowing, t.cutOff = false, got.event.Name != client.EventEOF
			case got.err != nil:
				living = false
			default:
				if err := t.see(got.event, isOwn); err != nil {
					return err
				}
				if isOwn && grace != nil {
					grace = time.After(outputGrace) // much output takes its time
				}
			}
		case <-grace:
			flowing, t.cutOff = false, true
		case <-ctx.Done():
			return ctx.Err()
		}
		if t.status != "" && grace == nil {
			living = false
			grace = time.After(outputGrace)
		}
	}
	return t.end(ctx)
}

// end says how the root ended, and asks when the streams did not tell.
func (t *tail) end(ctx context.Context) error {
	if t.status == "" {
		e, err := t.api.Execution(ctx, t.root, url.Values{"include_attributes": {"id,status"}})
		if err != nil {
			return err
		}
		if !e.Completed() {
			return fmt.Errorf("the event stream broke off, but the execution goes on (status=%s). Follow it again with: %s execution tail %s",
				e.Status, t.prog, t.root)
		}
		t.status = e.Status
		t.cutOff = t.cutOff || len(t.children) > 0 // what they print comes with the end that we missed
	}
	t.printf("\nExecution %s has completed (status=%s).\n", t.root, t.status)
	if t.cutOff {
		return fmt.Errorf("the output stream broke off: what is above is not all of the output. See it whole with: %s execution tail %s", t.prog, t.root)
	}
	return nil
}

// past prints an execution that is over.
func (t *tail) past(ctx context.Context, e client.Execution) error {
	text, err := t.api.Output(ctx, t.root, t.kind)
	if err != nil {
		return err
	}
	if err := t.catchUp(ctx, e); err != nil {
		return err
	}
	t.printf("%s\nExecution %s has completed (status=%s).\n", text, t.root, e.Status)
	return nil
}

// see prints one event.
func (t *tail) see(event client.Event, own bool) error {
	o, err := event.Object()
	if err != nil {
		return err
	}
	switch event.Name {
	case client.EventOutput:
		t.seeOutput(o, own)
	case client.EventExecutionUpdate:
		t.seeExecution(client.ExecutionOf(o))
	}
	return nil
}

func (t *tail) seeOutput(o client.Object, own bool) {
	id := o.String("execution_id")
	_, child := t.children[id]
	mine := id == t.root && own == t.ownOutput
	wanted := t.kind == "" || o.String("output_type") == t.kind
	if !wanted || t.over[id] || !mine && !child {
		return
	}
	if mine {
		t.start()
	}
	if t.metadata {
		t.printf("[%s][%s] ", o.String("timestamp"), o.String("output_type"))
	}
	t.printf("%s", o.String("data"))
}

func (t *tail) seeExecution(e client.Execution) {
	switch {
	case e.ID == t.root && e.Completed():
		t.status = e.Status
	case e.ID == t.root && e.Status == "running":
		t.start()
	case e.ID != t.root:
		t.seeChild(e)
	}
}

func (t *tail) start() {
	if !t.started {
		t.started = true
		t.printf("Execution %s has started.\n\n", t.root)
	}
}
