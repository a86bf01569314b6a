package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/supervise"
	"github.com/petrelhq/petrel/plugins/builtin"
)

// Server is the whole program, put together top to bottom:
//
//	POST /webhooks/x            GET /executions        SSE /stream
//	        │                          ▲                    ▲
//	  ┌─────▼──────────────────────────┴────────────────────┴─────┐
//	  │ api          routes, permissions, shapes, event stream    │
//	  └─────┬───────────────────────────────────────────▲─────────┘
//	        ▼                                           │
//	     router ──"triggers"──► rules ──"executions"──► execution ──► builtin runners
//	        ▲                                           │
//	        └──────────────"finished"───────────────────┘
//	  ┌───────────────────────────────────────────────────────────┐
//	  │ store        typed collections, one Tx per unit of work   │
//	  │ local        Pebble in one directory                      │
//	  └───────────────────────────────────────────────────────────┘
type Server struct {
	cfg  Config
	log  *slog.Logger
	disk *local.Store

	store   *store.Store
	auth    *auth.Auth
	router  *router.Router
	rules   *rules.Engine
	engine  *execution.Engine
	packs   *pack.Registrar
	dirs    store.Cached[map[string]string]
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
	s := &Server{cfg: cfg, log: log, tasks: supervise.Supervisor{Log: log}}
	s.dirs.Load = packDirs
	if err := s.open(ctx, news); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.supervise()
	return s, nil
}

// open does what can fail before anything runs.
func (s *Server) open(ctx context.Context, news io.Writer) (err error) {
	if s.disk, err = local.Open(filepath.Join(s.cfg.Data, "store"), local.Options{Log: s.log}); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.Listen); err != nil {
		return fmt.Errorf("listen: %w (is another server running there? choose another address with --listen)", err)
	}
	s.store = store.New(s.disk, time.Now)
	if err := s.checkClock(ctx); err != nil {
		return err
	}
	if err := s.join(ctx, news); err != nil {
		return err
	}
	return s.register(ctx)
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

// join makes the parts and gives each what it needs of the others.
func (s *Server) join(ctx context.Context, news io.Writer) error {
	cfg, st := s.cfg, s.store
	templates := jinja.StackStorm(expr.Strict, nil)

	htpasswd := cfg.Auth.Htpasswd
	if htpasswd == "" {
		htpasswd = filepath.Join(cfg.Data, "htpasswd")
	}
	if err := firstStart(htpasswd, news); err != nil {
		return err
	}
	secret, err := st.Secret(ctx, "execution-tokens")
	if err != nil {
		return err
	}
	accounts, err := auth.NewAccounts(htpasswd, time.Now, s.log)
	if err != nil {
		return err
	}
	s.auth = auth.New(auth.Config{
		Store: st, Accounts: accounts, TTL: cfg.Auth.TokenTTL, Secret: func() []byte { return secret }, Log: s.log,
	})

	s.router = router.New(st, s.log)
	s.engine = execution.New(execution.Config{
		Store: st, Log: s.log,
		Runners: builtin.Runners(builtin.Config{
			SystemUser: cfg.Actions.SystemUser, MaxOutput: cfg.Actions.MaxResultSize,
			Version: version, Announce: s.announce,
		}),
		Templates: execution.Templates{Jinja: templates, KeyValues: noKeyValues, PackConfig: noPackConfig},
		Workers:   cfg.Actions.Workers, Drain: cfg.Actions.Drain,
		PackDir: s.packDir, Env: s.actionEnv,
		Wanted:     s.wanted,
		OnFinished: []execution.OnFinished{s.raiseActionTrigger},
	})
	s.rules = rules.New(rules.Config{
		Store: st, Log: s.log, User: systemUser(cfg), Request: s.engine.Request,
		Renderer: rules.NewRenderer(templates, patternNames), Acquire: s.router.Acquire, Release: s.router.Release,
	})
	s.packs = &pack.Registrar{Store: st, Log: s.log, Declare: s.router.Declare, SaveRule: s.rules.Save}
	s.metrics = newMetrics(st, s.engine)
	return s.makeAPI()
}

func (s *Server) makeAPI() (err error) {
	s.api, err = api.New(api.Config{
		Store: s.store, Auth: s.auth, Engine: s.engine, Router: s.router,
		SaveRule: s.rules.Save, DeleteRule: s.rules.Delete,
		SaveAction: s.packs.SaveAction, DeleteAction: s.packs.DeleteAction,
		SaveTriggerType: s.packs.SaveTriggerType, DeleteTriggerType: s.packs.DeleteTriggerType,
		PackDir: s.packDir, Backup: s.backup,
		Ready: s.ready, Metrics: s.metrics.handler(), Version: version, Log: s.log,
		MaxBody: s.cfg.API.MaxBody, CertFile: s.cfg.TLS.Cert, KeyFile: s.cfg.TLS.Key,
	})
	return err
}

// supervise lists what runs, in the order of dependence: the API is the last to start
// and the first to stop.
func (s *Server) supervise() {
	s.tasks.Add("housekeeping", s.housekeep)
	s.tasks.Add("executions", s.engine.Run)
	s.tasks.Add("rules", s.rules.Run)
	s.tasks.Add("api", func(ctx context.Context) error { return s.api.Serve(ctx, s.listener) })
}

// Addr returns the address the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

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
	if s.disk != nil {
		errs = append(errs, s.disk.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) ready() error { return s.tasks.Health() }

// wanted reports whether anybody waits for a finished execution: so far, rules on the
// action trigger.
func (s *Server) wanted(ctx context.Context, tx *store.Tx, _ *core.Execution) (bool, error) {
	return s.router.WantsFinished(ctx, tx)
}

func (s *Server) raiseActionTrigger(ctx context.Context, tx *store.Tx, x *core.Execution) error {
	masked, err := s.engine.MaskedParameters(ctx, x)
	if err != nil {
		return err
	}
	result, err := s.store.Result(ctx, x)
	if err != nil {
		return err
	}
	return s.router.Finished(ctx, tx, x, masked, result)
}

// announce puts an announcement on the event stream.
func (s *Server) announce(ctx context.Context, route string, payload json.RawMessage) error {
	message, err := json.Marshal(map[string]json.RawMessage{"payload": payload})
	if err != nil {
		return err
	}
	return s.store.Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		tx.Announce(route, message)
		return nil
	})
}

// actionEnv is what every action finds in its environment.
// st2: runners reference, environment variables.
func (s *Server) actionEnv(x *core.Execution) []string {
	url := s.cfg.API.URL
	if url == "" {
		url = s.URL() + "/api"
	}
	return []string{
		"ST2_ACTION_PACK_NAME=" + x.Context.Pack,
		execution.MarkVariable + "=" + x.ID,
		"ST2_ACTION_API_URL=" + strings.TrimRight(url, "/") + "/v1",
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

// housekeep trims the change log and removes expired tokens, now and then.
func (s *Server) housekeep(ctx context.Context) error {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	var mark store.TrimMark
	for {
		var err error
		if mark, err = s.store.TrimChanges(ctx, mark); err == nil {
			err = s.auth.Sweep(ctx)
		}
		if err == nil {
			err = s.router.ForgetDeliveries(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("housekeeping", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// firstStart makes the first account and says so once.
func firstStart(htpasswd string, news io.Writer) error {
	made, err := auth.FirstStart(htpasswd, os.Getenv)
	os.Unsetenv("PETREL_ADMIN_PASSWORD") // actions inherit the environment
	if err != nil || made == nil {
		return err
	}
	fmt.Fprintf(news, "First start: made the account %q in %s\n", made.User, htpasswd)
	if made.Password != "" {
		fmt.Fprintf(news, "Its password, shown only now: %s\n", made.Password)
	}
	return nil
}
