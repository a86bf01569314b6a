package wasm

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

const done = wire.Kind("done")

// corpus is what a stranger's module may try, and how that ends: with a kind of error whose
// message has some words. A module that loads is called.
var corpus = []struct {
	name    string
	load    bool // ends there
	kind    wire.Kind
	message string
}{
	{"loop", false, wire.TimedOut, "the deadline has passed"},
	{"recursion", false, wire.TimedOut, "the deadline has passed"},
	{"fill", false, wire.TimedOut, "the deadline has passed"},
	{"sleep", false, wire.TimedOut, "the deadline has passed"},
	{"poll", false, wire.TimedOut, "the deadline has passed"},
	{"poll_table", false, wire.TimedOut, "the deadline has passed"},
	{"random", false, wire.TimedOut, "the deadline has passed"},
	{"alloc_loop", false, wire.TimedOut, "the deadline has passed"},
	{"free_loop", false, wire.TimedOut, "the deadline has passed"},
	{"command_loop", false, wire.TimedOut, "the deadline has passed"},
	{"deep", false, wire.Broken, "out of bounds memory access"},
	{"native_deep", false, wire.Broken, "stack overflow"},
	{"grow", false, wire.Broken, "unreachable (it held 64 of the 64 MiB of memory"},
	{"huge_result", false, wire.TooLarge, "answered 1073741824 bytes"},
	{"outside_result", false, wire.Broken, "100 bytes at 4294967280, is not in its memory"},
	{"empty_result", false, wire.Broken, "answered nothing"},
	{"garbage", false, wire.Broken, "the module's answer is no response"},
	{"nested", false, wire.Broken, "the module's answer is no response"},
	{"no_result", false, wire.Broken, "answered a call without a result"},
	{"alloc_none", false, wire.TooLarge, "has no memory for a request"},
	{"alloc_outside", false, wire.Broken, "petrel_alloc returned 4294967280"},
	{"free_trap", false, wire.Broken, "unreachable"},
	{"overlap", false, done, ""},
	{"empty_call", false, done, ""},
	{"reentrant", false, done, ""},
	{"big_call", false, done, ""},
	{"init_call", false, done, ""},
	{"call_outside", false, wire.Broken, "called the host with 100 bytes at 4294967280"},
	{"reply_outside", false, wire.Broken, "at 4294967280, which is not in its memory"},
	{"flood_calls", false, wire.TooLarge, "called the host more than 1000 times"},
	{"flood_logs", false, wire.TooLarge, "printed and logged more than 1048576 bytes"},
	{"flood_output", false, wire.TooLarge, "printed and logged more than 1048576 bytes"},
	{"exit_zero", false, wire.Broken, "exited with status 0"},
	{"command_exit", false, wire.Failed, "exited with status 3"},
	{"command_flood", false, wire.TooLarge, "the command's result has more than 2097152 bytes"},
	{"init_trap", true, wire.Broken, "unreachable (in _initialize)"},
	{"init_loop", true, wire.TimedOut, "the deadline has passed"},
	{"no_initialize", true, wire.Broken, "it exports no _initialize"},
	{"imports", true, wire.Invalid, "the module imports what is not offered: env.system, wasi_snapshot_preview1.fd_explode"},
	{"import_type", true, wire.Invalid, "imports petrel.host_reply as a function (i64) -> (i32), and it is (i32) -> (i32)"},
	{"version_2", true, wire.Invalid, "version 2 of Petrel's ABI"},
	{"no_alloc", true, wire.Invalid, "exports no function petrel_alloc"},
	{"handle_type", true, wire.Invalid, "petrel_handle is a function (i32, i32) -> (i32), and should be (i32, i32) -> (i64)"},
}

func hostileEngine(t *testing.T) *Engine {
	return open(t, Config{MaxOutput: 1 << 20, MaxMessage: 2 << 20, MaxHostCalls: 1000})
}

// noise is how late a machine that is busy with other tests may be. What has no checks is
// later than that by far: it ends when it likes, or never.
const noise = 3 * time.Second

// TestHostile: each ends as it should by its deadline, the process is never held up, and the
// next module works.
func TestHostile(t *testing.T) {
	e := hostileEngine(t)
	good := load(t, e, cGuest(t), core.Runtime{})
	for _, c := range corpus {
		t.Run(c.name, func(t *testing.T) {
			deadline := 5 * time.Second
			if c.kind == wire.TimedOut {
				deadline = 300 * time.Millisecond
			}
			source := hostile(t, c.name)
			pauses := watchPauses()
			took, err := attempt(e, source, c.load, deadline)
			if took > deadline+noise {
				t.Errorf("it took %v", took)
			}
			if p := pauses(); p > noise {
				t.Errorf("everything else stood still for %v", p)
			}
			checkError(t, err, c.kind, c.message)
			if _, err := call(t, good, newWorld(), `{"name":"Ann","url":"http://example.com/motto"}`); err != nil {
				t.Errorf("another module no longer works: %v", err)
			}
		})
	}
	if s := e.Stats(); s.Calls+s.Sensors != 0 {
		t.Errorf("left behind: %+v", s)
	}
}

// attempt loads a module, and calls it unless that is to fail; it returns how long the last
// of these took.
func attempt(e *Engine, source []byte, loadOnly bool, deadline time.Duration) (time.Duration, error) {
	ctx, cancel := context.Background(), func() {}
	if loadOnly {
		ctx, cancel = context.WithTimeout(ctx, deadline)
	}
	defer cancel()
	started := time.Now()
	p, err := e.Load(ctx, source, core.Runtime{Reuse: true}, "hostile")
	if err != nil || loadOnly {
		return time.Since(started), err
	}
	defer p.Close(context.Background())
	ctx, cancel = context.WithTimeout(context.Background(), deadline)
	defer cancel()
	started = time.Now()
	r, err := p.Call(ctx, aCall("{}"), newWorld())
	if err == nil && r.Error != nil {
		err = r.Error
	}
	return time.Since(started), err
}

// watchPauses collects garbage, for which everything has to stop, and returns how long that
// took at most.
func watchPauses() func() time.Duration {
	stop, longest := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			started := time.Now()
			runtime.GC()
			most = max(most, time.Since(started))
			select {
			case <-stop:
				longest <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() time.Duration {
		close(stop)
		return <-longest
	}
}

func checkError(t *testing.T, err error, kind wire.Kind, message string) {
	t.Helper()
	if err == nil {
		if kind != done {
			t.Errorf("no error, want %s: %s", kind, message)
		}
		return
	}
	if wire.KindOf(err) != kind || !strings.Contains(err.Error(), message) {
		t.Errorf("%s: %v\nwant %s: %s", wire.KindOf(err), err, kind, message)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("not one line: %q", err)
	}
}

// TestSensorTrap: a sensor keeps its instance until it traps.
func TestSensorTrap(t *testing.T) {
	e := hostileEngine(t)
	p := load(t, e, hostile(t, "sensor_trap"), core.Runtime{})
	watchTrap(t, p)
	if s := e.Stats(); s.Sensors != 1 {
		t.Errorf("%+v, want one sensor", s)
	}
}

func watchTrap(t *testing.T, p plugins.Plugin) {
	t.Helper()
	for range 2 {
		for turn := range 3 {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			err := p.Watch(ctx, wire.Watch{Sensor: "s"}, newWorld())
			cancel()
			if turn < 2 {
				checkError(t, err, done, "")
			} else {
				checkError(t, err, wire.Broken, "unreachable")
			}
		}
	}
	if err := p.Watch(context.Background(), wire.Watch{Sensor: "s"}, newWorld()); err != nil {
		t.Error(err)
	}
}
