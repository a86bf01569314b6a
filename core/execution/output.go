package execution

import (
	"context"
	"io"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/core/store"
)

// Output is stored in chunks while the action runs: when a stream changes, when 64 KB
// have come together, or after a quarter second. What an action prints and then ends
// within that goes into its finishing Apply. Chunks are shown, and their secrets masked, one
// by one.
const (
	flushSize  = 64 << 10
	flushAfter = 250 * time.Millisecond
	maxOutput  = 64 << 20 // bytes kept per execution; more is counted, not kept
)

// output takes what one run prints.
type output struct {
	r *run

	mu      sync.Mutex
	buf     []byte
	stream  string
	since   core.Time
	next    int // number of the next chunk
	kept    int64
	cut     int64
	flush   *time.Timer
	settle  *time.Timer
	pending []store.Chunk
	closed  bool
	look    sync.Once      // for secrets: most runs print nothing that has to be cut
	masker  *schema.Masker // nil: there are none
}

func newOutput(r *run) *output { return &output{r: r} }

func (o *output) Stdout() io.Writer { return stream{o, "stdout"} }
func (o *output) Stderr() io.Writer { return stream{o, "stderr"} }

// Started implements core.Output: the group is stored if the process is still there a
// little later.
func (o *output) Started(info core.RunnerInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.settle = time.AfterFunc(settleAfter, func() {
		o.mu.Lock()
		closed := o.closed
		o.mu.Unlock()
		if !closed {
			o.r.settle(context.Background(), info)
		}
	})
}

type stream struct {
	o    *output
	name string
}

// Write implements io.Writer; it never fails.
func (s stream) Write(p []byte) (int, error) {
	o := s.o
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return len(p), nil
	}
	if room := maxOutput - o.kept; int64(len(p)) > room {
		o.cut += int64(len(p)) - room
		p = p[:room]
	}
	o.kept += int64(len(p))
	o.add(s.name, p)
	return len(p), nil
}

// add keeps p, cutting a chunk where the stream changes or enough has come together.
func (o *output) add(name string, p []byte) {
	if len(p) == 0 {
		return
	}
	if name != o.stream {
		o.cutChunk()
	}
	if len(o.buf) == 0 {
		o.stream, o.since = name, o.r.e.Store.Time()
		o.arm()
	}
	o.buf = append(o.buf, p...)
	if len(o.buf) >= flushSize {
		o.cutWhole()
		o.write()
	}
}

func (o *output) arm() {
	if o.flush == nil {
		o.flush = time.AfterFunc(flushAfter, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.flush = nil
			if !o.closed {
				o.cutWhole()
				o.write()
			}
		})
	}
}

// cutWhole cuts a chunk, but keeps for the next what is the beginning of a UTF-8 sequence or
// of a secret.
func (o *output) cutWhole() {
	n := len(o.buf) - max(begunRune(o.buf), o.begunSecret())
	rest := append([]byte(nil), o.buf[n:]...)
	o.buf = o.buf[:n:n]
	o.cutChunk()
	if o.buf = rest; len(rest) > 0 {
		o.arm()
	}
}

// begunRune is the length of the UTF-8 sequence that b ends within, 0 if it ends with one.
func begunRune(b []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if end := b[len(b)-back:]; utf8.RuneStart(end[0]) {
			if !utf8.FullRune(end) {
				return back
			}
			break
		}
	}
	return 0
}

// begunSecret is the length of the longest end of the buffer that a secret parameter's value
// begins with.
func (o *output) begunSecret() int {
	o.look.Do(func() { o.masker = o.r.masker() })
	if o.masker == nil {
		return 0
	}
	return o.masker.Beginning(string(o.buf))
}

func (o *output) cutChunk() {
	if len(o.buf) == 0 {
		return
	}
	o.pending = append(o.pending, store.Chunk{Number: o.next, Stream: o.stream, At: o.since, Data: o.buf})
	o.next++
	o.buf = nil
}

// write stores the chunks so far, relaxed.
func (o *output) write() {
	if len(o.pending) == 0 {
		return
	}
	id := o.r.delivery.ID
	tx := o.r.e.Store.Begin()
	tx.Hold(o.r.delivery) // or it would write between what another run prints
	for _, c := range o.pending {
		tx.PutOutput(id, c)
	}
	if err := tx.Commit(context.Background(), store.Relaxed); err != nil {
		o.r.e.Log.Warn("could not store output; keeping it", "execution", id, "error", err)
		return
	}
	o.pending = nil
}

// close ends the output and returns the chunks not stored yet, how many there are in
// all, and how many bytes were not kept.
func (o *output) close() (tail []store.Chunk, chunks int, cut int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, t := range []*time.Timer{o.flush, o.settle} {
		if t != nil {
			t.Stop()
		}
	}
	o.cutChunk()
	return o.pending, o.next, o.cut
}
