// Package api is the REST API on Fiber.
//
// There is one file per noun, one route table that carries the permissions (routes.go),
// one error table (errors.go), the event stream (stream.go, feed.go) and the webhooks
// (webhooks.go). Paths, shapes, codes and texts are StackStorm's, so that its clients
// work unchanged; st2: rest-api reference.
package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

// Engine asks for executions and ends them. Each method writes into tx; the errors are
// those of package execution.
type Engine interface {
	Request(ctx context.Context, tx *store.Tx, r core.Request) (*core.Execution, error)
	ReRun(ctx context.Context, tx *store.Tx, id string, r core.Request) (*core.Execution, error)
	Cancel(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	Pause(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	Resume(ctx context.Context, tx *store.Tx, id, user string) (*core.Execution, error)
	Respond(ctx context.Context, tx *store.Tx, id string, a execution.Answer) (*core.Execution, error)
}

// Router makes trigger instances. Each method writes into tx; the errors are those of
// package router.
type Router interface {
	Webhook(ctx context.Context, tx *store.Tx, d router.Delivery) (json.RawMessage, error)
	Emit(ctx context.Context, tx *store.Tx, e core.Event) (*core.TriggerInstance, error)
	ReEmit(ctx context.Context, tx *store.Tx, id string) (*core.TriggerInstance, error)
	// EmitWatched does nothing when no enabled rule names the trigger.
	EmitWatched(ctx context.Context, tx *store.Tx, e core.Event) error

	Timers
	Triggers
}

// Timers tells of timers. The error of Timer is NotFound.
type Timers interface {
	Timers(ctx context.Context) ([]router.TimerView, error)
	Timer(ctx context.Context, refOrID string) (router.TimerView, error)
}

// Triggers looks after triggers that no rule has asked for. The error of CheckTimer is
// Invalid and names the field; Remove takes the trigger's timer with it.
type Triggers interface {
	CheckTimer(typeRef string, parameters json.RawMessage) error
	Remove(ctx context.Context, tx *store.Tx, t *core.Trigger) error
}

// Config is what a Server needs.
type Config struct {
	Store     *store.Store
	Auth      *auth.Auth
	Engine    Engine
	Router    Router
	Datastore *datastore.Datastore
	Log       *slog.Logger
	Version   string

	// What checks and writes packs' content. A Save with create set is a Conflict, with
	// the ID of the one in the way, when the reference is taken; else it replaces the one
	// of the same id. Other errors are Invalid and name the field.
	SaveRule          func(ctx context.Context, tx *store.Tx, r *core.Rule, create bool) error
	DeleteRule        func(ctx context.Context, tx *store.Tx, r *core.Rule) error
	SaveAction        func(ctx context.Context, tx *store.Tx, a *core.Action, create bool) error
	DeleteAction      func(ctx context.Context, tx *store.Tx, a *core.Action) error
	SavePolicy        func(ctx context.Context, tx *store.Tx, p *core.Policy, create bool) error
	DeletePolicy      func(ctx context.Context, tx *store.Tx, p *core.Policy) error
	SaveTriggerType   func(ctx context.Context, tx *store.Tx, t *core.TriggerType, create bool) error
	DeleteTriggerType func(ctx context.Context, tx *store.Tx, t *core.TriggerType) error

	// Packs installs packs and keeps their configurations; Registry finds them by name.
	Packs    *pack.Installer
	Registry *registry.Registry
	// PermissionsUsed tells what a pack's code made use of on this server.
	PermissionsUsed func(pack string) []PermissionUse
	// PackDir returns the folder of a pack's files on this machine, "" if there is none.
	PackDir func(pack string) string
	// Backup copies everything into a new directory of the server's machine.
	Backup func(ctx context.Context, dir string) error
	// Ready says why the server should get no traffic now; nil when it should.
	Ready   func() error
	Metrics http.Handler

	MaxBody   int           // bytes of a request body; 0: 10 MiB. The setting is api.max_body.
	Deadline  time.Duration // of one request, streams excepted; 0: 30 s
	Heartbeat time.Duration // between signs of life on an idle stream; 0: 25 s
	Origins   []string      // web pages of these origins may call; the first is named to all others
	WebURL    string        // of the web UI, for links in executions
	PublicURL string        // of this API, told to those who log in; "" for none
	CertFile  string        // with KeyFile: serves HTTPS
	KeyFile   string
}

const (
	defaultMaxBody   = 10 << 20
	defaultDeadline  = 30 * time.Second
	defaultHeartbeat = 25 * time.Second
	defaultOrigin    = "http://127.0.0.1:3000" // st2: its own default
)

// Server is the API.
type Server struct {
	Config
	app    *fiber.App
	bodies bodySchemas
	defs   definitions
	names  store.Cached[*catalogue]
	feed   *feed
}

// New returns a server. It serves nothing until Serve.
func New(c Config) (*Server, error) {
	c = c.withDefaults()
	s := &Server{Config: c, names: store.Cached[*catalogue]{Load: loadCatalogue}}
	s.feed = newFeed(s)
	var err error
	if s.bodies, err = compileBodies(); err != nil {
		return nil, err
	}
	s.app = fiber.New(fiber.Config{
		AppName: "petrel", DisableStartupMessage: true, Immutable: true, CaseSensitive: true,
		BodyLimit: c.MaxBody, ReadBufferSize: 16 << 10, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorHandler: s.fail,
	})
	s.register()
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.Deadline == 0 {
		c.Deadline = defaultDeadline
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = defaultHeartbeat
	}
	if len(c.Origins) == 0 {
		c.Origins = []string{defaultOrigin}
	}
	return c
}

// Serve answers on ln until ctx is done. Then it takes no more requests, closes the streams,
// lets running requests finish and returns.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ln, err := s.listener(ln)
	if err != nil {
		return err
	}
	streams, closeStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer closeStreams()
	following := make(chan error, 1)
	go func() { following <- s.feed.Run(streams) }()
	serving := make(chan error, 1)
	go func() { serving <- s.app.Listener(ln) }()

	select {
	case <-ctx.Done():
		closeStreams()
		err = s.app.ShutdownWithTimeout(s.Deadline)
		ln.Close() // when it was not served yet, Shutdown knows nothing of it
		err = errors.Join(err, served(<-serving), <-following)
	case err = <-serving:
		closeStreams()
		err = errors.Join(served(err), <-following)
	case err = <-following:
		err = errors.Join(err, s.app.ShutdownWithTimeout(s.Deadline), served(<-serving))
	}
	return err
}

// served tells an orderly end from a failure.
func served(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) listener(ln net.Listener) (net.Listener, error) {
	ln = patientListener{ln}
	if s.CertFile == "" && s.KeyFile == "" {
		return ln, nil
	}
	cert, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("tls.cert and tls.key: %w", err)
	}
	return tls.NewListener(ln, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}), nil
}
