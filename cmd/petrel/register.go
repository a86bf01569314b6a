package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/packs"
	"github.com/petrelhq/petrel/plugins/builtin"
)

// register stores the runners, the shipped packs and the packs of the configured
// directories. A pack that cannot be read is said so and left as it was; the server
// starts all the same.
func (s *Server) register(ctx context.Context) error {
	err := s.store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		return s.packs.Runners(ctx, tx, builtin.Types())
	})
	if err != nil {
		return err
	}
	if err := s.registerAll(ctx, packs.Shipped, ""); err != nil {
		return fmt.Errorf("shipped packs: %w", err)
	}
	for _, dir := range append([]string{filepath.Join(s.cfg.Data, "packs")}, s.cfg.Packs...) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := s.registerAll(ctx, os.DirFS(dir), dir); err != nil {
			s.log.Error("packs", "directory", dir, "error", err)
		}
	}
	return nil
}

// registerAll registers every folder with a pack.yaml; path is where they lie on disk.
func (s *Server) registerAll(ctx context.Context, fsys fs.FS, path string) error {
	folders, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range folders {
		if _, err := fs.Stat(fsys, f.Name()+"/pack.yaml"); !f.IsDir() || err != nil {
			continue
		}
		where := ""
		if path != "" {
			where = filepath.Join(path, f.Name())
		}
		errs = append(errs, s.registerOne(ctx, fsys, f.Name(), where))
	}
	return errors.Join(errs...)
}

func (s *Server) registerOne(ctx context.Context, fsys fs.FS, name, path string) error {
	sub, err := fs.Sub(fsys, name)
	if err != nil {
		return err
	}
	content, errs := pack.Read(sub, name)
	if len(errs) > 0 {
		return fmt.Errorf("pack %s is not registered: %w", name, errors.Join(errs...))
	}
	for _, w := range content.Warnings {
		s.log.Warn("pack", "pack", name, "warning", w)
	}
	err = s.store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		return s.packs.Register(ctx, tx, content, path)
	})
	if err != nil {
		return fmt.Errorf("pack %s is not registered: %w", name, err)
	}
	return nil
}

// packDirs maps packs to where their files lie on this machine.
func packDirs(ctx context.Context, st *store.Store) (map[string]string, error) {
	all, err := st.Packs().All(ctx)
	dirs := make(map[string]string, len(all))
	for _, p := range all {
		dirs[p.Ref] = p.Path
	}
	return dirs, err
}

// packDir returns where a pack's files lie on this machine; "" for shipped ones, whose
// actions need none.
func (s *Server) packDir(ref string) string {
	dirs, err := s.dirs.Now(context.Background(), s.store)
	if err != nil {
		s.log.Error("cannot look up a pack's folder", "pack", ref, "error", err)
	}
	return dirs[ref]
}
