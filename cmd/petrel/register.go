package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/packs"
)

// register stores the runners, the shipped packs and the packs of the configured
// directories. A pack that cannot be read is said so and left as it was; the server
// starts all the same.
func (s *Server) register(ctx context.Context) error {
	err := s.store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		return s.packs.Runners(ctx, tx, runnerTypes())
	})
	if err != nil {
		return err
	}
	shipped := filepath.Join(s.cfg.Data, "shipped")
	if err := packs.Unpack(shipped); err != nil {
		return fmt.Errorf("shipped packs: %w", err)
	}
	if err := s.registerAll(ctx, os.DirFS(shipped), shipped); err != nil {
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
		errs = append(errs, s.registerOne(ctx, fsys, f.Name(), filepath.Join(path, f.Name())))
	}
	return errors.Join(errs...)
}

func (s *Server) registerOne(ctx context.Context, fsys fs.FS, name, path string) error {
	sub, err := fs.Sub(fsys, name)
	if err != nil {
		return err
	}
	s.dirs.put(name, path) // also of a pack that stays as it was
	content, errs := pack.Read(sub, name)
	if content != nil {
		s.dirs.put(content.Pack.Ref, path)
	}
	if len(errs) > 0 {
		return fmt.Errorf("pack %s is not registered: %w", name, errors.Join(errs...))
	}
	if digest, err := s.installer.Digest(ctx, content.Pack.Ref); err != nil || digest != "" {
		return cmp.Or(err, fmt.Errorf("pack %s in %s is not registered: it is installed from an archive; remove one of the two (petrel pack remove %s)",
			name, path, content.Pack.Ref))
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

// packDirs knows where the files of packs lie on this machine.
type packDirs struct {
	log *slog.Logger
	// installed returns the folder of a pack that was installed from an archive, "" for
	// any other.
	installed func(ctx context.Context, pack string) (string, error)

	mu     sync.Mutex
	byName map[string]string // folders of the server's
}

func (d *packDirs) put(pack, dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byName == nil {
		d.byName = map[string]string{}
	}
	d.byName[pack] = dir
}

// of returns where a pack's files lie; "" when this machine does not have them.
func (d *packDirs) of(pack string) string {
	dir, err := d.installed(context.Background(), pack)
	if err != nil {
		d.log.Error("the files of a pack cannot be fetched", "pack", pack, "error", err)
		return ""
	}
	return cmp.Or(dir, d.folder(pack))
}

// folder returns the folder of the server's that holds a pack, "" for none.
func (d *packDirs) folder(pack string) string {
	d.mu.Lock()
	dir := d.byName[pack]
	d.mu.Unlock()
	if _, err := os.Stat(filepath.Join(dir, "pack.yaml")); dir == "" || err != nil {
		return ""
	}
	return dir
}

// shipped reports whether a pack comes with the server.
func shipped(ref string) bool {
	_, err := fs.Stat(packs.Shipped, ref)
	return err == nil
}

// file returns a file of a pack. The error is Invalid and says which is missing.
func (d *packDirs) file(_ context.Context, pack, name string) ([]byte, error) {
	dir := d.of(pack)
	if dir == "" {
		return nil, core.Errorf(core.Invalid, "the files of the pack %s are not on this machine", pack)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "the files of the pack %s cannot be read: %w", pack, err)
	}
	defer root.Close()
	raw, err := root.ReadFile(filepath.FromSlash(name))
	if err != nil {
		return nil, core.Errorf(core.Invalid, "the pack %s has no file %s that can be read: %w", pack, name, err)
	}
	return raw, nil
}
