package redis

import (
	"context"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// Applies and Gets that come while others are under way wait a moment and go together in
// one pipeline, which saves system calls on both sides.
const (
	lanes      = 2         // pipelines under way at one time
	batchCalls = 64        // calls in a pipeline
	batchBytes = 512 << 10 // and bytes of arguments, unless the first call has more
)

// batcher sends scripts in pipelines.
type batcher struct {
	s       *Store
	mu      sync.Mutex
	waiting []*call
	busy    int // lanes under way
}

// call is one run of a script.
type call struct {
	script script
	args   []any
	size   int
	done   chan struct{}
	answer any
	err    error
}

func newBatcher(s *Store) *batcher { return &batcher{s: s} }

// do runs a script. When ctx ends first its answer is dropped.
func (b *batcher) do(ctx context.Context, sc script, args []any) (any, error) {
	c := &call{script: sc, args: args, size: sizeOf(args), done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, c)
	start := b.busy < lanes
	if start {
		b.busy++
	}
	b.mu.Unlock()
	if start {
		go b.drain()
	}
	select {
	case <-c.done:
		return c.answer, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drain sends pipelines until nothing waits.
func (b *batcher) drain() {
	for calls := b.next(); calls != nil; calls = b.next() {
		b.send(calls)
	}
}

// next takes the calls of the next pipeline; nil ends the lane.
func (b *batcher) next() []*call {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.busy--
		return nil
	}
	n, size := 1, b.waiting[0].size
	for n < len(b.waiting) && n < batchCalls && size+b.waiting[n].size <= batchBytes {
		size += b.waiting[n].size
		n++
	}
	calls := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	if len(b.waiting) == 0 {
		b.waiting = nil
	}
	return calls
}

func (b *batcher) send(calls []*call) {
	ctx := context.Background() // bounded by the connection's timeouts
	answers := make([]*goredis.Cmd, len(calls))
	_, lost := b.s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, c := range calls {
			answers[i] = p.EvalSha(ctx, c.script.sha, []string{b.s.tag()}, c.args...)
		}
		return nil
	})
	for i, c := range calls {
		c.answer, c.err = answers[i].Result()
		if c.answer == nil && c.err == nil { // go-redis keeps what Redis said to a new connection to itself
			c.err = lost
		}
		if goredis.HasErrorPrefix(c.err, "NOSCRIPT") {
			c.answer, c.err = b.s.client.Eval(ctx, c.script.source, []string{b.s.tag()}, c.args...).Result()
		}
		close(c.done)
	}
}

func sizeOf(args []any) int {
	n := 0
	for _, a := range args {
		switch v := a.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		default:
			n += 8
		}
	}
	return n
}
