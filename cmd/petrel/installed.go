package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jinja"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/store"
)

// joinConfigs makes what keeps the configurations of packs. Templates in them see the
// datastore and nothing else. st2: metadata reference 9.2, dynamic values.
func (s *Server) joinConfigs(templates *jinja.Environment) {
	s.configs = pack.NewConfigs(pack.ConfigsConfig{
		Store: s.store, Seal: s.kv.Keys.Seal, Open: s.kv.Keys.Open,
		Render: func(ctx context.Context, template, user string) (string, error) {
			return templates.Render(ctx, template, expr.DictOf("st2kv", s.kv.lookups(user)))
		},
	})
}

// packConfig is what templates see as config_context.
func (s *Server) packConfig(ctx context.Context, pack, user string) (expr.Value, error) {
	settings, err := s.configs.Settings(ctx, pack, user)
	if err != nil {
		return nil, err
	}
	return expr.FromJSON(settings.Values)
}

// joinPacks makes what reads, installs and finds packs.
func (s *Server) joinPacks() (err error) {
	s.packs = &pack.Registrar{Store: s.store, Log: s.log, Declare: s.router.Declare, SaveRule: s.rules.Save, SavePolicy: s.engine.SavePolicy}
	s.installer = pack.NewInstaller(pack.InstallerConfig{
		Registrar: s.packs, Configs: s.configs,
		Folders:  &pack.Folders{Root: filepath.Join(s.cfg.Data, "installed"), Open: s.store.OpenArchive, Unpack: unpack},
		Shipped:  shipped,
		Check:    s.checkCode,
		FolderOf: s.dirs.folder, DeleteRule: s.rules.Delete, DeletePolicy: s.engine.DeletePolicy,
	})
	s.dirs.installed = s.installedDir
	if s.registry, err = registry.New(registry.Options{Indexes: s.cfg.Registries}); err != nil {
		return errors.Join(errors.New("registries"), err)
	}
	return nil
}

// packFolder makes the archive of a pack's folder.
func packFolder(w io.Writer, dir string) error {
	_, err := registry.Pack(w, os.DirFS(dir))
	return err
}

func unpack(archive io.Reader, dir, sha256 string) error {
	_, err := registry.Unpack(archive, dir, sha256, registry.DefaultLimits())
	return err
}

// installedDir returns where the files of an installed pack lie on this machine, "" for
// any other pack. Another server may have installed it: then they are fetched first.
func (s *Server) installedDir(ctx context.Context, ref string) (string, error) {
	digest, err := s.installer.Digest(ctx, ref)
	if err != nil || digest == "" {
		return "", err
	}
	return s.installer.Folders.Dir(ctx, ref, digest)
}

// versionDir returns where the files of exactly this version of a pack lie.
func (s *Server) versionDir(ctx context.Context, p *core.Pack) (string, error) {
	if p.Digest != "" {
		return s.installer.Folders.Dir(ctx, p.Ref, p.Digest)
	}
	if dir := s.dirs.folder(p.Ref); dir != "" {
		return dir, nil
	}
	return "", core.Errorf(core.Invalid, "the files of the pack %s are not on this machine", p.Ref)
}

// sweepPacksEvery is how often archives and folders that nobody needs are looked for.
const sweepPacksEvery = time.Hour

// runInstalled fetches what other servers install, and sweeps what nobody needs any more,
// until ctx is done.
func (s *Server) runInstalled(ctx context.Context) error {
	changes, err := s.store.Wakes(ctx, store.TopicCatalogue)
	if err != nil {
		return err
	}
	sweep := time.NewTicker(sweepPacksEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			if !open {
				changes = nil // the backend is closed, or ctx is done
			}
			s.fetchInstalled(ctx)
		case <-sweep.C:
			if err := s.installer.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("sweeping old packs", "error", err)
			}
		}
	}
}

// fetchInstalled makes sure of the files of all installed packs. What fails is tried again
// when the pack is used.
func (s *Server) fetchInstalled(ctx context.Context) {
	packs, err := s.installer.Installed(ctx)
	for ref, digest := range packs {
		if _, fault := s.installer.Folders.Dir(ctx, ref, digest); fault != nil {
			err = errors.Join(err, fault)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("an installed pack is not on this machine yet", "error", err)
	}
}
