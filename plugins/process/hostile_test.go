package process

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// noise is how late a machine that is busy with other tests may be.
const noise = 3 * time.Second

// Every way of breaking the protocol ends in an error that names it, soon, and leaves
// nothing behind; the carrier goes on.
func TestHostile(t *testing.T) {
	config := testConfig(t)
	config.StartTimeout, config.CancelGrace = 2*time.Second, 200*time.Millisecond
	carrier := New(config)
	good := load(t, carrier, "plugin")
	for way, want := range map[string]string{
		"exits at once":    "the plugin exited: exit status 3: the file of settings is missing",
		"says nothing":     "cannot be used: it was not ready within 2s",
		"prints before":    `its first line on standard output is "Welcome!"`,
		"endless line":     "not the handshake of a plugin",
		"other version":    "speaks version 99 of the plugin protocol and this server version 1",
		"other core":       "incompatible core API version",
		"serves tcp":       `it has to serve grpc on a unix socket`,
		"no certificate":   "has to support AutoMTLS",
		"no socket":        "no such file",
		"silent socket":    "it was not ready within 2s",
		"floods":           "it was not ready within 2s",
		"no JSON":          "a frame that cannot be read",
		"empty frame":      "neither a response nor an op",
		"other message":    "a frame that cannot be read",
		"huge frame":       "more in one message than the limit of 16777216 bytes",
		"no result":        "answered a call without a result",
		"foreign answer":   "", // times out
		"ends the session": "had enough",
		"too many ops":     "more than 64 things at once",
		"no service":       "does not serve /petrel.Plugin/Session",
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			p := load(t, carrier, "hostile", way)
			const limit = 4 * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			began := time.Now()
			_, err := p.Call(ctx, wire.Call{Action: "any"}, newAsked())
			if took := time.Since(began); took > limit+noise {
				t.Errorf("it took %s", took)
			}
			if want == "" {
				wants(t, way, err, wire.TimedOut, "")
			} else {
				wants(t, way, err, wire.Broken, want)
			}
			if got := does(t, good, "echo"); got != `"well"` {
				t.Errorf("a good plugin beside it: %s", got)
			}
		})
	}
	t.Cleanup(func() {
		good.Close(context.Background())
		if left := survivors(t, carrier); len(left) > 0 {
			t.Errorf("left running: %v", left)
		}
	})
}

func TestExitInTheMiddle(t *testing.T) {
	for action, want := range map[string]string{
		"exit":  "the plugin exited: exit status 3",
		"crash": "the plugin exited: exit status 2: panic: as asked",
	} {
		t.Run(action, func(t *testing.T) {
			p := load(t, New(testConfig(t)), "plugin")
			h := newAsked()
			other := make(chan error, 1)
			go func() {
				_, err := p.Call(t.Context(), wire.Call{Action: "meet"}, h)
				other <- err
			}()
			<-h.ops
			err := fails(t, p, action, wire.Broken, want)
			if action == "crash" && !strings.Contains(err.Trace, "goroutine") {
				t.Errorf("the trace is %q, want the end of the plugin's last words", err.Trace)
			}
			wants(t, "another call", <-other, wire.Broken, want)
			if got := does(t, p, "echo"); got != `"well"` {
				t.Errorf("the next call: %s", got)
			}
		})
	}
}

func TestKilledFromOutside(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	for range 3 {
		pid := does(t, p, "pid")
		kill(t, pid)
		until(t, "there is another process", func() bool {
			r, err := p.Call(t.Context(), wire.Call{Action: "pid"}, nil)
			return err == nil && string(r.Value) != pid
		})
	}
}

func kill(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestCancelIgnored(t *testing.T) {
	config := testConfig(t)
	config.CancelGrace = 100 * time.Millisecond
	p := load(t, New(config), "plugin")
	pid := does(t, p, "pid")
	ctx, cancel := context.WithCancel(t.Context())
	h := newAsked()
	other, beside := make(chan error, 1), newAsked()
	go func() {
		_, err := p.Call(t.Context(), wire.Call{Action: "meet"}, beside)
		other <- err
	}()
	<-beside.ops
	go func() {
		<-h.ops
		cancel()
	}()
	_, err := p.Call(ctx, wire.Call{Action: "ignore"}, h)
	wants(t, "ignore", err, wire.Canceled, "")
	wants(t, "the call beside it", <-other, wire.Broken, "did not stop within 100ms of being cancelled")
	if n, _ := strconv.Atoi(pid); runs(n) {
		t.Error("the process lives")
	}
	does(t, p, "echo")
}

// A process may overwrite its environment, or keep it from being read, and its mark with
// that.
func TestProcessWithoutItsMarkIsEnded(t *testing.T) {
	config := testConfig(t)
	config.CancelGrace = 100 * time.Millisecond
	c := New(config)
	p := load(t, c, "plugin")
	pid := does(t, p, "pid")
	if got := does(t, p, "rename"); got != "null" || len(survivors(t, c)) > 0 {
		t.Fatalf("rename: %s; the process still carries its mark", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := newAsked()
	go func() {
		<-h.ops
		cancel()
	}()
	ended := make(chan error, 1)
	go func() {
		_, err := p.Call(ctx, wire.Call{Action: "ignore"}, h)
		ended <- err
	}()
	select {
	case err := <-ended:
		wants(t, "ignore", err, wire.Canceled, "")
	case <-time.After(config.CancelGrace + noise):
		kill(t, pid) // or the test would never end
		t.Fatal("the call goes on after its cancel")
	}
	if n, _ := strconv.Atoi(pid); runs(n) {
		t.Error("the process lives")
	}
}

func TestStoppedProcess(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	_, err := p.Call(ctx, wire.Call{Action: "stop"}, nil)
	wants(t, "stop", err, wire.TimedOut, "")
	if took := time.Since(began); took > time.Second+noise {
		t.Errorf("it took %s", took)
	}
	does(t, p, "echo")
}

func TestHealthCheckEndsAStoppedProcess(t *testing.T) {
	config := testConfig(t)
	config.HealthEvery, config.HealthTimeout = 50*time.Millisecond, 200*time.Millisecond
	fails(t, load(t, New(config), "plugin"), "stop", wire.Broken, "its health check failed")
}

func TestFloodIsBounded(t *testing.T) {
	log := newLineLog()
	config := testConfig(t)
	config.Log = slog.New(slog.NewTextHandler(log, nil))
	p := load(t, New(config), "plugin")
	does(t, p, "flood")
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	log.await(t, "lines were dropped")
	if n := strings.Count(log.String(), "\n"); n > 2*burst {
		t.Errorf("%d lines of 200,000 are in the log, want about %d", n, burst)
	}
}

func TestCloseTakesGrandchildren(t *testing.T) {
	c := New(testConfig(t))
	p := load(t, c, "plugin")
	var pid int
	if err := json.Unmarshal([]byte(does(t, p, "fork")), &pid); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > goodbyeTime+noise {
		t.Errorf("Close took %s", took)
	}
	if runs(pid) || len(survivors(t, c)) > 0 {
		t.Error("the grandchild is left")
	}
}

func TestCloseDoesNotWaitForTheDeaf(t *testing.T) {
	p := load(t, New(testConfig(t)), "plugin")
	h := newAsked()
	under := make(chan error, 1)
	go func() {
		_, err := p.Call(t.Context(), wire.Call{Action: "ignore"}, h)
		under <- err
	}()
	<-h.ops
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := p.Close(ctx); err == nil {
		t.Error("Close returned nil, want to hear that a call was ended")
	}
	wants(t, "the call", <-under, wire.Broken, "closed while this was under way")
	if took := time.Since(began); took > noise {
		t.Errorf("Close took %s", took)
	}
}

func TestBreaker(t *testing.T) {
	clock := newClock()
	config := testConfig(t)
	config.Breaker, config.FirstPause, config.LongestPause = 3, time.Millisecond, time.Minute
	config.Now = clock.now
	p := load(t, New(config), "hostile", "exits at once")
	for range 3 {
		fails(t, p, "any", wire.Broken, "exited: exit status 3")
	}
	fails(t, p, "any", wire.Broken, "failed 3 times in a row and is tried again in 4ms; the last time: the plugin exited: exit status 3")
	health := p.(interface{ Health() error })
	if err := health.Health(); err == nil {
		t.Error("Health is nil while the breaker is open")
	}
	clock.add(4 * time.Millisecond)
	fails(t, p, "any", wire.Broken, "the plugin exited: exit status 3")
	fails(t, p, "any", wire.Broken, "failed 4 times in a row and is tried again in 8ms")
}

func TestBreakerClosesAgain(t *testing.T) {
	config := testConfig(t)
	config.Breaker, config.FirstPause = 2, time.Millisecond
	p := load(t, New(config), "plugin")
	for range 5 { // never twice in a row: each process answers before it exits
		does(t, p, "echo")
		fails(t, p, "exit", wire.Broken, "exit status 3")
	}
	if err := p.(interface{ Health() error }).Health(); err != nil {
		t.Error(err)
	}
}
