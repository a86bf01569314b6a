package plugins

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Run closes code that is outdated, removed or idle, until ctx is done; then all of it,
// after the calls under way.
func (l *Loader) Run(ctx context.Context) error {
	var wakes <-chan struct{}
	if l.Wakes != nil {
		var err error
		if wakes, err = l.Wakes(ctx); err != nil {
			return err
		}
	}
	defer l.shut()
	tick := time.NewTicker(l.Look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-wakes:
			if !open {
				wakes = nil
			}
		case <-tick.C:
		}
		l.look(ctx)
	}
}

// look compares what is open with the catalogue.
func (l *Loader) look(ctx context.Context) {
	l.mu.Lock()
	open := make([]*loaded, 0, len(l.open))
	for _, x := range l.open {
		open = append(open, x)
	}
	l.mu.Unlock()
	for _, x := range open {
		outdated, err := l.outdated(ctx, x)
		if err != nil && ctx.Err() == nil {
			l.Log.Warn("cannot see whether the code of a pack is up to date; trying again", "pack", x.code.Pack, "error", err)
		}
		l.mu.Lock()
		if outdated || x.uses == 0 && l.Now().Sub(x.since) > l.Idle {
			l.retire(x)
		}
		l.mu.Unlock()
	}
}

// outdated reports whether the catalogue or the folder has another version.
func (l *Loader) outdated(ctx context.Context, x *loaded) (bool, error) {
	p, err := l.Pack(ctx, x.code.Pack)
	if core.KindOf(err) == core.NotFound {
		return true, nil
	}
	if err != nil || p.Digest != x.version.digest {
		return err == nil, err
	}
	c := x.code
	if r, err := runtimeOf(p); err == nil && r.File() == c.Runtime.File() {
		c.Runtime = r
	}
	v, err := versionOf(c, p.Digest)
	if core.KindOf(err) == core.Invalid {
		return false, nil // being built anew: the old one serves until then
	}
	return err == nil && v != x.version, err
}

// shut closes everything, waiting for the calls under way and for what is being opened.
func (l *Loader) shut() {
	l.mu.Lock()
	l.closed = true
	for _, x := range l.open {
		l.retire(x)
	}
	l.mu.Unlock()
	l.tasks.Wait()
	l.clients.close()
}
