package api

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// event is one thing that happened, as the streams tell it.
type event struct {
	name      string
	data      []byte // compact JSON, masked
	execution string // its id
	action    string // its action's reference
	status    core.Status
	stream    string // of output
	chunk     int    // of output
}

// listener is one client of a stream.
type listener struct {
	wants  func(name, execution string) bool // asked before an event is written
	keeps  func(e event) bool                // asked before it is handed over
	events chan *event
	cut    func() // ends a client that does not keep up
	from   store.Version
}

// keepUp is how many events a client may lag behind before it is cut off.
const keepUp = 1024

// feed follows the change log and hands each change to those who listen. There is one
// per server; nothing is read while nobody listens.
type feed struct {
	s *Server

	mu        sync.Mutex
	listeners map[*listener]bool
	position  store.Version
	closed    bool
	done      chan struct{} // closed when no event comes any more
}

func newFeed(s *Server) *feed {
	return &feed{s: s, listeners: map[*listener]bool{}, done: make(chan struct{})}
}

// Run follows the log until ctx is done.
func (f *feed) Run(ctx context.Context) error {
	defer f.close()
	wakes, err := f.s.Store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		return err
	}
	for range wakes {
		if err := f.follow(ctx); err != nil && ctx.Err() == nil {
			f.s.Log.Error("the event stream could not read changes; trying again with the next one", "error", err)
		}
	}
	return nil
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		close(f.done)
	}
}

// attach lets l hear everything that happens from now on.
func (f *feed) attach(ctx context.Context, l *listener) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return core.Errorf(core.Unavailable, "the server is shutting down")
	}
	last, err := f.s.Store.LastChange(ctx)
	if err != nil {
		return err
	}
	if len(f.listeners) == 0 {
		f.position = last
	}
	l.from = last
	f.listeners[l] = true
	return nil
}

func (f *feed) detach(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

const changesAtOnce = 512

// follow hands out all changes since the last time.
func (f *feed) follow(ctx context.Context) error {
	for {
		f.mu.Lock()
		from, listening := f.position, len(f.listeners) > 0
		f.mu.Unlock()
		if !listening {
			return nil
		}
		changes, err := f.s.Store.Changes(ctx, from, changesAtOnce)
		if err != nil || len(changes) == 0 {
			return err
		}
		t := &teller{f: f}
		for _, c := range changes {
			if err := t.tell(ctx, c); err != nil {
				f.s.Log.Error("a change was left out of the event stream", "what", c.What, "id", c.ID, "error", err)
			}
		}
		f.mu.Lock()
		f.position = max(f.position, changes[len(changes)-1].Version)
		f.mu.Unlock()
	}
}

// wanted reports whether anybody wants events of this name about an execution.
func (f *feed) wanted(name, execution string, at store.Version) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if at > l.from && l.wants(name, execution) {
			return true
		}
	}
	return false
}

// publish hands an event to all who want it. Who does not keep up is cut off.
func (f *feed) publish(e event, at store.Version) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if at <= l.from || !l.wants(e.name, e.execution) || !l.keeps(e) {
			continue
		}
		select {
		case l.events <- &e:
		default:
			f.s.Log.Warn("a stream's client does not keep up and was cut off", "behind", keepUp)
			delete(f.listeners, l)
			close(l.events)
			l.cut()
		}
	}
}

// teller turns changes into events. It lives for one page of the log and remembers which
// executions it has read for output.
type teller struct {
	f     *feed
	heads map[string]*printed
}

// printed is what all output of one execution has in common.
type printed struct {
	action, runner string
	masker         *schema.Masker
}

func (t *teller) tell(ctx context.Context, c store.Change) error {
	switch c.What {
	case "execution":
		return t.execution(ctx, c)
	case "output":
		return t.output(ctx, c)
	case "announcement":
		if name := "st2.announcement__" + c.ID; json.Valid([]byte(c.Detail)) && !strings.ContainsAny(name, "\r\n") {
			t.f.publish(event{name: name, data: []byte(c.Detail)}, c.Version)
			return nil
		}
		return errors.New("the announcement is no JSON, or its route no name")
	}
	return nil
}

// execution tells of an execution in both of StackStorm's forms.
func (t *teller) execution(ctx context.Context, c store.Change) error {
	verb := "update"
	if c.Created {
		verb = "create"
	}
	names := [...]string{"st2.execution__" + verb, "st2.liveaction__" + verb}
	wanted := [...]bool{t.f.wanted(names[0], c.ID, c.Version), t.f.wanted(names[1], c.ID, c.Version)}
	if !wanted[0] && !wanted[1] {
		return nil
	}
	x, err := t.f.s.Store.Executions().Get(ctx, c.ID)
	if core.KindOf(err) == core.NotFound {
		return nil // removed since
	}
	if err != nil {
		return err
	}
	for i, name := range names {
		if !wanted[i] {
			continue
		}
		e, err := t.f.s.told(ctx, asItWas(x, core.Status(c.Detail)), name)
		if err != nil {
			return err
		}
		t.f.publish(e, c.Version)
	}
	return nil
}

// asItWas shows an execution that has moved on since in the status of an earlier change,
// so that its end is told once, and after what it printed.
func asItWas(x *core.Execution, s core.Status) *core.Execution {
	if x.Status == s || !x.Status.Final() {
		return x
	}
	before := *x
	before.Status, before.Reason, before.End, before.Result, before.Stored = s, "", 0, nil, nil
	for i, l := range x.Log {
		if l.Status == s {
			before.Log = x.Log[:i+1]
		}
	}
	return &before
}

// told makes an event of an execution.
func (s *Server) told(ctx context.Context, x *core.Execution, name string) (event, error) {
	view, err := s.view(ctx, []*core.Execution{x}, shown{})
	if err != nil {
		return event{}, err
	}
	write := view.write
	if strings.HasPrefix(name, "st2.liveaction__") {
		write = view.writeLive
	}
	raw, err := write(ctx, nil, x)
	return event{name: name, data: raw, execution: x.ID, action: x.Action, status: x.Status}, err
}

const outputEvent = "st2.execution.output__create"

// output tells of a piece of output.
func (t *teller) output(ctx context.Context, c store.Change) error {
	if !t.f.wanted(outputEvent, c.ID, c.Version) {
		return nil
	}
	head, err := t.head(ctx, c.ID)
	if err != nil || head == nil {
		return err
	}
	n, err := strconv.Atoi(c.Detail)
	if err != nil {
		return err
	}
	chunk, err := t.f.s.Store.OutputChunk(ctx, c.ID, n)
	if core.KindOf(err) == core.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	t.f.publish(head.event(c.ID, chunk), c.Version)
	return nil
}

func (t *teller) head(ctx context.Context, id string) (*printed, error) {
	if h, ok := t.heads[id]; ok {
		return h, nil
	}
	x, err := t.f.s.Store.Executions().Get(ctx, id)
	if core.KindOf(err) == core.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := t.f.s.printed(ctx, x)
	if err != nil {
		return nil, err
	}
	if t.heads == nil {
		t.heads = map[string]*printed{}
	}
	t.heads[id] = h
	return h, nil
}

func (s *Server) printed(ctx context.Context, x *core.Execution) (*printed, error) {
	ran, err := s.defs.ranWith(ctx, s.Store, x)
	if err != nil {
		return nil, err
	}
	return &printed{action: x.Action, runner: x.Runner, masker: ran.masker(x)}, nil
}

// event writes a piece of output. st2: rest-api reference, execution output.
func (p *printed) event(id string, c store.Chunk) event {
	data := strings.ToValidUTF8(string(c.Data), "\uFFFD")
	if p.masker != nil {
		data = p.masker.Mask(data)
	}
	o := begin(nil, nil)
	o.text("id", core.DeriveID(id, "output", strconv.Itoa(c.Number)))
	o.text("execution_id", id)
	o.text("action_ref", p.action)
	o.text("runner_ref", p.runner)
	o.text("timestamp", c.At.String())
	o.text("output_type", c.Stream)
	o.text("data", data)
	raw, _ := o.end()
	return event{name: outputEvent, data: raw, execution: id, action: p.action, stream: c.Stream, chunk: c.Number}
}
