package filewatch

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

const lineType = "linux.file_watch.line"

// world is a real store with a sensor, a folder to watch, and what was seen of the sensor.
type world struct {
	t      *testing.T
	dir    string
	store  *store.Store
	router *router.Router
	source Source
	log    *slog.Logger
	end    func() // of the running sources; nil when none run

	mu     sync.Mutex
	wrote  *sync.Cond
	lines  []string // in the order of their storing
	cursor cursor   // as stored last
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	w.wrote = sync.NewCond(&w.mu)
	w.store = store.New(b, time.Now)
	w.router = router.New(w.store, w.log)
	w.source = Source{Look: 5 * time.Millisecond, Linger: time.Hour}
	w.update(func(tx *store.Tx) error { return declare(t.Context(), tx, w.router) })
	t.Cleanup(func() { w.stop() })
	return w
}

// declare stores the sensor and its trigger type.
func declare(ctx context.Context, tx *store.Tx, r *router.Router) error {
	err := r.Declare(ctx, tx, &core.TriggerType{Pack: "linux", Name: "file_watch.line", Parameters: map[string]any{
		"type": "object", "properties": map[string]any{"file_path": map[string]any{"type": "string", "required": true}}}})
	if err != nil {
		return err
	}
	s := &core.Sensor{ID: core.DeriveID("sensor"), Pack: "linux", Class: "FileWatchSensor", Enabled: true, TriggerTypes: []string{lineType}}
	tx.Push(store.Sources, s.Ref(), "", 0)
	return tx.Sensors().Put(ctx, s)
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), store.Wait, fn); err != nil {
		w.t.Fatal(err)
	}
}

// observed is the source under test with a feed that tells the world what was stored.
type observed struct {
	Source
	w *world
}

type observedFeed struct {
	core.Feed
	w *world
}

func (o observed) Run(ctx context.Context, f core.Feed) error {
	return o.Source.Run(ctx, observedFeed{f, o.w})
}

func (f observedFeed) Emit(ctx context.Context, b core.Batch) error {
	if err := f.Feed.Emit(ctx, b); err != nil {
		return err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	for _, e := range b.Events {
		f.w.lines = append(f.w.lines, lineOf(e.Payload))
	}
	f.w.cursor, _ = parseCursor(b.Cursor)
	f.w.wrote.Broadcast()
	return nil
}

func lineOf(payload []byte) string {
	var p linePayload
	_ = json.Unmarshal(payload, &p)
	return p.Line
}

// start runs the sources; stop ends them in good order.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	src := w.source
	src.Log = w.log
	s := router.NewSources(w.router, func(_ context.Context, s core.Sensor) (core.Source, bool) {
		return observed{src, w}, s.Ref() == Sensor
	})
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.end = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the sources ended with %v", err)
		}
	}
}

func (w *world) stop() {
	if w.end != nil {
		w.end()
		w.end = nil
	}
}

// await waits until something is so.
func (w *world) await(what string, so func() bool) {
	w.t.Helper()
	late := false
	timer := time.AfterFunc(20*time.Second, func() {
		w.mu.Lock()
		late = true
		w.mu.Unlock()
		w.wrote.Broadcast()
	})
	defer timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !so() {
		if late {
			w.t.Fatalf("%s did not come to be; lines %q, cursor %+v", what, w.lines, w.cursor)
		}
		w.wrote.Wait()
	}
}

// rule makes the trigger of a rule on a file, and returns its ref.
func (w *world) rule(path string) string {
	w.t.Helper()
	params, _ := json.Marshal(map[string]string{"file_path": path})
	var t *core.Trigger
	w.update(func(tx *store.Tx) (err error) {
		t, err = w.router.Acquire(w.t.Context(), tx, lineType, params)
		return err
	})
	return t.Ref()
}

// watched makes a rule and waits until its file's place is stored.
func (w *world) watched(path string) string {
	w.t.Helper()
	ref := w.rule(path)
	w.await("watching "+path, func() bool { _, ok := w.cursor.Tails[ref]; return ok })
	return ref
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string, flags int) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_WRONLY|os.O_CREATE|flags, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) add(name, text string) { w.t.Helper(); w.write(name, text, os.O_APPEND) }

func (w *world) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(w.path(from), w.path(to)); err != nil {
		w.t.Fatal(err)
	}
}

// expect waits for lines, in any order, and holds them against what is stored.
func (w *world) expect(want ...string) {
	w.t.Helper()
	w.await(fmt.Sprintf("%d lines", len(want)), func() bool { return len(w.lines) >= len(want) })
	if got := w.storedLines(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		w.t.Fatalf("got  %s\nwant %s", strings.Join(got, " | "), strings.Join(slices.Sorted(slices.Values(want)), " | "))
	}
}

// storedLines are those of all trigger instances, sorted.
func (w *world) storedLines() []string {
	w.t.Helper()
	is, _, err := w.store.Instances().List(context.Background(), store.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	lines := make([]string, len(is))
	for i, x := range is {
		lines[i] = lineOf(x.Payload)
	}
	slices.Sort(lines)
	return lines
}

// inodes are those in which the stored cursor has a place.
func (c cursor) inodes() []uint64 {
	var all []uint64
	for _, ref := range slices.Sorted(maps.Keys(c.Tails)) {
		for _, m := range c.Tails[ref].Files {
			all = append(all, m.Inode)
		}
	}
	return all
}
