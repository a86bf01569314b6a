package redis

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
)

// watchEvery is how often Redis is asked whether it is there; settings are read again
// once in settingsEvery.
const (
	watchEvery    = time.Second
	settingsEvery = 30
)

// health is what the last calls said about Redis.
type health struct {
	mu    sync.Mutex
	since time.Time // when it went away; zero while it answers
	err   error
	risks string
}

func (h *health) up() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.since, h.err = time.Time{}, nil
}

func (h *health) down(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() {
		h.since = time.Now()
	}
	h.err = err
}

// risk notes what the settings may lose, and tells the log when that changes.
func (h *health) risk(risks []string, log *slog.Logger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := strings.Join(risks, "; ")
	if text != h.risks && text != "" {
		log.Warn("store: Redis may lose what it has acknowledged", "settings", text)
	}
	h.risks = text
}

func (h *health) durability() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.risks
}

// Health returns nil while Redis answers, else why it does not. Error kind: Unavailable.
func (s *Store) Health() error {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	if s.health.risks != "" && !s.o.AcceptLoss {
		return core.Errorf(core.Unavailable, "Redis at %s may lose what it acknowledges since its settings were changed: %s", s.addr, s.health.risks)
	}
	if s.health.since.IsZero() {
		return nil
	}
	away := time.Since(s.health.since).Round(time.Second)
	return core.Errorf(core.Unavailable, "Redis at %s has not answered for %v: %w", s.addr, away, s.health.err)
}

// Time asks Redis for its time, by which delays and leases run.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	t, err := s.client.Time(ctx).Result()
	if err != nil {
		return t, s.unavailable(err)
	}
	return t, nil
}

// watch looks after Redis when nobody else calls, and after changed settings.
func (s *Store) watch() {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
		}
		if n%settingsEvery == 0 {
			_ = s.checkSettings(s.ctx, s.client) // Health tells
		}
		if err := s.client.Ping(s.ctx).Err(); err != nil && s.ctx.Err() == nil {
			s.health.down(err)
			continue
		}
		s.health.up()
	}
}
