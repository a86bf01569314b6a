package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
	"github.com/petrelhq/petrel/core/orchestrator"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/core/timer"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/builtin"
	"github.com/petrelhq/petrel/plugins/filewatch"
	"github.com/petrelhq/petrel/plugins/ssh"
	"github.com/petrelhq/petrel/plugins/winrm"
)

// join makes the parts and gives each what it needs of the others.
func (s *Server) join(ctx context.Context, news io.Writer) error {
	if err := s.joinAuth(ctx, news); err != nil {
		return err
	}
	if err := s.joinRouter(); err != nil {
		return err
	}
	if err := s.joinDatastore(ctx); err != nil {
		return err
	}
	templates := jinja.StackStorm(expr.Strict, s.kv.decrypt)
	s.joinConfigs(templates)
	if err := s.joinCode(ctx); err != nil {
		return err
	}
	if err := s.joinEngine(templates); err != nil {
		return err
	}
	s.rules = rules.New(rules.Config{
		Store: s.store, Log: s.log, User: systemUser(s.cfg), Request: s.engine.Request,
		Renderer: rules.NewRenderer(templates, s.kv.inPatterns), Acquire: s.router.Acquire, Release: s.router.Release,
	})
	if err := s.joinPacks(); err != nil {
		return err
	}
	s.metrics = newMetrics(s.store, s.engine)
	return s.joinAPI()
}

func (s *Server) joinAuth(ctx context.Context, news io.Writer) error {
	htpasswd, made, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	tellFirst(news, htpasswd, made)
	secret, err := s.store.Secret(ctx, "execution-tokens")
	if err != nil {
		return err
	}
	accounts, err := auth.NewAccounts(htpasswd, time.Now, s.log)
	if err != nil {
		return err
	}
	s.auth = auth.New(auth.Config{
		Store: s.store, Accounts: accounts, TTL: s.cfg.Auth.TokenTTL, Secret: func() []byte { return secret }, Log: s.log,
	})
	return nil
}

func (s *Server) joinRouter() (err error) {
	s.router = router.New(s.store, s.log)
	if s.router.Timing, err = s.cfg.timing(); err != nil {
		return err
	}
	s.sensors = router.NewSources(s.router, s.source)
	return nil
}

// source finds what runs a sensor.
func (s *Server) source(ctx context.Context, x core.Sensor) (core.Source, bool) {
	if x.Ref() == filewatch.Sensor {
		return filewatch.Source{Log: s.log}, true
	}
	return s.code.Source(ctx, x)
}

func (s *Server) joinDatastore(ctx context.Context) error {
	keys, err := openKeys(s.cfg.Data, s.cfg.Secrets)
	if err != nil {
		return err
	}
	s.kv, err = openKeyValues(ctx, datastore.Config{
		Store: s.store, Keys: keys, Log: s.log, Emit: s.router.EmitWatched, AcceptLost: s.cfg.Secrets.AcceptLost,
	})
	return err
}

// timing is how the configuration wants timers to behave.
func (c Config) timing() (t router.TimerSettings, err error) {
	if t.Zone, err = time.LoadLocation(c.Timers.Timezone); err != nil {
		return t, fmt.Errorf("timers.timezone: %q is no time zone this machine knows, such as Europe/Berlin", c.Timers.Timezone)
	}
	t.Misfire, err = timer.ParsePolicy(c.Timers.Misfire)
	if err != nil {
		return t, fmt.Errorf("timers.%w", err)
	}
	return t, nil
}

// joinEngine makes what carries executions and workflows, with its runners.
func (s *Server) joinEngine(templates *jinja.Environment) error {
	runners, err := s.runners()
	if err != nil {
		return err
	}
	s.engine = execution.New(execution.Config{
		Store: s.store, Log: s.log, Runners: runners,
		Templates: execution.Templates{Jinja: templates, KeyValues: s.kv.lookups, PackConfig: s.packConfig},
		Workers:   s.cfg.Actions.Workers, Drain: s.cfg.Actions.Drain,
		PackDir: s.dirs.of, Env: s.actionEnv,
		Wanted:     s.wanted,
		OnFinished: []execution.OnFinished{s.raiseActionTrigger},
		Raise:      s.router.EmitWatched,
	})
	s.flows = orchestrator.New(orchestrator.Config{
		Store: s.store, Executions: s.engine, Log: s.log, File: s.dirs.file, APIURL: s.apiURL(),
		Evaluator: orquesta.New(yaql.Options{}, functions.StackStorm(s.kv.decrypt)),
		Templates: templates,
		Lookups: func(x *core.Execution) *expr.Dict {
			return expr.DictOf("st2kv", s.kv.lookups(x.Context.User))
		},
		KeyValue: func(_ context.Context, user string) functions.Function { return s.kv.function(user) },
	})
	s.engine.Conductor = s.flows
	return nil
}

// runners are all there are, by the name of their runner type.
func (s *Server) runners() (map[string]core.Runner, error) {
	all := builtin.Runners(builtin.Config{
		SystemUser: s.cfg.Actions.SystemUser, MaxOutput: s.cfg.Actions.MaxResultSize,
		Version: version, Announce: s.announce, Inject: s.inject,
		Functions: builtin.KeyValueFunctions(actionKeys{s.kv}),
		SMTP: builtin.SMTP{
			Host: s.cfg.SMTP.Host, Port: s.cfg.SMTP.Port, Username: s.cfg.SMTP.Username,
			Password: s.cfg.SMTP.Password, TLS: s.cfg.SMTP.TLS, From: s.cfg.SMTP.From,
		},
		SSH: builtin.SSH{KeyFile: s.cfg.SSH.KeyFile},
	})
	var err error
	s.remote, err = ssh.New(ssh.Config{
		User: s.cfg.SSH.User, KeyFile: s.cfg.SSH.KeyFile, Agent: os.Getenv("SSH_AUTH_SOCK"),
		KnownHosts: s.cfg.SSH.KnownHosts, HostKeys: ssh.HostKeys(s.cfg.SSH.HostKeys), Connect: s.cfg.SSH.ConnectTimeout,
		MaxParallel: s.cfg.SSH.MaxParallel, MaxOutput: s.cfg.Actions.MaxResultSize,
		AllowPartialFailure: s.cfg.SSH.AllowPartialFailure, Log: s.log,
	})
	if err != nil {
		return nil, fmt.Errorf("ssh.%w", err)
	}
	for _, more := range []map[string]core.Runner{s.remote.Runners(), winrm.Runners(winrm.Config{MaxOutput: s.cfg.Actions.MaxResultSize}), s.code.Runners()} {
		for name, r := range more {
			all[name] = r
		}
	}
	return all, nil
}

// runnerTypes describes all runners and workflows.
func runnerTypes() []core.RunnerType {
	types := append(builtin.Types(), ssh.Types()...)
	types = append(types, winrm.Types()...)
	types = append(types, plugins.Types()...)
	return append(types, orchestrator.Types()...)
}

func (s *Server) joinAPI() (err error) {
	s.api, err = api.New(api.Config{
		Store: s.store, Auth: s.auth, Engine: s.engine, Router: s.router, Datastore: s.kv.Datastore,
		SaveRule: s.rules.Save, DeleteRule: s.rules.Delete,
		SaveAction: s.packs.SaveAction, DeleteAction: s.packs.DeleteAction,
		SavePolicy: s.engine.SavePolicy, DeletePolicy: s.engine.DeletePolicy,
		SaveTriggerType: s.packs.SaveTriggerType, DeleteTriggerType: s.packs.DeleteTriggerType,
		Packs: s.installer, Registry: s.registry, PermissionsUsed: s.permissionsUsed,
		PackDir: s.dirs.of, Backup: s.backup,
		Ready: s.ready, Metrics: s.metrics.handler(), Version: version, Log: s.log,
		MaxBody: s.cfg.API.MaxBody, CertFile: s.cfg.TLS.Cert, KeyFile: s.cfg.TLS.Key,
	})
	return err
}

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

// inject raises a trigger for core.inject_trigger.
func (s *Server) inject(ctx context.Context, trigger string, payload json.RawMessage, traceTag string) error {
	return s.injectAll(ctx, []core.Event{{Trigger: trigger, Payload: payload, TraceTag: traceTag}})
}
