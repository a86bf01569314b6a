package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/process"
	"github.com/petrelhq/petrel/plugins/wasm"
)

// wasmChild is the hidden command that runs one WASM module for a server.
const wasmChild = "wasm-child"

func wasmChildCommand() *cobra.Command {
	return &cobra.Command{
		Use: wasmChild, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return wasm.ServeChild(c.Context(), c.InOrStdin(), os.Stdout)
		},
	}
}

// joinCode makes what runs the code of packs.
func (s *Server) joinCode(ctx context.Context) (err error) {
	s.wasm, err = wasm.New(wasm.Config{
		CacheDir: filepath.Join(s.cfg.Data, "wasm"), Memory: s.cfg.WASM.Memory, MaxInstances: s.cfg.WASM.Instances,
		MaxOutput: s.cfg.Actions.MaxResultSize, Log: s.log, Child: []string{"/proc/self/exe", wasmChild},
	})
	if err != nil {
		return fmt.Errorf("wasm: %w", err)
	}
	if err := s.sweepProcesses(ctx); err != nil {
		return err
	}
	s.code = plugins.New(plugins.Config{
		Carriers:  map[string]plugins.Carrier{core.RuntimeWASM: s.openWASM, core.RuntimeProcess: s.openProcess},
		Log:       s.log,
		Pack:      func(ctx context.Context, ref string) (*core.Pack, error) { return s.installer.Record(ctx, ref) },
		Dir:       s.versionDir,
		Grant:     s.granted,
		Settings:  s.settings,
		Keys:      codeKeys(s.kv),
		Inject:    s.injectAll,
		RunAction: s.runForCode,
		Above:     s.above,
		Waiting:   s.cfg.Actions.Workers - 1,
		MaxOutput: s.cfg.Actions.MaxResultSize,
		Wakes:     func(ctx context.Context) (<-chan struct{}, error) { return s.store.Wakes(ctx, store.TopicCatalogue) },
	})
	return nil
}

// sweepProcesses makes what runs packs' executables, and ends what an earlier server on
// this directory has left running of them.
func (s *Server) sweepProcesses(ctx context.Context) error {
	sockets := filepath.Join(s.cfg.Data, "plugins")
	if err := os.MkdirAll(sockets, 0o700); err != nil {
		return err
	}
	s.process = process.New(process.Config{Log: s.log, Dir: sockets})
	return s.process.Sweep(ctx)
}

func (s *Server) openWASM(ctx context.Context, c plugins.Code) (plugins.Plugin, error) {
	module, err := os.ReadFile(c.File())
	if err != nil {
		return nil, core.Errorf(core.Invalid, "the module of the pack %s cannot be read: %w", c.Pack, err)
	}
	if s.cfg.WASM.Isolation == core.RuntimeProcess {
		c.Runtime.Isolation = core.RuntimeProcess
	}
	return s.wasm.Load(ctx, module, c.Runtime, c.Pack)
}

func (s *Server) openProcess(ctx context.Context, c plugins.Code) (plugins.Plugin, error) {
	return s.process.Start(ctx, c.Runtime, c.Dir, c.Pack)
}

// runCode keeps the code of packs loaded, and gives it free when ctx is done.
func (s *Server) runCode(ctx context.Context) error {
	err := s.code.Run(ctx)
	return errors.Join(err, s.wasm.Close(context.WithoutCancel(ctx)))
}

// checkCode holds a pack's code against its metadata before it is installed.
func (s *Server) checkCode(ctx context.Context, content *pack.Content, dir string) error {
	return s.code.Check(ctx, dir, plugins.Content{Pack: &content.Pack, Actions: content.Actions, Sensors: content.Sensors})
}

func (s *Server) granted(ctx context.Context, ref string) (core.Permissions, error) {
	g, err := s.installer.Grant(ctx, ref)
	return g.Permissions, err
}

func (s *Server) settings(ctx context.Context, ref, user string) (plugins.Settings, error) {
	x, err := s.configs.Settings(ctx, ref, user)
	return plugins.Settings(x), err
}

// permissionsUsed is what `petrel pack permissions` shows.
func (s *Server) permissionsUsed(ref string) []api.PermissionUse {
	var all []api.PermissionUse
	for _, u := range s.code.Used(ref) {
		all = append(all, api.PermissionUse(u))
	}
	return all
}

// injectAll raises the events of an action, all in one step.
func (s *Server) injectAll(ctx context.Context, events []core.Event) error {
	return s.store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		for _, e := range events {
			if _, err := s.router.Emit(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// above counts the executions above one, each the parent of the next, up to most.
func (s *Server) above(ctx context.Context, id string, most int) (n int, err error) {
	for ; n < most; n++ {
		x, err := s.store.Executions().Get(ctx, id)
		if err != nil || x.Parent == "" {
			return n, err
		}
		id = x.Parent
	}
	return n, nil
}

// codeRun is an execution that a pack's code asks for as a request.
func (s *Server) codeRun(ctx context.Context, r plugins.RunRequest) (core.Request, error) {
	q := core.Request{Action: r.Action, Parameters: r.Params, User: r.User}
	if q.User == "" {
		q.User = systemUser(s.cfg)
	}
	if r.Execution == "" {
		return q, nil
	}
	parent, err := s.store.Executions().Get(ctx, r.Execution)
	if err != nil {
		return q, err
	}
	q.Root = parent.RootID()
	q.Context.Trace = parent.Context.Trace
	q.Context.Parent = &core.ParentContext{Execution: parent.ID, User: parent.Context.User, Pack: r.Pack}
	return q, nil
}
