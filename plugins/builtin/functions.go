package builtin

import (
	"context"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/petrelhq/petrel/core"
)

// functions returns the Go forms of the Python actions of packs core and linux, and those
// of the configuration beside them, by the action's ref.
func functions(c Config, sh shell) map[string]Function {
	all := map[string]Function{
		"core.inject_trigger": injectTrigger{c.Inject}.call,
		"core.pause":          pause{sleep}.call,
		"core.uuid":           newUUID,
		"linux.dig":           dig{sh}.call,
		"linux.wait_for_ssh":  waitForSSH{keyFile: c.SSH.KeyFile, hostKeys: c.SSH.HostKeys, sleep: sleep}.call,
	}
	maps.Copy(all, c.Functions)
	return all
}

// sleep waits, unless ctx is done first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// newUUID is core.uuid: a new UUID, by time and machine or random.
func newUUID(_ context.Context, c core.Call) (any, error) {
	switch kind := textOf(c.Params, "uuid_type"); kind {
	case "uuid1":
		id, err := uuid.NewUUID()
		return id.String(), err
	case "", "uuid4":
		id, err := uuid.NewRandom()
		return id.String(), err
	default:
		return nil, core.FieldErrorf("uuid_type", "uuid_type needs to be uuid1 or uuid4, not %q", kind)
	}
}

// pause is core.pause: it waits max_pause seconds, or a random number of at most that,
// and returns how many.
type pause struct {
	sleep func(ctx context.Context, d time.Duration) error
}

func (p pause) call(ctx context.Context, c core.Call) (any, error) {
	seconds := int64(numberOf(c.Params, "max_pause"))
	if seconds < 0 || boolOf(c.Params, "random") && seconds < 1 {
		return nil, core.FieldErrorf("max_pause", "max_pause needs to be a number of seconds that is not negative, and at least 1 with random; got %d", seconds)
	}
	if boolOf(c.Params, "random") {
		seconds = 1 + rand.Int64N(seconds)
	}
	if err := p.sleep(ctx, time.Duration(seconds)*time.Second); err != nil {
		return nil, err
	}
	return seconds, nil
}
