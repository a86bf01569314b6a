package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
	"github.com/petrelhq/petrel/sdk/wire"
)

type in struct {
	Name string `json:"name" required:"true"`
}

type out struct {
	Text string `json:"text"`
}

func nothing(context.Context, sdk.None) (sdk.None, error) { return sdk.None{}, nil }

// asked sends one request to a pack without a host.
func asked(t *testing.T, p *sdk.Pack, r wire.Request) wire.Response {
	t.Helper()
	return sdktest.OverWire(sdk.Handle(p))(t.Context(), r, func(_ context.Context, op wire.Op) wire.Reply {
		t.Errorf("the pack asks for %s", op.Name)
		return wire.Reply{}
	})
}

func TestDescribe(t *testing.T) {
	p := sdk.NewPack("hello")
	sdk.Action(p, "greet", "Greets.", func(context.Context, in) (out, error) { return out{}, nil }, sdk.Idempotent())
	sdk.Action(p, "when", "Tells.", func(context.Context, sdk.None) (time.Time, error) { return time.Time{}, nil })
	said := sdk.Trigger[out](p, "said", "Somebody spoke.")
	asked := sdk.TriggerWith[in, out](p, "named", "A name.")
	sdk.Poll(p, "ear", "Listens.", 1500*time.Millisecond, sdk.Raises(said, asked), func(context.Context, *sdk.Sensor[int]) error { return nil })
	sdk.Passive(p, "eye", "Looks.", sdk.Raises(said), func(context.Context, *sdk.Sensor[sdk.None]) error { return nil })
	sdk.Config[in](p)
	const want = `{"version":1,"name":"hello","sdk":"go 1.0.0",` +
		`"actions":[{"name":"greet","description":"Greets.","parameters":{"name":{"type":"string","required":true}},"output":{"text":{"type":"string"}},"idempotent":true},` +
		`{"name":"when","description":"Tells."}],` +
		`"triggers":[{"name":"said","description":"Somebody spoke.","payload":{"type":"object","properties":{"text":{"type":"string"}}}},` +
		`{"name":"named","description":"A name.","payload":{"type":"object","properties":{"text":{"type":"string"}}},"parameters":{"type":"object","properties":{"name":{"type":"string","required":true}}}}],` +
		`"sensors":[{"name":"ear","description":"Listens.","triggers":["said","named"],"interval":1.5},{"name":"eye","description":"Looks.","triggers":["said"]}],` +
		`"config":{"name":{"type":"string","required":true}}}`
	raw, err := json.Marshal(sdktest.Run(t, p).Describe())
	if err != nil || string(raw) != want {
		t.Errorf("got  %s, %v\nwant %s", raw, err, want)
	}
}

func TestFaultsAreToldTogether(t *testing.T) {
	p := sdk.NewPack("he llo")
	sdk.Action(p, "", "", nothing)
	sdk.Action(p, "twice", "", nothing)
	sdk.Action(p, "twice", "", nothing)
	sdk.Action[sdk.None, sdk.None](p, "idle", "", nil)
	sdk.Action(p, "text", "", func(context.Context, string) (string, error) { return "", nil })
	sdk.Action(p, "wait", "", func(context.Context, struct{ For time.Duration }) (struct{ C chan int }, error) { panic("") })
	other := sdk.Trigger[out](sdk.NewPack("other"), "said", "")
	sdk.Trigger[int](p, "number", "")
	sdk.Poll(p, "s", "", 0, nil, func(context.Context, *sdk.Sensor[int]) error { return nil })
	sdk.Passive[int](p, "s", "", sdk.Raises(other), nil)
	sdk.Config[in](p)
	sdk.Config[in](p)
	r := asked(t, p, wire.Request{Version: wire.Version, Method: wire.Describe})
	if r.Error == nil || r.Error.Kind != wire.Invalid {
		t.Fatalf("Describe = %+v", r)
	}
	for _, want := range []string{
		`pack "he llo": a name is`, `action "": a name is`, "action twice: it is declared twice", "action idle: it has no function",
		"action text: parameters: string is no struct", "action wait: parameters: For: a time.Duration", "action wait: output: C: a chan int",
		"trigger type number: payload: int is no struct", "sensor s: the time between", "sensor s: it raises nothing",
		"sensor s: it is declared twice", "sensor s: it has no function", "sensor s raises said, which is no trigger type of this pack",
		"the configuration is declared twice",
	} {
		if !strings.Contains(r.Error.Message, want) {
			t.Errorf("%q is not among\n%s", want, r.Error.Message)
		}
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	p := sdk.NewPack("hello")
	for want, r := range map[string]wire.Request{
		"speaks version 1 of the wire, the host version 7": {Version: 7, Method: wire.Describe},
		`the method "dance" is not known`:                  {Version: 1, Method: "dance"},
		`the method "call" is not known, or lacks`:         {Version: 1, Method: wire.Invoke},
		`no action "greet"`:                                {Version: 1, Method: wire.Invoke, Call: &wire.Call{Action: "greet"}},
		`no sensor "eye"`:                                  {Version: 1, Method: wire.Observe, Watch: &wire.Watch{Sensor: "eye"}},
	} {
		got := asked(t, p, r)
		if got.Error == nil || got.Error.Kind != wire.Invalid || !strings.Contains(got.Error.Message, want) {
			t.Errorf("got %+v, want %q", got.Error, want)
		}
	}
}

func TestResults(t *testing.T) {
	p := sdk.NewPack("hello")
	sdk.Action(p, "nan", "", func(context.Context, sdk.None) (float64, error) { return math.NaN(), nil })
	sdk.Action(p, "nil", "", func(context.Context, sdk.None) (any, error) { return nil, errors.New("none") })
	sdk.Action(p, "denied", "", func(context.Context, sdk.None) (int, error) {
		return 0, fmt.Errorf("while asking: %w", sdk.Errorf(sdk.Denied, "no %s", "way"))
	})
	sdk.Action(p, "list", "", func(context.Context, sdk.None) ([]int, error) { return []int{1}, errors.New("only one") })
	w := sdktest.Run(t, p)
	w.Action("nan", nil).Fails(sdk.Failed, "cannot be written as JSON")
	w.Action("denied", nil).Fails(sdk.Denied, "while asking: no way")
	if o := w.Action("nil", nil); o.Value != nil || o.Err == nil {
		t.Errorf("a failure without a value: %+v", o)
	}
	if o := w.Action("list", nil); string(o.Value) != "[1]" || o.Err.Message != "only one" {
		t.Errorf("a failure with a value: %+v", o)
	}
}

func TestOutsideOfARequest(t *testing.T) {
	ctx := t.Context()
	if _, _, err := sdk.KV(ctx).Get("k"); sdk.KindOf(err) != sdk.Invalid {
		t.Errorf("KV: %v", err)
	}
	if time.Since(sdk.Now(ctx)).Abs() > time.Hour {
		t.Error("Now is not this machine's")
	}
	if sdk.Working(ctx) != (sdk.About{}) {
		t.Errorf("Working: %+v", sdk.Working(ctx))
	}
	if _, err := sdk.Config[in](sdk.NewPack("p")).Get(ctx); sdk.KindOf(err) != sdk.Invalid {
		t.Errorf("Config: %v", err)
	}
}

func TestLog(t *testing.T) {
	p := sdk.NewPack("hello")
	sdk.Action(p, "log", "", func(ctx context.Context, _ sdk.None) (sdk.None, error) {
		l := sdk.Log(ctx).With("a", 1).WithGroup("").WithGroup("g").With(slog.Group("h", "b", 2), slog.Group("", "c", 3))
		l.Info("m", "a", 4, "f", func() {}, "t", time.Unix(0, 0).UTC(), slog.Attr{}, slog.Group("empty"))
		l.Log(context.Background(), slog.LevelDebug-4, "low")
		l.WithGroup("deep").Log(ctx, slog.LevelError+4, "high", "n", nil)
		return sdk.None{}, nil
	})
	w := sdktest.Run(t, p)
	w.Action("log", nil).Decode(&sdk.None{})
	raw, err := json.Marshal(w.Logs())
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw)
	for _, want := range []string{
		`"level":"info","message":"m","fields":{"a":1,"g":{"a":4,"c":3,"f":"0x`, `"h":{"b":2},"t":"1970-01-01 00:00:00 +0000 UTC"}}`,
		`{"level":"debug","message":"low","fields":{"a":1,"g":{"c":3,"h":{"b":2}}}}`,
		`{"level":"error","message":"high","fields":{"a":1,"g":{"c":3,"deep":{"n":null},"h":{"b":2}}}}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %s:\n%s", want, got)
		}
	}
}

func TestOutputIsCutBetweenCharacters(t *testing.T) {
	text := "a" + strings.Repeat("ü€🦅", 40_000)
	p := sdk.NewPack("hello")
	sdk.Action(p, "print", "", func(ctx context.Context, _ sdk.None) (int, error) {
		n, err := fmt.Fprint(sdk.Stdout(ctx), text)
		if err == nil {
			_, err = sdk.Stderr(ctx).Write([]byte("bad \xff\n"))
		}
		return n, err
	})
	w := sdktest.Run(t, p)
	var n int
	w.Action("print", nil).Decode(&n)
	if got := w.Output("stdout"); got != text || n != len(text) {
		t.Errorf("%d bytes written, %d have arrived of %d", n, len(got), len(text))
	}
	if got := w.Output("stderr"); got != "bad \uFFFD\n" {
		t.Errorf("stderr is %q", got)
	}
}

func TestSensorKeepsToWhatItDeclares(t *testing.T) {
	p := sdk.NewPack("hello")
	said := sdk.Trigger[out](p, "said", "")
	other := sdk.Trigger[map0](p, "other", "")
	sdk.Poll(p, "ear", "", time.Second, sdk.Raises(said), func(ctx context.Context, s *sdk.Sensor[int]) error {
		return s.Emit(ctx, s.Cursor()+1, other.Event(map0{}))
	})
	sdk.Poll(p, "nan", "", time.Second, sdk.Raises(other), func(ctx context.Context, s *sdk.Sensor[float64]) error {
		if err := s.Emit(ctx, 1, other.Event(map0{math.Inf(1)})); sdk.KindOf(err) != sdk.Invalid {
			return fmt.Errorf("a payload that is no JSON: %v", err)
		}
		return s.Emit(ctx, math.NaN())
	})
	w := sdktest.Run(t, p)
	for sensor, want := range map[string]string{"ear": "does not raise other", "nan": "the cursor cannot be written"} {
		if turn := w.Poll(sensor); turn.Err == nil || turn.Err.Kind != sdk.Invalid || !strings.Contains(turn.Err.Message, want) {
			t.Errorf("%s: %+v", sensor, turn.Err)
		}
	}
}

type map0 struct {
	F float64 `json:"f"`
}

func TestDuration(t *testing.T) {
	var got struct{ D sdk.Duration }
	if err := json.Unmarshal([]byte(`{"D":"90s"}`), &got); err != nil || got.D.Std() != 90*time.Second {
		t.Errorf("got %v, %v", got.D, err)
	}
	if raw, err := json.Marshal(got); err != nil || string(raw) != `{"D":"1m30s"}` {
		t.Errorf("got %s, %v", raw, err)
	}
}
