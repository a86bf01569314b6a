package plugintest

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk/wire"
)

var closings = []promise{
	{"waits for calls", closeWaits},
	{"ends calls when it may wait no longer", closeEnds},
	{"answers Broken afterwards", closedIsBroken},
	{"twice", func(s *subject) { s.shut() }},
}

func closeWaits(s *subject) {
	h, asleep, release := s.waiting()
	called := goes(func() error {
		r, err := s.do(s.ctx, h, "sleep", params{})
		if err == nil && r.Error != nil {
			return r.Error
		}
		return err
	})
	await(s, "the beginning of the call", patience, asleep)
	closed := goes(func() error { return s.Close(s.ctx) })
	ctx, cancel := context.WithTimeout(s.ctx, brief)
	defer cancel()
	select {
	case err := <-closed:
		s.Fatalf("Close returned %v while a call was under way", err)
	case <-ctx.Done():
	}
	release()
	if err := await(s, "the end of the call", patience, called); err != nil {
		s.Errorf("the call that was under way: %v", err)
	}
	if err := await(s, "Close", patience, closed); err != nil {
		s.Errorf("Close: %v", err)
	}
}

func closeEnds(s *subject) {
	ended := s.begin(s.ctx, "sleep")
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	closed := goes(func() error { return s.Close(ctx) })
	s.refused("the call that was under way", await(s, "the end of the call", soon, ended), wire.Broken)
	await(s, "Close", soon, closed) // an error may tell that calls were ended
}

func closedIsBroken(s *subject) {
	s.works()
	s.shut()
	_, err := s.Describe(s.ctx)
	s.refused("Describe", err, wire.Broken)
	_, err = s.do(s.ctx, s.host(), "echo", params{"text": "t"})
	s.refused("Call", err, wire.Broken)
	err = s.Watch(s.ctx, wire.Watch{Sensor: "counter", Pack: specimen.Name}, s.host())
	s.refused("Watch", err, wire.Broken)
}

// leaks wants no goroutine to outlive a plugin that has done this and that. It has opened
// one before: what a process has once is no leak.
func leaks(t *testing.T, open Opener) {
	t.Run("first", func(t *testing.T) { newSubject(t, open).works() })
	before := goleak.IgnoreCurrent()
	t.Run("second", func(t *testing.T) {
		s := newSubject(t, open)
		s.works()
		s.cancel("sleep", context.Canceled, wire.Canceled)
		s.cancel("block", context.Canceled, wire.Canceled)
		s.failing(s.host(), "panic", params{"message": "m"})
		counting(s)
	})
	goleak.VerifyNone(t, before)
}
