package expr

import (
	"context"
	"errors"
	"time"
)

// Limits are what one evaluation may cost. Zero fields take the default.
type Limits struct {
	Steps int64         // elementary operations
	Bytes int64         // memory asked for over the whole evaluation
	Depth int           // nested calls
	Time  time.Duration // wall clock
}

// defaultLimits stop a runaway expression in about a tenth of a second and 64 MB.
var defaultLimits = Limits{Steps: 2_000_000, Bytes: 64 << 20, Depth: 500, Time: 5 * time.Second}

// Budget is what is left to spend in one evaluation; not for concurrent use. A nil Budget is unlimited.
type Budget struct {
	ctx      context.Context
	limits   Limits
	steps    int64
	bytes    int64
	depth    int
	deadline time.Time
	nextLook int64 // step count at which to look at the clock again
}

// lookEvery is how many steps pass between looks at clock and context.
const lookEvery = 1 << 12

// NewBudget starts a budget; the end of the context, when there is one, ends the evaluation too.
func NewBudget(ctx context.Context, l Limits) *Budget {
	if ctx == nil {
		ctx = context.Background()
	}
	if l.Steps == 0 {
		l.Steps = defaultLimits.Steps
	}
	if l.Bytes == 0 {
		l.Bytes = defaultLimits.Bytes
	}
	if l.Depth == 0 {
		l.Depth = defaultLimits.Depth
	}
	if l.Time == 0 {
		l.Time = defaultLimits.Time
	}
	return &Budget{ctx: ctx, limits: l, deadline: time.Now().Add(l.Time), nextLook: min(lookEvery, l.Steps+1)}
}

// Context is the evaluation's context, for lookups that do I/O.
func (b *Budget) Context() context.Context {
	if b == nil {
		return context.Background()
	}
	return b.ctx
}

// Deadline is when the evaluation's time is up; zero when unlimited.
func (b *Budget) Deadline() time.Time {
	if b == nil {
		return time.Time{}
	}
	return b.deadline
}

// Step spends n elementary operations.
func (b *Budget) Step(n int64) error {
	if b == nil {
		return nil
	}
	b.steps += n
	if b.steps < b.nextLook {
		return nil
	}
	return b.look()
}

func (b *Budget) look() error {
	if b.steps > b.limits.Steps {
		return Errorf(BudgetError, "the expression takes more than %d steps; simplify it or give it less data", b.limits.Steps)
	}
	b.nextLook = min(b.steps+lookEvery, b.limits.Steps+1)
	return b.Alive()
}

// Alive fails once the deadline has passed or the context has ended.
func (b *Budget) Alive() error {
	if b == nil {
		return nil
	}
	if err := b.ctx.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return &Error{Class: BudgetError, Msg: "the evaluation was cancelled", Err: err}
	}
	if b.ctx.Err() != nil || time.Now().After(b.deadline) {
		return &Error{Class: BudgetError, Msg: "the expression takes too long; simplify it or give it less data", Err: context.DeadlineExceeded}
	}
	return nil
}

// Grow spends n bytes of memory, and steps in proportion.
func (b *Budget) Grow(n int64) error {
	if b == nil {
		return nil
	}
	if n < 0 || n > b.limits.Bytes-b.bytes {
		return Errorf(BudgetError, "the expression needs more than %d bytes of memory; make its results smaller", b.limits.Bytes)
	}
	b.bytes += n
	return b.Step(n / 256)
}

// What one element of a list, one entry of a dict and one call are charged, in bytes; growing by doubling is counted in.
const (
	itemSize  = 48
	entrySize = 256
	callSize  = 192
	callSteps = 4
)

// Call spends what calling a function costs beyond its level.
func (b *Budget) Call() error {
	if err := b.Grow(callSize); err != nil {
		return err
	}
	return b.Step(callSteps)
}

// GrowItems spends the memory of n more elements of a list or tuple.
func (b *Budget) GrowItems(n int) error { return b.Grow(int64(n) * itemSize) }

// GrowEntries spends the memory of n more entries of a dict or set.
func (b *Budget) GrowEntries(n int) error { return b.Grow(int64(n) * entrySize) }

// readBytes is how many bytes of text are looked through in one step.
const readBytes = 64

// ReadText spends the steps of looking through v when it is text: what only reads asks for no memory.
func ReadText(b *Budget, v Value) error {
	if s, ok := Text(v); ok {
		return b.Step(int64(len(s)) / readBytes)
	}
	return nil
}

// Enter spends one level of call depth; every successful Enter needs a Leave.
func (b *Budget) Enter() error {
	if b == nil {
		return nil
	}
	if b.depth >= b.limits.Depth {
		return Errorf("RecursionError", "calls nest deeper than %d levels", b.limits.Depth)
	}
	b.depth++
	return b.Step(1)
}

// Leave gives back a level of call depth.
func (b *Budget) Leave() {
	if b != nil {
		b.depth--
	}
}
