package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/orchestrator"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/supervise"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/process"
	"github.com/petrelhq/petrel/plugins/ssh"
	"github.com/petrelhq/petrel/plugins/wasm"
)

// Server is the whole program, put together top to bottom:
//
//	POST /webhooks/x            GET /executions        SSE /stream
//	        │                          ▲                    ▲
//	  ┌─────▼──────────────────────────┴────────────────────┴─────┐
//	  │ api          routes, permissions, shapes, event stream    │
//	  └─────┬───────────────────────────────────────────▲─────────┘
//	        ▼                                           │
//	     router ──"triggers"──► rules ──"executions"──► execution ──► runners, code of packs
//	        ▲                                           │
//	        └──────────────"finished"───────────────────┘
//	  ┌───────────────────────────────────────────────────────────┐
//	  │ store        typed collections, one Tx per unit of work   │
//	  │ local        Pebble in one directory, or redis for many   │
//	  └───────────────────────────────────────────────────────────┘
type Server struct {
	cfg  Config
	log  *slog.Logger
	back backend.Backend

	store   *store.Store
	auth    *auth.Auth
	router  *router.Router
	rules   *rules.Engine
	engine  *execution.Engine
	flows   *orchestrator.Orchestrator
	packs   *pack.Registrar
	configs *pack.Configs
	sensors *router.Sources
	remote  *ssh.Carrier
	kv      keyValues
	dirs    packDirs

	installer *pack.Installer
	wasm      *wasm.Engine
	process   *process.Carrier
	code      *plugins.Loader
	registry  *registry.Registry

	api     *api.Server
	metrics *metrics
	tasks   supervise.Supervisor

	listener net.Listener
}

// NewServer opens the data directory and the listener, registers packs and puts
// everything together. Nothing runs before Run. First-start news goes to news.
func NewServer(ctx context.Context, cfg Config, log *slog.Logger, news io.Writer) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := cfg.makeAbsolute(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: log, dirs: packDirs{log: log}, tasks: supervise.Supervisor{Log: log}}
	if err := s.open(ctx, news); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.supervise()
	return s, nil
}

// open does what can fail before anything runs.
func (s *Server) open(ctx context.Context, news io.Writer) error {
	if err := s.openBackend(ctx); err != nil {
		return err
	}
	if err := s.listen(ctx); err != nil {
		return err
	}
	s.store = store.New(s.back, time.Now)
	if err := s.checkClock(ctx); err != nil {
		return err
	}
	if err := s.join(ctx, news); err != nil {
		return err
	}
	return s.register(ctx)
}

// releaseTime is how long a killed server's address may stay taken: a process that it was
// just starting holds it until that runs.
const releaseTime = 2 * time.Second

func (s *Server) listen(ctx context.Context) (err error) {
	if !s.cfg.has(roleAPI) {
		return nil
	}
	deadline := time.Now().Add(releaseTime)
	for {
		s.listener, err = net.Listen("tcp", s.cfg.Listen)
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) || ctx.Err() != nil {
			break
		}
		time.Sleep(50 * time.Millisecond) // the system tells nobody when an address is free
	}
	if err != nil {
		return fmt.Errorf("listen: %w (is another server running there? choose another address with --listen)", err)
	}
	return nil
}

// backwards is how far behind the newest record a clock may be before it is remarked on.
const backwards = 5 * time.Second

// checkClock says so when the clock was set back. Nothing is lost by that: versions and
// queues do not depend on it; but lists go by time, and delays count from it.
func (s *Server) checkClock(ctx context.Context) error {
	newest, _, err := s.store.Executions().List(ctx, store.Query{Limit: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	if behind := newest[0].Start.Sub(s.store.Time()); behind > backwards {
		s.log.Warn("the clock is behind the newest execution: new ones will be listed before it, and delayed ones wait longer; set the clock",
			"behind", behind, "newest", newest[0].Start)
	}
	return nil
}

// supervise lists what runs, in the order of dependence: the API is the last to start
// and the first to stop, the lease on work in hand the first and the last.
func (s *Server) supervise() {
	s.tasks.Add("lease", func(ctx context.Context) error { return s.store.KeepLease(ctx, s.log, s.leaseLost) })
	s.tasks.Add("catalogue", s.store.FollowCatalogue)
	s.tasks.Add("installed packs", s.runInstalled)
	s.tasks.Add("code of packs", s.runCode) // before what uses it, so that it ends after
	if s.cfg.has(roleWorker) {
		s.tasks.Add("connections", s.remote.Run)
		s.tasks.Add("executions", s.engine.Run)
	}
	if s.cfg.has(roleRouter) {
		s.tasks.Add("housekeeping", s.housekeep)
		s.tasks.Add("finished executions", s.engine.RunFinished)
		s.tasks.Add("rules", s.rules.Run)
		s.tasks.Add("timers", s.router.RunTimers)
	}
	if s.cfg.has(roleSensors) {
		s.tasks.Add("sensors", s.sensors.Run)
	}
	if s.cfg.has(roleAPI) {
		s.tasks.Add("api", func(ctx context.Context) error { return s.api.Serve(ctx, s.listener) })
	}
}

// leaseLost ends what this server has in hand: others may have taken it over.
func (s *Server) leaseLost(err error) {
	s.engine.LeaseLost(err)
	s.sensors.LeaseLost(err)
}

// Addr returns the address the server listens on, or where it would with the role api.
func (s *Server) Addr() string {
	if s.listener == nil {
		return s.cfg.Listen
	}
	return s.listener.Addr().String()
}

// URL returns where clients on this machine find the server.
func (s *Server) URL() string {
	if s.cfg.TLS.Cert != "" {
		return "https://" + s.Addr()
	}
	return "http://" + s.Addr()
}

// Run serves until ctx is done and everything has come to rest.
func (s *Server) Run(ctx context.Context) { s.tasks.Run(ctx) }

// Close gives the data directory and the listener free.
func (s *Server) Close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.back != nil {
		errs = append(errs, s.back.Close())
	}
	return errors.Join(errs...)
}

// ready returns nil when everything runs and the store answers, else what is wrong.
func (s *Server) ready() error {
	err := s.tasks.Health()
	if b, ok := s.back.(backend.Healthy); ok {
		err = errors.Join(err, b.Health())
	}
	return err
}

// apiURL is where actions find the API.
func (s *Server) apiURL() string {
	return strings.TrimRight(cmp.Or(s.cfg.API.URL, s.URL()+"/api"), "/") + "/v1"
}

// actionEnv is what every action finds in its environment.
// st2: runners reference, environment variables.
func (s *Server) actionEnv(x *core.Execution) []string {
	return []string{
		"ST2_ACTION_PACK_NAME=" + x.Context.Pack,
		execution.MarkVariable + "=" + x.ID,
		"ST2_ACTION_API_URL=" + s.apiURL(),
		"ST2_ACTION_AUTH_TOKEN=" + s.auth.ExecutionToken(x),
		"ST2_ACTION_DEBUG=False",
	}
}

// systemUser is whom rules act for. st2: system_user.user.
func systemUser(cfg Config) string {
	if cfg.Actions.SystemUser != "" {
		return cfg.Actions.SystemUser
	}
	return "stanley"
}

// tellFirst says once which account the first start made.
func tellFirst(news io.Writer, htpasswd string, made *auth.FirstAdmin) {
	if made == nil {
		return
	}
	fmt.Fprintf(news, "First start: made the account %q in %s\n", made.User, htpasswd)
	if made.Password != "" {
		fmt.Fprintf(news, "Its password, shown only now: %s\n", made.Password)
	}
}
