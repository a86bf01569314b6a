//go:build !wasip1

package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/petrelhq/petrel/sdk/wire"
)

// keptBuffer is how large a buffer is kept for the next batch.
const keptBuffer = 64 << 10

// outbox sends frames. Whoever finds it idle writes at once; what others bring meanwhile
// goes out behind that in one write. So a lone frame waits for nobody, and many share
// the cost of a flush.
type outbox struct {
	to    io.Writer
	flush func() error

	mu      sync.Mutex
	pending []byte
	spare   []byte
	writing bool
	idle    *sync.Cond // writing has become false
	err     error      // the stream is broken or over
}

func newOutbox(to io.Writer, flush func() error) *outbox {
	o := &outbox{to: to, flush: flush}
	o.idle = sync.NewCond(&o.mu)
	return o
}

// send queues or writes a frame. It is a *wire.Error when the frame itself is at fault.
func (o *outbox) send(f Frame) error {
	text, err := json.Marshal(f)
	if err != nil {
		return &wire.Error{Kind: wire.Broken, Message: fmt.Sprintf("the plugin's answer is no JSON: %v", err)}
	}
	if len(text) > MaxFrame {
		return &wire.Error{Kind: wire.TooLarge, Message: fmt.Sprintf(
			"%d bytes are too many for one message between plugin and server: the limit is %d", len(text), MaxFrame)}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	o.pending = appendFrame(o.pending, text)
	if !o.writing {
		o.writeAll()
	}
	return o.err
}

// writeAll writes until nothing is pending. It lets go of o.mu while it writes.
func (o *outbox) writeAll() {
	o.writing = true
	for len(o.pending) > 0 && o.err == nil {
		batch := o.pending
		o.pending = o.spare[:0]
		o.mu.Unlock()
		_, err := o.to.Write(batch)
		if err == nil {
			err = o.flush()
		}
		o.mu.Lock()
		o.err = err
		if o.spare = nil; cap(batch) <= keptBuffer {
			o.spare = batch
		}
	}
	o.writing = false
	o.idle.Broadcast()
}

// close returns when nobody writes any more: net/http allows no write after its handler
// has returned.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = errors.New("the session has ended")
	}
	for o.writing {
		o.idle.Wait()
	}
}
