package plugintest

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

var endings = []promise{
	{"deadline while the host works", func(s *subject) { s.deadline("sleep") }},
	{"deadline while the code waits", func(s *subject) { s.deadline("block") }},
	{"cancel while the host works", func(s *subject) { s.cancel("sleep", context.Canceled, wire.Canceled) }},
	{"cancel while the code waits", func(s *subject) { s.cancel("block", context.Canceled, wire.Canceled) }},
	{"a cause that is a deadline", func(s *subject) { s.cancel("block", context.DeadlineExceeded, wire.TimedOut) }},
	{"before it began", endedBefore},
	{"others go on", othersGoOn},
}

// short is a deadline that is over soon, yet not before code has begun on a slow machine.
const short = 500 * time.Millisecond

func (s *subject) deadline(action string) {
	ctx, cancel := context.WithTimeout(s.ctx, short)
	defer cancel()
	h, _, _ := s.waiting()
	began := time.Now()
	r, err := s.do(ctx, h, action, params{})
	if err == nil && r.Error != nil {
		err = r.Error // the code's clock was a little ahead of the plugin's
	}
	s.refused(action+" past its deadline", err, wire.TimedOut)
	if took := time.Since(began); took > short+soon {
		s.Errorf("it took %s to return, with a deadline of %s", took, short)
	}
	s.works()
}

// begin starts an action that ends with ctx only, and returns when the code is at work.
func (s *subject) begin(ctx context.Context, action string) (ended <-chan error) {
	s.Helper()
	h, asleep, _ := s.waiting()
	if action == "block" {
		logged := make(chan struct{}, 1)
		h.on(wire.OpLog, func(context.Context, wire.Op) wire.Reply {
			logged <- struct{}{}
			return wire.Reply{}
		})
		asleep = logged
	}
	ended = goes(func() error {
		_, err := s.do(ctx, h, action, params{})
		return err
	})
	await(s, "the beginning of "+action, patience, asleep)
	return ended
}

func (s *subject) cancel(action string, cause error, want wire.Kind) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	ended := s.begin(ctx, action)
	cancel(cause)
	s.refused(action+" when canceled", await(s, "the end of "+action, soon, ended), want)
	s.works()
}

func endedBefore(s *subject) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := s.do(ctx, s.host(), "echo", params{"text": "t"})
	s.refused("a call that was canceled before it began", err, wire.Canceled)
	s.works()
}

// othersGoOn cancels one of two calls.
func othersGoOn(s *subject) {
	h, asleep, release := s.waiting()
	other := goes(func() error {
		r, err := s.do(s.ctx, h, "sleep", params{})
		if err == nil && r.Error != nil {
			return r.Error
		}
		return err
	})
	await(s, "the beginning of the other call", patience, asleep)
	s.cancel("block", context.Canceled, wire.Canceled)
	release()
	if err := await(s, "the end of the other call", patience, other); err != nil {
		s.Errorf("the other call: %v", err)
	}
}
