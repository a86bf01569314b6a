//go:build !wasip1

package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/petrelhq/petrel/sdk/wire"
)

const (
	readBuffer   = 32 << 10
	envelopeSize = 16 // what a BytesValue adds to a frame, and more
)

// session serves one stream of frames.
type session struct {
	handle Handler
	out    *outbox

	mu       sync.Mutex
	requests map[uint64]*request
}

// request is one that is being worked on.
type request struct {
	id     uint64
	end    context.CancelCauseFunc
	slots  chan struct{} // one for each op under way
	seq    uint64
	asking map[uint64]chan wire.Reply
}

func newSession(handle Handler, out *outbox) *session {
	return &session{handle: handle, out: out, requests: map[uint64]*request{}}
}

// run serves until the stream ends, and then lets the requests under way know.
func (s *session) run(ctx context.Context, stream io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := bufio.NewReaderSize(stream, readBuffer)
	for {
		frame, err := readFrame(in)
		switch {
		case err == nil:
			s.take(ctx, frame)
		case errors.Is(err, io.EOF) || ctx.Err() != nil:
			return nil
		default:
			return err
		}
	}
}

func readFrame(in io.Reader) (Frame, error) {
	var f Frame
	message, err := readMessage(in, MaxFrame+envelopeSize)
	if err != nil {
		return f, err
	}
	text, err := bytesValue(message)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return f, fmt.Errorf("a frame cannot be read: %w", err)
	}
	return f, nil
}

// take acts on a frame. One that belongs to no request came too late.
func (s *session) take(ctx context.Context, f Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[f.ID]
	switch {
	case f.Request != nil && r == nil:
		s.begin(ctx, f.ID, *f.Request)
	case r == nil:
	case f.Cancel == wire.TimedOut:
		r.end(context.DeadlineExceeded)
	case f.Cancel != "":
		r.end(context.Canceled)
	case f.Reply != nil:
		if answer := r.asking[f.Seq]; answer != nil {
			delete(r.asking, f.Seq)
			answer <- *f.Reply
		}
	}
}

// begin starts a request; s.mu is held.
func (s *session) begin(ctx context.Context, id uint64, asked wire.Request) {
	ctx, end := context.WithCancelCause(ctx)
	r := &request{id: id, end: end, slots: make(chan struct{}, MaxOps), asking: map[uint64]chan wire.Reply{}}
	s.requests[id] = r
	go s.work(ctx, r, asked)
}

// work carries a request out. A panic of the author's code, and runtime.Goexit, become a
// Response: other requests are under way.
func (s *session) work(ctx context.Context, r *request, asked wire.Request) {
	response := wire.Response{Error: &wire.Error{Kind: wire.Broken, Message: "the code has ended its goroutine without an answer"}}
	defer func() {
		if p := recover(); p != nil {
			response.Error.Message, response.Error.Trace = fmt.Sprintf("panic: %v", p), string(debug.Stack())
		}
		s.mu.Lock()
		delete(s.requests, r.id)
		s.mu.Unlock()
		r.end(nil) // nothing is asked for any more once the response is out
		s.respond(r.id, response)
	}()
	response = s.handle(ctx, asked, func(opCtx context.Context, op wire.Op) wire.Reply {
		return s.ask(ctx, opCtx, r, op)
	})
}

// respond sends a response, or says why it cannot be sent.
func (s *session) respond(id uint64, response wire.Response) {
	err := s.out.send(Frame{ID: id, Response: &response})
	var refused *wire.Error
	if errors.As(err, &refused) {
		s.out.send(Frame{ID: id, Response: &wire.Response{Error: refused}}) // fails with the stream only
	}
}

// ask carries an op to the server and waits for its reply, as long as both the request
// and who asks care.
func (s *session) ask(ctx, opCtx context.Context, r *request, op wire.Op) wire.Reply {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return gone(ctx)
	case <-opCtx.Done():
		return gone(opCtx)
	}
	seq, answer := s.await(r)
	defer s.forget(r, seq)
	if err := s.out.send(Frame{ID: r.id, Seq: seq, Op: &op}); err != nil {
		var refused *wire.Error
		if !errors.As(err, &refused) {
			refused = &wire.Error{Kind: wire.Canceled, Message: err.Error()}
		}
		return wire.Reply{Error: refused}
	}
	select {
	case reply := <-answer:
		return reply
	case <-ctx.Done():
		return gone(ctx)
	case <-opCtx.Done():
		return gone(opCtx)
	}
}

func (s *session) await(r *request) (uint64, <-chan wire.Reply) {
	answer := make(chan wire.Reply, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.seq++
	r.asking[r.seq] = answer
	return r.seq, answer
}

func (s *session) forget(r *request, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(r.asking, seq)
}

func gone(ctx context.Context) wire.Reply {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return wire.Reply{Error: &wire.Error{Kind: wire.TimedOut, Message: "the time for this is over"}}
	}
	return wire.Reply{Error: &wire.Error{Kind: wire.Canceled, Message: "the request has ended"}}
}
