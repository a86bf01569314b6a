package redis

import (
	"log/slog"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/petrelhq/petrel/core"
)

// Options are all optional; the zero value is right for a server.
//
// The url given to Open is one of
//
//	redis://[user:password@]host[:port][/db]
//	redis+sentinel://[user:password@]host[:port],host[:port]/master[/db][?sentinel_password=…]
//
// or the same with rediss for TLS. It may name a prefix (?prefix=…) and a file of CA
// certificates (?ca=…); what Options say counts more.
type Options struct {
	Prefix     string        // tells installations on one Redis apart; "petrel" if empty
	CAFile     string        // whom to trust for rediss; the system's certificates if empty
	LeaseTTL   time.Duration // how long after a process's last Beat others get its work; 10 s if 0
	Patience   time.Duration // how long a call is repeated while Redis is away; 10 s if 0
	AcceptLoss bool          // open a Redis whose settings may lose acknowledged data
	Log        *slog.Logger  // slog.Default() if nil
}

// A connection that does not answer is given up after these times, so one that is open
// only on our side is noticed within 15 s even when a dial follows a read.
const (
	dialTimeout  = 3 * time.Second
	readTimeout  = 4 * time.Second
	writeTimeout = 4 * time.Second
)

func (o Options) withDefaults() Options {
	if o.LeaseTTL == 0 {
		o.LeaseTTL = 10 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// dial makes the client; it connects with the first call.
func (s *Store) dial(text string) error {
	t, err := s.o.parse(text)
	if err != nil {
		return err
	}
	if strings.ContainsAny(s.o.Prefix, "{}") {
		return core.FieldErrorf("prefix", "store: prefix %q must have no braces", s.o.Prefix)
	}
	s.addr = strings.Join(t.hosts, ",")
	if t.master != "" {
		s.client = goredis.NewFailoverClient(s.failoverOptions(t))
		return nil
	}
	s.client = goredis.NewClient(s.clientOptions(t))
	return nil
}

// clientOptions turns off go-redis's own repeats: ours carry a number.
func (s *Store) clientOptions(t target) *goredis.Options {
	return &goredis.Options{
		Addr: t.hosts[0], Username: t.user, Password: t.password, DB: t.db, TLSConfig: t.tls,
		Protocol: 2, ClientName: "petrel", DisableIdentity: true,
		OnConnect:  s.greet,
		MaxRetries: -1, DialerRetries: 1,
		DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		ContextTimeoutEnabled:    true,
		PoolSize:                 connections,
		PipelinePoolSize:         lanes,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func (s *Store) failoverOptions(t target) *goredis.FailoverOptions {
	return &goredis.FailoverOptions{
		MasterName: t.master, SentinelAddrs: t.hosts, SentinelPassword: t.sentinelPassword,
		Username: t.user, Password: t.password, DB: t.db, TLSConfig: t.tls,
		Protocol: 2, ClientName: "petrel", DisableIdentity: true,
		OnConnect:  s.greet,
		MaxRetries: -1, DialerRetries: 1,
		DialTimeout: dialTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		ContextTimeoutEnabled: true,
		PoolSize:              connections,
		PipelinePoolSize:      lanes,
	}
}

// connections bounds the pool: Pulls, Scans and Subscribes; Applies and Gets share lanes.
const connections = 32

// tag begins every key: one hash tag, so that all are in one slot.
func (s *Store) tag() string { return "{" + s.o.Prefix + "}" }
