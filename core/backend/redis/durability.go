package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// format numbers the layout of our keys. A newer one is refused.
const format = 1

// oldest is the oldest Redis whose scripts and CONFIG do what ours need.
const oldest = 7

// settingsError is what only the operator of Redis can change.
type settingsError string

func (e settingsError) Error() string { return string(e) }

func refuse(format string, args ...any) error { return settingsError(fmt.Sprintf(format, args...)) }

// A safeSetting is what a setting of Redis must be, or what may be lost.
type safeSetting struct{ name, want, loss string }

// safe are the settings under which Redis keeps what it has acknowledged.
var safe = []safeSetting{
	{"appendonly", "yes", "everything since the last snapshot may be lost when Redis stops"},
	{"appendfsync", "always", "up to a second or more of acknowledged events may be lost when Redis or its machine stops"},
	{"no-appendfsync-on-rewrite", "no", "what is acknowledged while Redis rewrites its file may be lost"},
	{"maxmemory-policy", "noeviction", "Redis may drop records and queued work when its memory is full"},
}

// greet is run on every new connection before it is used: a Redis that was restarted or
// failed over to is looked at afresh, and begins an epoch.
func (s *Store) greet(ctx context.Context, c *goredis.Conn) error {
	info, err := c.Info(ctx, "server", "replication").Result()
	if err != nil {
		return err
	}
	facts := factsOf(info)
	if facts["redis_mode"] == "sentinel" {
		return nil // it only tells where the primary is
	}
	if facts["role"] != "master" {
		return fmt.Errorf("it is a %s, and only a master takes writes", facts["role"]) // passes with the failover
	}
	if err := s.checkServer(facts); err != nil {
		return err
	}
	if err := s.checkSettings(ctx, c); err != nil {
		return err
	}
	newer, err := s.evaluate(ctx, c, connect, facts["run_id"], format, s.o.LeaseTTL.Microseconds())
	if err != nil {
		return err
	}
	if n, _ := newer.(int64); n != 0 {
		return refuse("the data in Redis at %s is of format %d, and this petrel knows formats up to %d: use a newer petrel, or another prefix", s.addr, n, format)
	}
	return nil
}

func factsOf(info string) map[string]string {
	facts := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			facts[name] = value
		}
	}
	return facts
}

func (s *Store) checkServer(facts map[string]string) error {
	major, _, _ := strings.Cut(facts["redis_version"], ".")
	if n, err := strconv.Atoi(major); err == nil && n < oldest {
		return refuse("Redis at %s is version %s; petrel needs %d or newer", s.addr, facts["redis_version"], oldest)
	}
	if facts["redis_mode"] == "cluster" {
		return refuse("Redis at %s is a cluster; petrel keeps everything on one primary: give it a Redis with cluster-enabled no, with Sentinel if it must fail over", s.addr)
	}
	return nil
}

// checkSettings refuses settings that lose acknowledged data, or notes what they lose.
func (s *Store) checkSettings(ctx context.Context, c configReader) error {
	risks, err := s.risks(ctx, c)
	if err != nil {
		return err
	}
	s.health.risk(risks, s.o.Log)
	if len(risks) == 0 || s.o.AcceptLoss {
		return nil
	}
	return refuse("Redis at %s may lose what it has acknowledged: %s. Change redis.conf and use CONFIG SET, or start petrel with --accept-loss", s.addr, strings.Join(risks, "; "))
}

// configReader is a client or one connection of it.
type configReader interface {
	ConfigGet(ctx context.Context, parameter string) *goredis.MapStringStringCmd
}

// risks says for each unsafe setting what it is, what it should be and what it may lose.
func (s *Store) risks(ctx context.Context, c configReader) ([]string, error) {
	var risks []string
	for _, w := range safe {
		got, err := c.ConfigGet(ctx, w.name).Result()
		var reply goredis.Error
		if errors.As(err, &reply) && !goredis.HasErrorPrefix(err, "LOADING") {
			return []string{fmt.Sprintf("its settings cannot be read (%v), so %s=%s and the like are not known", err, w.name, w.want)}, nil
		}
		if err != nil {
			return nil, err
		}
		if got[w.name] != w.want {
			risks = append(risks, fmt.Sprintf("`%s %s`: %s (set `%s %s`)", w.name, got[w.name], w.loss, w.name, w.want))
		}
	}
	return risks, nil
}

// Durability says what acknowledged data may be lost, by the settings of Redis as they
// were last seen; "" if none.
func (s *Store) Durability() string { return s.health.durability() }
