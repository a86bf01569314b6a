package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
	guest "github.com/petrelhq/petrel/sdk/wire/process"
)

// errOver: the session was over before the request began. Another one may take it.
var errOver = errors.New("the session is over")

// envelope is what a BytesValue adds to a frame, and more.
const envelope = 16

// session is the server's end of one plugin's stream of frames.
type session struct {
	stream grpc.ClientStream
	grace  time.Duration         // for a request to end after its cancel
	fail   func(err *wire.Error) // ends the plugin, and then calls end

	sending sync.Mutex

	mu    sync.Mutex
	calls map[uint64]*call
	last  uint64
	err   *wire.Error
	at    time.Time     // of the end
	over  chan struct{} // closed with err
	alive bool          // it has answered something
}

// call is a request under way.
type call struct {
	ctx    context.Context // of what the plugin asks for meanwhile
	host   plugins.Host
	sent   chan struct{} // closed when its Request is on its way
	answer chan wire.Response
	asked  int // ops under way
	ops    sync.WaitGroup
}

func newSession(stream grpc.ClientStream, grace time.Duration, fail func(*wire.Error)) *session {
	return &session{stream: stream, grace: grace, fail: fail, calls: map[uint64]*call{}, over: make(chan struct{})}
}

// do carries one request. It returns when nothing of it is left, which is at most grace
// after ctx is done: what does not stop by itself has its process ended.
func (s *session) do(ctx context.Context, r wire.Request, h plugins.Host) (wire.Response, error) {
	if ctx.Err() != nil {
		return wire.Response{}, contextError(ctx)
	}
	opCtx, endOps := context.WithCancel(ctx)
	defer endOps()
	c := &call{ctx: opCtx, host: h, sent: make(chan struct{}), answer: make(chan wire.Response, 1)}
	id, err := s.add(c)
	if err != nil {
		return wire.Response{}, err
	}
	done := make(chan struct{})
	defer close(done)
	stop := context.AfterFunc(ctx, func() { s.cancel(ctx, id, c, done) })
	defer stop()

	response, err := s.exchange(id, c, r)
	s.remove(id)
	endOps()
	c.ops.Wait()
	if ctx.Err() != nil {
		return wire.Response{}, contextError(ctx)
	}
	return response, err
}

func (s *session) exchange(id uint64, c *call, r wire.Request) (wire.Response, error) {
	if err := s.send(guest.Frame{ID: id, Request: &r}); err != nil {
		var refused *wire.Error
		if errors.As(err, &refused) {
			return wire.Response{}, refused
		}
		<-s.over // what broke the stream ends the session
	}
	close(c.sent)
	select {
	case response := <-c.answer:
		return response, nil
	case <-s.over:
	}
	select {
	case response := <-c.answer: // it came before the end
		return response, nil
	default:
		return wire.Response{}, s.err
	}
}

func (s *session) add(c *call) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, errOver
	}
	s.last++
	s.calls[s.last] = c
	return s.last, nil
}

func (s *session) remove(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

// cancel asks the plugin to end a request, and ends the plugin if it does not.
func (s *session) cancel(ctx context.Context, id uint64, c *call, done <-chan struct{}) {
	go func() {
		select {
		case <-c.sent:
			s.send(guest.Frame{ID: id, Cancel: contextError(ctx).Kind}) // may wait for a plugin that reads nothing
		case <-done:
		}
	}()
	timer := time.NewTimer(s.grace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		s.fail(&wire.Error{Kind: wire.Broken, Message: fmt.Sprintf(
			"the plugin was ended: a request of it did not stop within %s of being cancelled", s.grace)})
	}
}

// contextError says why ctx is done.
func contextError(ctx context.Context) *wire.Error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &wire.Error{Kind: wire.TimedOut, Message: "it did not end in time"}
	}
	return &wire.Error{Kind: wire.Canceled, Message: "it was cancelled"}
}

// send sends a frame. It is a *wire.Error when the frame itself is at fault.
func (s *session) send(f guest.Frame) error {
	text, err := json.Marshal(f)
	if err != nil {
		return &wire.Error{Kind: wire.Invalid, Message: fmt.Sprintf("it is no JSON: %v", err)}
	}
	if len(text) > guest.MaxFrame {
		return &wire.Error{Kind: wire.TooLarge, Message: fmt.Sprintf(
			"%d bytes are too many for one message between server and plugin: the limit is %d", len(text), guest.MaxFrame)}
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.stream.SendMsg(wrapperspb.Bytes(text))
}

// receive acts on what the plugin sends, until the stream breaks.
func (s *session) receive() error {
	for {
		var message wrapperspb.BytesValue
		if err := s.stream.RecvMsg(&message); err != nil {
			return err
		}
		var f guest.Frame
		if err := json.Unmarshal(message.Value, &f); err != nil {
			return garbage(fmt.Sprintf("the plugin sent a frame that cannot be read: %v: %s", err, quote(string(message.Value))))
		}
		if err := s.take(f); err != nil {
			return err
		}
	}
}

func garbage(message string) error { return &wire.Error{Kind: wire.Broken, Message: message} }

// take acts on a frame. What belongs to no call came too late.
func (s *session) take(f guest.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[f.ID]
	switch {
	case f.Response == nil && f.Op == nil:
		return garbage("the plugin sent a frame that is neither a response nor an op")
	case c == nil || s.err != nil:
	case f.Response != nil:
		delete(s.calls, f.ID)
		s.alive = true
		c.answer <- *f.Response
	case c.asked == guest.MaxOps:
		return garbage(fmt.Sprintf("the plugin asked for more than %d things at once within one request", guest.MaxOps))
	default:
		c.asked++
		c.ops.Add(1)
		go s.serve(c, f)
	}
	return nil
}

// serve does what the plugin asks for within a call.
func (s *session) serve(c *call, f guest.Frame) {
	defer c.ops.Done()
	reply := wire.Reply{Error: &wire.Error{Kind: wire.Denied, Message: "a description may ask for nothing"}}
	if c.host != nil {
		reply = c.host.Do(c.ctx, *f.Op)
	}
	s.mu.Lock()
	c.asked--
	s.mu.Unlock()
	err := s.send(guest.Frame{ID: f.ID, Seq: f.Seq, Reply: &reply})
	var refused *wire.Error
	if errors.As(err, &refused) {
		s.send(guest.Frame{ID: f.ID, Seq: f.Seq, Reply: &wire.Reply{Error: refused}}) // fails with the stream only
	}
}

// end makes err the answer to everything.
func (s *session) end(at time.Time, err *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err, s.at = err, at
		close(s.over)
	}
}

// ended returns when and why it ended, or nil, and whether it has ever answered.
func (s *session) ended() (at time.Time, err *wire.Error, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at, s.err, s.alive
}
