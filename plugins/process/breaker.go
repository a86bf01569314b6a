package process

import (
	"fmt"
	"time"
)

// breaker counts failures in a row and says when to try again.
type breaker struct {
	first, longest time.Duration
	limit          int

	failures int
	until    time.Time // no start before
	why      error
}

func (b *breaker) failed(now time.Time, why error) {
	pause := b.first
	for n := 0; n < b.failures && pause < b.longest; n++ {
		pause *= 2
	}
	b.failures++
	b.until, b.why = now.Add(min(pause, b.longest)), why
}

func (b *breaker) reset() { b.failures, b.until, b.why = 0, time.Time{}, nil }

// pause returns how long to wait before the next start.
func (b *breaker) pause(now time.Time) time.Duration { return max(0, b.until.Sub(now)) }

// open is the answer to what is asked in a pause when too much has failed, or nil.
func (b *breaker) open(now time.Time) error {
	if b.failures < b.limit || !now.Before(b.until) {
		return nil
	}
	return fmt.Errorf("the plugin failed %d times in a row and is tried again in %s; the last time: %w",
		b.failures, b.until.Sub(now).Round(time.Millisecond), b.why)
}
