// Package filewatch raises an event for every line that is appended to the files rules
// name: the sensor linux.FileWatchSensor.
//
// Each trigger has a tail (tail.go), which follows a path through rotation, truncation,
// absence and return. A tail reads files (file.go) and knows them again by inode and
// content after a restart (find.go). How far everything was read is the source's cursor
// (cursor.go), stored with the lines, so that a line is neither lost nor doubled.
package filewatch

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Sensor is the ref of the sensor this package is the code of.
const Sensor = "linux.FileWatchSensor"

// Source watches files. Only Log is needed; the other fields have defaults.
type Source struct {
	Log     *slog.Logger
	Look    time.Duration    // between looks at files of which the system tells nothing; 2 s
	Linger  time.Duration    // how long a file that was moved away is watched on after its last line; 1 min
	MaxLine int              // bytes of a line; what is longer is cut off; 64 KiB
	Now     func() time.Time // for Linger; time.Now
}

func (s Source) withDefaults() Source {
	if s.Look == 0 {
		s.Look = 2 * time.Second
	}
	if s.Linger == 0 {
		s.Linger = time.Minute
	}
	if s.MaxLine == 0 {
		s.MaxLine = 64 << 10
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

// Run watches the files that the feed's triggers name until ctx is done.
// st2: bundled packs reference, linux: sensors.
func (s Source) Run(ctx context.Context, feed core.Feed) error {
	s = s.withDefaults()
	stored, err := parseCursor(feed.Cursor())
	if err != nil {
		return err
	}
	w := &watch{
		Source: s, feed: feed, stored: stored, signs: newSigns(s.Log),
		tails: map[string]*tail{}, due: map[string]bool{}, buffer: make([]byte, s.MaxLine+1),
	}
	defer w.close()
	return w.run(ctx)
}

// watch is one run of the source.
type watch struct {
	Source
	feed    core.Feed
	stored  cursor // as the feed had it, until the first set of triggers has come
	number  uint64 // of the last batch
	signs   *signs
	tails   map[string]*tail // by trigger
	due     map[string]bool  // triggers whose files may have lines
	turn    string           // whose turn it is, or of the one after it
	changed bool             // the cursor has to be stored though there may be no lines
	buffer  []byte           // of one byte more than the longest line
	cut     int              // lines that were too long, so far
}

func (w *watch) close() {
	for _, t := range w.tails {
		t.close()
	}
	w.signs.close()
}

func (w *watch) run(ctx context.Context) error {
	w.number = w.stored.Number
	tick := time.NewTicker(w.Look)
	defer tick.Stop()
	for {
		if err := w.deliver(ctx); err != nil || ctx.Err() != nil {
			return quiet(ctx, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case set := <-w.feed.Triggers():
			w.assign(set)
		case e := <-w.signs.events():
			w.notice(e.Name)
		case err := <-w.signs.errors():
			w.Log.Debug("file watch: events were missed; looking at everything", "error", err)
			w.lookAtAll()
		case <-tick.C:
			w.signs.renew()
			w.lookAtAll()
		case <-w.more():
		}
	}
}

// quiet makes an orderly end of errors that only say that it is time to end.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// more is ready while files are due.
func (w *watch) more() <-chan struct{} {
	if len(w.due) == 0 {
		return nil
	}
	ready := make(chan struct{})
	close(ready)
	return ready
}

func (w *watch) lookAtAll() {
	for ref := range w.tails {
		w.due[ref] = true
	}
}

// notice makes due what a file's name belongs to.
func (w *watch) notice(name string) {
	for _, ref := range w.signs.names[filepath.Clean(name)] {
		w.due[ref] = true
	}
}

// assign takes a new set of triggers: it begins and ends tails. The first set decides
// which of the stored places are gone on from.
func (w *watch) assign(set []core.Trigger) {
	wanted := map[string]bool{}
	for i := range set {
		path, ok := w.path(&set[i])
		ref := set[i].Ref()
		if !ok {
			continue
		}
		wanted[ref] = true
		if old := w.tails[ref]; old != nil && old.path == path {
			continue
		} else if old != nil {
			old.close()
		}
		w.tails[ref] = w.begin(&set[i], path)
		w.due[ref] = true
	}
	for ref, t := range w.tails {
		if !wanted[ref] {
			t.close()
			delete(w.tails, ref)
			delete(w.due, ref)
			w.changed = true
		}
	}
	for ref := range w.stored.Tails {
		w.changed = w.changed || !wanted[ref]
	}
	w.stored.Tails = nil
	w.signs.watch(w.tails)
}

// path reads the parameter that names the file.
func (w *watch) path(t *core.Trigger) (string, bool) {
	var p struct {
		Path string `json:"file_path"`
	}
	if err := json.Unmarshal(t.Parameters, &p); err != nil || p.Path == "" {
		w.Log.Warn("file watch: the trigger names no file; give its rule the parameter file_path", "trigger", t.Ref(), "error", err)
		return "", false
	}
	return p.Path, true
}

// begin makes the tail of a trigger, which goes on where it was stored.
func (w *watch) begin(t *core.Trigger, path string) *tail {
	n := &tail{watch: w, trigger: t.Ref(), path: path, created: t.Created}
	if stored, ok := w.stored.Tails[n.trigger]; ok && stored.Path == path {
		n.resume(stored.Files)
	}
	return n
}

// deliver stores one batch of lines, if there are any.
func (w *watch) deliver(ctx context.Context) error {
	b := &batch{}
	for _, ref := range w.inTurn() {
		if b.full() {
			break
		}
		if w.tails[ref].read(b) {
			delete(w.due, ref)
			continue
		}
		w.turn = ref + "\x00"
	}
	if len(b.events) == 0 && !w.changed {
		return nil
	}
	w.changed = false
	w.number++
	return w.feed.Emit(ctx, core.Batch{Events: b.events, Cursor: w.cursor()})
}

// inTurn lists what is due, first what comes after the one that had more than its batch
// could take: a file that never ends does not keep the others waiting.
func (w *watch) inTurn() []string {
	refs := slices.Sorted(maps.Keys(w.due))
	i, _ := slices.BinarySearch(refs, w.turn)
	return slices.Concat(refs[i:], refs[:i])
}

// Bounds of one batch.
const (
	batchEvents = 256
	batchBytes  = 256 << 10
)

// batch collects events to be stored together.
type batch struct {
	events []core.Event
	bytes  int
}

func (b *batch) full() bool { return len(b.events) >= batchEvents || b.bytes >= batchBytes }
