package plugintest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
)

var calls = []promise{
	{"every type", everyType},
	{"defaults", defaults},
	{"unicode", unicode},
	{"large", large},
	{"failure with a value", failureWithValue},
	{"panic", panicking},
	{"goexit", exitingGoroutine},
	{"unknown action", unknownAction},
	{"invalid parameters", invalidParameters},
	{"what it is about", aboutItself},
	{"many at once", manyAtOnce},
	{"one after another", oneAfterAnother},
}

func everyType(s *subject) {
	seven := 7
	want := specimen.All{
		Text: "t", Whole: -1 << 53, Small: 255, Real: -2.25, Flag: false, Level: "high", Password: "hush",
		Fixed: "as it is", Maybe: &seven, List: []string{"a", ""}, Map: map[string]int{"x": 1},
		Nested: specimen.Inner{Name: "n", Count: 1}, Inners: []specimen.Inner{{Name: "i", Count: 2}},
		ByName: map[string]*specimen.Inner{"k": {Name: "v", Count: 9}},
		Any:    map[string]any{"deep": []any{1.0, "two", nil, true}}, Bytes: []byte{0, 255},
		When: time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC), Timeout: sdk.Duration(1500 * time.Millisecond),
	}
	var got specimen.All
	s.must(s.host(), "echo", want, &got)
	s.equal("echo", got, want)
}

func defaults(s *subject) {
	var got specimen.All
	s.must(s.host(), "echo", params{"text": "t", "nested": params{"name": "n"}, "inners": []params{{"name": "i"}}}, &got)
	want := specimen.All{
		Text: "t", Real: 1.5, Flag: true, Level: "low", Fixed: "as it is", Timeout: sdk.Duration(90 * time.Second),
		Nested: specimen.Inner{Name: "n", Count: 3}, Inners: []specimen.Inner{{Name: "i", Count: 3}},
	}
	s.equal("echo", got, want)
}

func unicode(s *subject) {
	for _, text := range []string{
		"", "grüße, 世界 🦅", "a\x00b\tc\nd\r\"\\", "\u2028\u2029", "<&>", "e\u0301 \U0010FFFF", "\ufeffbom", "{{ not a template }}",
	} {
		var got specimen.All
		s.must(s.host(), "echo", params{"text": text}, &got)
		s.equal("echo", got.Text, text)
	}
}

// large goes up to what every carrier has to carry.
func large(s *subject) {
	const size = 1 << 20
	for _, in := range []specimen.Size{{Bytes: size}, {Given: strings.Repeat("y", size)}, {Bytes: size, Given: strings.Repeat("ü", size/2)}} {
		var got specimen.Text
		s.must(s.host(), "text", in, &got)
		if len(got.Text) != in.Bytes || got.Given != len(in.Given) {
			s.Errorf("the text has %d bytes and that given %d, want %d and %d", len(got.Text), got.Given, in.Bytes, len(in.Given))
		}
	}
}

func failureWithValue(s *subject) {
	r := s.failing(s.host(), "fail", params{"message": "no luck"})
	s.equal("the error", *r.Error, wire.Error{Kind: wire.Failed, Message: "no luck"})
	var shown specimen.Message
	if err := json.Unmarshal(r.Value, &shown); err != nil || shown.Message != "so far: no luck" {
		s.Errorf("the value is %s, %v", r.Value, err)
	}
}

func panicking(s *subject) {
	r := s.failing(s.host(), "panic", params{"message": "oh dear"})
	if r.Error.Kind != wire.Failed || r.Error.Message != "panic: oh dear" || !strings.Contains(r.Error.Trace, "specimen") {
		s.Errorf("the error is %s: %s\n%s", r.Error.Kind, r.Error.Message, r.Error.Trace)
	}
	s.works()
}

func exitingGoroutine(s *subject) {
	r := s.failing(s.host(), "goexit", params{})
	if r.Error.Kind != wire.Failed || !strings.Contains(r.Error.Message, "Goexit") {
		s.Errorf("the error is %s: %s", r.Error.Kind, r.Error.Message)
	}
	s.works()
}

func unknownAction(s *subject) {
	_, err := s.do(s.ctx, s.host(), "nothing_like_it", params{})
	s.refused("an unknown action", err, wire.Invalid)
	if err != nil && !strings.Contains(err.Error(), "nothing_like_it") {
		s.Errorf("the error %q does not name the action", err)
	}
	s.works()
}

func invalidParameters(s *subject) {
	for name, p := range map[string]any{
		"text":           params{},
		"whole":          params{"text": "t", "whole": "many"},
		"small":          params{"text": "t", "small": 256},
		"level":          params{"text": "t", "level": "middling"},
		"nested.name":    params{"text": "t", "nested": params{}},
		"inners[1]":      params{"text": "t", "inners": []any{params{"name": "n"}, 5}},
		"by_name.a.name": params{"text": "t", "by_name": params{"a": params{}}},
		"duration":       params{"text": "t", "timeout": "a while"},
		"parameters":     []string{"no", "object"},
	} {
		_, err := s.do(s.ctx, s.host(), "echo", p)
		s.refused(name, err, wire.Invalid)
		if err != nil && !strings.Contains(err.Error(), name) {
			s.Errorf("the error %q does not name %s", err, name)
		}
	}
	s.works()
}

func aboutItself(s *subject) {
	var got specimen.Self
	s.must(s.host(), "about", params{}, &got)
	s.equal("about", got, specimen.Self{
		Pack: specimen.Name, Execution: "65f0c0ffee", Action: "about", User: "ann", Deadline: true,
		Settings: specimen.Settings{Region: "north", Key: "k"},
	})
}

// manyAtOnce wants each call to have its own answer and its own host.
func manyAtOnce(s *subject) {
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			h, message := s.host(), fmt.Sprintf("call %d", i)
			if r, err := s.do(s.ctx, h, "talk", params{"message": message}); err != nil || r.Error != nil {
				s.Errorf("talk: %v, %v", r.Error, err)
			}
			s.equal("its output", h.Output("stdout"), message+"\n")
		})
	}
	all.Wait()
}

func oneAfterAnother(s *subject) {
	for i := range 50 {
		var got specimen.All
		s.must(s.host(), "echo", params{"text": "t", "whole": i}, &got)
		s.equal("echo", got.Whole, int64(i))
	}
}
