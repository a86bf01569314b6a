package redis_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// TestUnsafeSettingsAreRefused, each by its name and with the fix, unless loss is accepted.
func TestUnsafeSettingsAreRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := raw(t, server.Addr)
	quiet := slog.New(slog.DiscardHandler)
	for _, c := range []struct{ name, bad, good string }{
		{"appendfsync", "everysec", "always"},
		{"appendonly", "no", "yes"},
		{"no-appendfsync-on-rewrite", "yes", "no"},
		{"maxmemory-policy", "allkeys-lru", "noeviction"},
	} {
		if err := client.ConfigSet(t.Context(), c.name, c.bad).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := redis.Open(t.Context(), server.URL(), redis.Options{Log: quiet})
		if core.KindOf(err) != core.Invalid {
			t.Fatalf("%s %s: %v, want kind invalid", c.name, c.bad, err)
		}
		for _, want := range []string{"`" + c.name + " " + c.bad + "`", "set `" + c.name + " " + c.good + "`", "--accept-loss", server.Addr} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: the message %q does not name %s", c.name, c.bad, err, want)
			}
		}
		s := open(t, server.URL(), redis.Options{AcceptLoss: true})
		must(t, s, backend.Put("c/a", nil))
		if d := s.Durability(); !strings.Contains(d, c.name) {
			t.Errorf("%s %s: durability says %q", c.name, c.bad, d)
		}
		if err := s.Health(); err != nil {
			t.Errorf("%s %s with accepted loss: %v", c.name, c.bad, err)
		}
		if err := client.ConfigSet(t.Context(), c.name, c.good).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if d := open(t, server.URL(), redis.Options{}).Durability(); d != "" {
		t.Errorf("with safe settings durability says %q", d)
	}
}

// TestSettingsAreReadAgain on each new connection: a Redis that has become unsafe takes
// no more writes.
func TestSettingsAreReadAgain(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{Patience: 200 * time.Millisecond})
	must(t, s, backend.Put("c/a", nil))
	client := raw(t, server.Addr)
	if err := client.ConfigSet(t.Context(), "appendfsync", "everysec").Err(); err != nil {
		t.Fatal(err)
	}
	client.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes")
	eventually(t, "refusal", func() bool {
		_, err := s.Apply(t.Context(), backend.Wait, backend.Put("c/a", nil))
		return errors.Is(err, backend.ErrUnavailable)
	})
	if err := s.Health(); err == nil || !strings.Contains(err.Error(), "appendfsync") {
		t.Errorf("Health: %v", err)
	}
	if err := client.ConfigSet(t.Context(), "appendfsync", "always").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "writes", func() bool {
		_, err := s.Apply(t.Context(), backend.Wait, backend.Put("c/a", nil))
		return err == nil
	})
	if err := s.Health(); err != nil {
		t.Errorf("Health: %v", err)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	open(t, server.URL(), redis.Options{}).Close()
	if err := raw(t, server.Addr).HSet(t.Context(), "{petrel}:meta", "format", 99).Err(); err != nil {
		t.Fatal(err)
	}
	_, err := redis.Open(t.Context(), server.URL(), redis.Options{Log: slog.New(slog.DiscardHandler)})
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "99") {
		t.Errorf("Open of data of format 99: %v", err)
	}
	open(t, server.URL()+"?prefix=another", redis.Options{}) // is another installation
}
