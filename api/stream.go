package api

import (
	"bufio"
	"context"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
)

// streamFilter says what a client of the event stream wants to hear.
// st2: rest-api reference, stream service.
type streamFilter struct {
	events       []string // globs
	actions, ids []string // references, ids; empty: all
	endEvent     string
	endExecution string
}

// defaultEvents leaves output out: it comes only if asked for.
var defaultEvents = []string{"st2.announcement__*", "st2.execution__*", "st2.liveaction__*"}

func (c *call) streamFilter() (streamFilter, error) {
	f := streamFilter{
		events: c.words("events"), actions: c.words("action_refs"), ids: c.words("execution_ids"),
		endEvent: c.text("end_event"), endExecution: c.text("end_execution_id"),
	}
	if len(f.events) == 0 {
		f.events = defaultEvents
	}
	for i, glob := range f.events {
		glob = strings.ReplaceAll(glob, "[!", "[^") // as shells write it
		if _, err := path.Match(glob, ""); err != nil {
			return f, core.FieldErrorf("events", "events: \"%s\" is no pattern that can be matched", f.events[i])
		}
	}
	if f.endExecution != "" && f.endEvent == "" {
		f.endEvent = executionUpdated
	}
	return f, nil
}

const executionUpdated = "st2.execution__update"

func (f *streamFilter) named(name string) bool {
	return slices.ContainsFunc(f.events, func(glob string) bool {
		ok, _ := path.Match(strings.ReplaceAll(glob, "[!", "[^"), name)
		return ok
	})
}

// about reports whether the client asked for an execution. Most that wait for one name it,
// so this is looked at first: patterns cost more.
func (f *streamFilter) about(execution string) bool {
	return len(f.ids) == 0 || slices.Contains(f.ids, execution)
}

// wants reports whether an event of this name about an execution is worth writing.
func (f *streamFilter) wants(name, execution string) bool {
	return (f.about(execution) && f.named(name)) || (name == f.endEvent && execution == f.endExecution)
}

// passes reports whether the client gets to see e.
func (f *streamFilter) passes(e event) bool {
	return f.about(e.execution) && f.named(e.name) && (len(f.actions) == 0 || slices.Contains(f.actions, e.action))
}

// ends reports whether e is what the client waits for.
func (f *streamFilter) ends(e event) bool {
	return f.endExecution != "" && e.name == f.endEvent && e.execution == f.endExecution && e.status.Final()
}

// getStream tells what happens from now on.
func (c *call) getStream() error {
	f, err := c.streamFilter()
	if err != nil {
		return err
	}
	l := &listener{wants: f.wants, keeps: func(e event) bool { return f.passes(e) || f.ends(e) }}
	return c.stream(l, func(w *frames) {
		if w.sayEnded(c.s, f) {
			return
		}
		w.relay(func(e event) bool {
			if f.passes(e) {
				w.frame(e.name, e.data)
			}
			return f.ends(e)
		})
	})
}

// sayEnded tells a client that waits for the end of an execution which is over already,
// with what it printed if output was asked for.
// st2 differs: StackStorm lets such a client wait for ever.
func (w *frames) sayEnded(s *Server, f streamFilter) bool {
	if f.endExecution == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.Deadline)
	defer cancel()
	x, err := s.Store.Executions().Get(ctx, f.endExecution)
	if err != nil || !x.Status.Final() {
		return false
	}
	if f.named(outputEvent) && w.stored(ctx, s, x, f.passes) != nil {
		return false
	}
	e, err := s.told(ctx, x, f.endEvent)
	if err != nil {
		return false
	}
	if f.passes(e) {
		w.frame(e.name, e.data)
	}
	return true
}

// stored tells what an execution printed so far.
func (w *frames) stored(ctx context.Context, s *Server, x *core.Execution, passes func(event) bool) error {
	p, err := s.printed(ctx, x)
	if err != nil {
		return err
	}
	chunks, err := s.Store.Output(ctx, x.ID, 0)
	if err != nil {
		return err
	}
	for _, k := range chunks {
		w.chunk = k.Number
		if e := p.event(x.ID, k); passes(e) && !w.frame(e.name, e.data) {
			break
		}
	}
	return nil
}

// getOutputStream tells what one execution printed and prints, until it is over.
func (c *call) getOutputStream() error {
	kind, err := c.outputType()
	if err != nil {
		return err
	}
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	passes := func(e event) bool {
		return kind == "" || kind == e.stream
	}
	l := &listener{
		wants: func(name, execution string) bool {
			return execution == x.ID && (name == outputEvent || name == executionUpdated)
		},
		keeps: func(event) bool { return true },
	}
	s := c.s
	return c.stream(l, func(w *frames) {
		if w.output(s, x.ID, passes) {
			w.frame("EOF", []byte("''"))
		}
	})
}

// output relays one execution's output, and reports whether that was all of it: a client
// that was cut off, or whose server stops, has to come again.
func (w *frames) output(s *Server, id string, passes func(event) bool) (whole bool) {
	ctx, cancel := context.WithTimeout(context.Background(), s.Deadline)
	defer cancel()
	x, err := s.Store.Executions().Get(ctx, id) // as it stands now that nothing is missed
	if err != nil {
		return false
	}
	w.chunk = -1
	if err := w.stored(ctx, s, x, passes); err != nil || noMoreOutput(x.Status) {
		return err == nil
	}
	return w.relay(func(e event) bool {
		if e.name == executionUpdated {
			return noMoreOutput(e.status)
		}
		if e.chunk > w.chunk && passes(e) {
			w.frame(e.name, e.data)
		}
		return false
	})
}

// st2: rest-api reference, EOF.
func noMoreOutput(s core.Status) bool {
	return s.Final() || s == core.Pausing || s == core.Resuming
}

// frames writes server-sent events to one client.
type frames struct {
	b      *bufio.Writer
	conn   net.Conn
	s      *Server
	l      *listener
	chunk  int // of the output told so far
	broken bool
}

// writePatience is how long a client may take to accept a frame.
const writePatience = 30 * time.Second

// stream attaches l and answers with what run writes, for as long as it runs.
func (c *call) stream(l *listener, run func(w *frames)) error {
	conn := c.Context().Conn()
	l.events = make(chan *event, keepUp)
	l.cut = func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) }
	if err := c.s.feed.attach(c.ctx(), l); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/event-stream; charset=UTF-8")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set("X-Accel-Buffering", "no")
	s := c.s
	c.Context().SetBodyStreamWriter(func(b *bufio.Writer) {
		defer s.feed.detach(l)
		w := &frames{b: b, conn: conn, s: s, l: l}
		defer func() { _ = conn.SetWriteDeadline(time.Time{}) }()
		if w.raw("\n") {
			run(w)
		}
	})
	return nil
}

// relay hands events over until one of them is the last, which it reports, the client is
// gone, or the server stops. While nothing happens it gives signs of life.
func (w *frames) relay(last func(e event) bool) bool {
	heart := time.NewTicker(w.s.Heartbeat)
	defer heart.Stop()
	for !w.broken {
		select {
		case e, ok := <-w.l.events:
			if !ok {
				return false
			}
			if last(*e) {
				return true
			}
			heart.Reset(w.s.Heartbeat)
		case <-heart.C:
			w.raw("\n")
		case <-w.s.feed.done:
			return false
		}
	}
	return false
}

// frame writes one event and reports whether the client still listens.
func (w *frames) frame(name string, data []byte) bool {
	return w.raw("event: " + name + "\ndata: " + string(data) + "\n\n")
}

func (w *frames) raw(text string) bool {
	_ = w.conn.SetWriteDeadline(time.Now().Add(writePatience))
	_, err := w.b.WriteString(text)
	if err == nil {
		err = w.b.Flush()
	}
	w.broken = w.broken || err != nil
	return !w.broken
}
