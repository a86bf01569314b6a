package plugins_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

func quick(context.Context, wire.Call, plugins.Host) (wire.Result, error) { return wire.Result{}, nil }

func TestCodeIsOpenedOnceAndShared(t *testing.T) {
	w := newWorld(t)
	w.does(quick)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { w.action(context.Background()) })
	}
	all.Wait()
	if n := len(w.opened); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

// A new version serves new calls at once; the old one closes when its calls are over.
func TestUpgradeDropsNoCall(t *testing.T) {
	for name, upgrade := range map[string]func(w *world){
		"archive": func(w *world) {
			w.change(func() {
				w.pack = &core.Pack{Ref: "hello", Digest: "two", Runtime: &core.Runtime{Type: core.RuntimeWASM}}
			})
		},
		"file": func(w *world) { w.write("hello.wasm", "another") },
		"settings": func(w *world) {
			w.change(func() {
				w.pack = &core.Pack{Ref: "hello", Runtime: &core.Runtime{Type: core.RuntimeWASM, Memory: 5}}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			begun, finish := make(chan struct{}), make(chan struct{})
			w.does(func(context.Context, wire.Call, plugins.Host) (wire.Result, error) {
				close(begun)
				<-finish
				return wire.Result{}, nil
			})
			status := make(chan core.Status, 1)
			go func() {
				r, _ := w.action(context.Background())
				status <- r.Status
			}()
			old := soon(t, w.opened, "the opening")
			soon(t, begun, "the call")
			w.does(quick)
			upgrade(w)
			w.run(t.Context())
			young := soon(t, w.opened, "the opening of the new version")
			select {
			case <-old.closed:
				t.Error("closed under a call")
			case <-young.closed:
				t.Error("the new one was closed")
			default:
			}
			close(finish)
			if s := soon(t, status, "the end"); s != core.Succeeded {
				t.Errorf("the old call %s", s)
			}
			soon(t, old.closed, "the closing")
		})
	}
}

func TestIdleAndRemovedCodeIsClosed(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"idle":    func(w *world) { w.now = w.now.Add(time.Hour) },
		"removed": func(w *world) { w.pack = nil },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.does(quick)
			w.run(t.Context())
			c := soon(t, w.opened, "the opening")
			w.change(func() { change(w) })
			soon(t, c.closed, "the closing")
		})
	}
}

func TestCodeThatDoesNotOpenIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.does(quick)
	w.openErr = errors.New("half written")
	if _, err := w.action(t.Context()); err == nil || !strings.Contains(err.Error(), "half written") {
		t.Errorf("got %v", err)
	}
	w.change(func() { w.openErr = nil })
	w.run(t.Context())
}

// Who waits for code to open can leave; the others get it.
func TestOpeningOutlastsItsFirstCaller(t *testing.T) {
	w := newWorld(t)
	w.does(quick)
	opening, open := make(chan struct{}), make(chan struct{})
	w.loader.Carriers[core.RuntimeWASM] = func(ctx context.Context, c plugins.Code) (plugins.Plugin, error) {
		close(opening)
		<-open
		return w.open(ctx, c)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	first := make(chan core.Status, 1)
	go func() {
		r, _ := w.action(ctx)
		first <- r.Status
	}()
	soon(t, opening, "the opening")
	cancel(core.ErrCanceled)
	if s := soon(t, first, "the cancel"); s != core.Canceled {
		t.Errorf("the first %s", s)
	}
	close(open)
	w.run(t.Context())
}

func TestNothingOpensWhileShuttingDown(t *testing.T) {
	w := newWorld(t)
	w.does(quick)
	l := plugins.New(w.config)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := l.Runners()[core.RuntimeWASM].Run(t.Context(), core.Call{Action: &core.Action{Pack: "hello", Runner: core.RuntimeWASM}, Output: &printedOutput{}})
	if core.KindOf(err) != core.Unavailable {
		t.Errorf("got %v", err)
	}
}
