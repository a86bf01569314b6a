package wasm

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

func counter(t testing.TB) []byte { return compileC(t, filepath.Join("testdata", "counter.c")) }

// TestReuse: an instance serves one call, or with reuse one after another.
func TestReuse(t *testing.T) {
	for _, c := range []struct {
		rt   core.Runtime
		want string
	}{
		{core.Runtime{}, "111"},
		{core.Runtime{Reuse: true}, "123"},
		{core.Runtime{Isolation: core.RuntimeProcess}, "111"},
		{core.Runtime{Isolation: core.RuntimeProcess, Reuse: true}, "123"},
	} {
		p := load(t, open(t, Config{Child: childCommand(t)}), counter(t), c.rt)
		var got string
		for range 3 {
			r, err := call(t, p, newWorld(), "{}")
			if err != nil {
				t.Fatal(err)
			}
			got += string(r.Value)
		}
		if got != c.want {
			t.Errorf("%+v: the calls found %s, want %s", c.rt, got, c.want)
		}
	}
}

// TestSeats: no more calls at once than there are seats; one that waits is told why.
func TestSeats(t *testing.T) {
	for _, c := range []struct {
		name   string
		config Config
		rt     core.Runtime
	}{
		{"of the engine", Config{MaxInstances: 1}, core.Runtime{}},
		{"of the pack", Config{MaxInstances: 8}, core.Runtime{Concurrency: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := load(t, open(t, c.config), hostile(t, "overlap"), c.rt)
			h := asked{slow{make(chan struct{})}, make(chan struct{})}
			first := make(chan error, 1)
			go func() {
				_, err := p.Call(context.Background(), aCall("{}"), h)
				first <- err
			}()
			<-h.asked
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			_, err := p.Call(ctx, aCall("{}"), newWorld())
			checkError(t, err, wire.TimedOut, "while waiting for a free instance")
			close(h.slow.answer)
			if err := <-first; err != nil {
				t.Error(err)
			}
			if _, err := call(t, p, newWorld(), "{}"); err != nil {
				t.Error(err)
			}
		})
	}
}

// asked is a slow host that tells when it is asked.
type asked struct {
	slow
	asked chan struct{}
}

func (h asked) Do(ctx context.Context, op wire.Op) wire.Reply {
	close(h.asked)
	return h.slow.Do(ctx, op)
}

// runner is a host that runs actions by a plugin.
type runner struct {
	run func(ctx context.Context) error
}

func (h runner) Do(ctx context.Context, op wire.Op) wire.Reply {
	if err := h.run(ctx); err != nil {
		return wire.Reply{Error: asWire(err)}
	}
	return body(wire.RunReply{Status: "succeeded"})
}

// TestNestedRun: an action that waits for another holds no seat, or few would block all.
func TestNestedRun(t *testing.T) {
	e := open(t, Config{MaxInstances: 1})
	p := load(t, e, compileC(t, filepath.Join("testdata", "nested_run.c")), core.Runtime{})
	var nest func(depth int) runner
	nest = func(depth int) runner {
		return runner{func(ctx context.Context) error {
			if depth == 0 {
				return nil
			}
			_, err := p.Call(ctx, aCall("{}"), nest(depth-1))
			return err
		}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := p.Call(ctx, aCall("{}"), nest(5)); err != nil {
		t.Error(err)
	}
}

// TestParallel: many calls at once, none of which sees another's instance.
func TestParallel(t *testing.T) {
	for _, rt := range []core.Runtime{{}, {Reuse: true}} {
		e := open(t, Config{MaxInstances: 4})
		p := load(t, e, cGuest(t), rt)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 25 {
					r, err := call(t, p, newWorld(), `{"name":"Ann","url":"http://example.com/motto"}`)
					if err != nil || r.Error != nil {
						t.Error(err, r.Error)
					}
				}
			})
		}
		wg.Wait()
		if s := e.Stats(); s.Calls != 0 || s.Idle > 4 || rt.Reuse == (s.Idle == 0) {
			t.Errorf("%+v: afterwards %+v", rt, s)
		}
	}
}

// TestSensorLimit: sensors are bounded apart from calls.
func TestSensorLimit(t *testing.T) {
	p := load(t, open(t, Config{MaxSensors: 1}), hostile(t, "sensor_trap"), core.Runtime{})
	ctx := context.Background()
	if err := p.Watch(ctx, wire.Watch{Sensor: "one"}, newWorld()); err != nil {
		t.Error(err)
	}
	err := p.Watch(ctx, wire.Watch{Sensor: "two"}, newWorld())
	checkError(t, err, wire.TooLarge, "there are 1 WASM sensors already")
}

// TestCache: what is compiled once is found again; what is damaged is compiled again.
func TestCache(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	check := func() {
		t.Helper()
		e := open(t, Config{CacheDir: dir, Log: slog.New(slog.NewTextHandler(&said, nil))})
		if err := e.Check(context.Background(), cGuest(t), core.Runtime{}, "hello"); err != nil {
			t.Fatal(err)
		}
	}
	files := func() []string {
		f, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	check()
	before := files()
	if len(before) != 1 {
		t.Fatalf("compiled code: %v", before)
	}
	stat, err := os.Stat(before[0])
	if err != nil {
		t.Fatal(err)
	}
	check()
	if again, err := os.Stat(before[0]); err != nil || !again.ModTime().Equal(stat.ModTime()) || said.Len() > 0 {
		t.Errorf("compiled again: %v, %s", err, &said)
	}
	if err := os.Truncate(before[0], stat.Size()/2); err != nil {
		t.Fatal(err)
	}
	check()
	if again, err := os.Stat(before[0]); err != nil || again.Size() != stat.Size() || !bytes.Contains(said.Bytes(), []byte("damaged")) {
		t.Errorf("not compiled again: %v, %s", err, &said)
	}
}

// TestMemory: what runaway instances took is given back at once.
func TestMemory(t *testing.T) {
	e := open(t, Config{Memory: 256, MaxInstances: 4})
	p := load(t, e, hostile(t, "grow"), core.Runtime{})
	burn := func(n int) {
		var wg sync.WaitGroup
		for range n {
			wg.Go(func() {
				_, err := call(t, p, newWorld(), "{}")
				checkError(t, err, wire.Broken, "unreachable")
			})
		}
		wg.Wait()
	}
	burn(1)
	before := rss(t)
	burn(12) // 3 GiB, at most 1 at once
	runtime.GC()
	if after := rss(t); after > before+100<<20 {
		t.Errorf("the process has %d MiB, before it had %d", after>>20, before>>20)
	}
}

// TestMemoryOfPack: a pack gets what it asks for, within the server's limit.
func TestMemoryOfPack(t *testing.T) {
	e := open(t, Config{MaxMemory: 128})
	_, err := e.Load(context.Background(), cGuest(t), core.Runtime{Memory: 129}, "hello")
	checkError(t, err, wire.Invalid, "asks for 129 MiB of memory, and this server gives a module at most 128")
	p := load(t, e, hostile(t, "big_call"), core.Runtime{Memory: 8}) // its growing fails
	_, err = call(t, p, newWorld(), "{}")
	checkError(t, err, wire.Broken, "which are not in its memory")
	_, err = e.Load(context.Background(), cGuest(t), core.Runtime{Isolation: "vm"}, "hello")
	checkError(t, err, wire.Invalid, `asks for isolation "vm"`)
}

// rss returns the bytes of memory that this process has.
func rss(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	fields := bytes.Fields(text)
	pages := 0
	for _, c := range fields[1] {
		pages = 10*pages + int(c-'0')
	}
	return pages * os.Getpagesize()
}
