package plugintest

import (
	"context"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
	"github.com/petrelhq/petrel/sdk/wire"
)

var descriptions = []promise{
	{"says everything", describesAll},
	{"is the same at any time", describesTwice},
}

func describesAll(s *subject) {
	got, err := s.Describe(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	handle := sdktest.OverWire(sdk.Handle(specimen.New()))
	want := handle(s.ctx, wire.Request{Version: wire.Version, Method: wire.Describe}, func(context.Context, wire.Op) wire.Reply {
		return wire.Reply{}
	})
	s.equal("Describe", got, *want.Pack)
	if len(got.Actions) == 0 || len(got.Sensors) == 0 || len(got.Triggers) == 0 || len(got.Config) == 0 {
		s.Errorf("Describe lacks a part: %s", s.object(got))
	}
}

func describesTwice(s *subject) {
	first, err := s.Describe(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	s.works()
	second, err := s.Describe(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	s.equal("Describe after a call", second, first)
}
