package sdk

import (
	"context"
	"fmt"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Now returns the host's time, which tests can set. Without a host it is this machine's.
func Now(ctx context.Context) time.Time {
	var c wire.Clock
	if Ask(ctx, wire.OpClock, nil, &c) != nil {
		return time.Now()
	}
	return time.Unix(0, c.UnixNano).UTC()
}

// Sleep waits, in tests without any time going by. The error says that ctx ended before.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	return Ask(ctx, wire.OpSleep, wire.Sleep{Nanoseconds: int64(d)}, nil)
}

// Duration is a time.Duration that JSON holds as text such as 1m30s; for parameters,
// outputs, payloads and configurations.
type Duration time.Duration

// Std is the duration for the rest of the world.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is the text.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes the text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration such as 1m30s or 250ms", text)
	}
	*d = Duration(parsed)
	return nil
}
