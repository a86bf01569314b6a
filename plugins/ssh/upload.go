package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// Files are brought to a host by cat, not by SFTP: every host that can run the script has
// cat, and many have no SFTP subsystem.

// file is one to upload.
type file struct {
	name    string // below the upload directory, with slashes
	mode    fs.FileMode
	content []byte
}

const (
	scriptMode = 0o744
	libMode    = 0o644
)

// scriptFiles reads the call's script and the lib directory beside it.
// st2: runners reference 3, script upload.
func scriptFiles(c core.Call) ([]file, error) {
	script, err := shellarg.Script(c)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(script)
	if err != nil {
		return nil, core.FieldErrorf("entry_point", "%s: the script cannot be read: %w", c.Action.Ref(), err)
	}
	files := []file{{filepath.Base(script), scriptMode, content}}
	lib, err := libFiles(c.Dir, filepath.Dir(script))
	if err != nil {
		return nil, core.FieldErrorf("entry_point", "%s: the lib directory beside the script cannot be read: %w", c.Action.Ref(), err)
	}
	return append(files, lib...), nil
}

// libFiles reads what lies below lib in dir. Links are followed inside the pack.
func libFiles(pack, dir string) ([]file, error) {
	root, err := os.OpenRoot(pack)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if pack, err = filepath.EvalSymlinks(pack); err != nil {
		return nil, err
	}
	below, err := filepath.Rel(pack, dir)
	if err != nil {
		return nil, err
	}
	below = filepath.ToSlash(below)
	var files []file
	err = fs.WalkDir(root.FS(), path.Join(below, "lib"), func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "__pycache__":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		f, err := readFile(root.FS(), name)
		f.name = strings.TrimPrefix(name, below+"/")
		files = append(files, f)
		return err
	})
	return files, err
}

func readFile(from fs.FS, name string) (file, error) {
	info, err := fs.Stat(from, name)
	if err != nil {
		return file{}, err
	}
	if !info.Mode().IsRegular() {
		return file{}, fmt.Errorf("%s is no regular file", name)
	}
	content, err := fs.ReadFile(from, name)
	return file{mode: libMode | info.Mode().Perm()&0o111, content: content}, err
}

// uploadDir is of this run alone: hosts may be one machine under several names.
func (r *run) uploadDir() string {
	base := r.job.params.dir
	if base == "" {
		base = "/tmp"
	}
	return strings.TrimSuffix(base, "/") + "/" + r.job.call.ID + "-" + r.mark
}

// upload brings the job's files into dir, which is made, for the user alone.
func (r *run) upload(ctx context.Context, dir string) error {
	prepare := "umask 077 && mkdir -p -- " + shellarg.Quote(path.Dir(dir)) + " && mkdir -- " + shellarg.Quote(dir)
	for i, f := range r.job.files {
		to := shellarg.Quote(dir + "/" + f.name)
		if i > 0 {
			prepare = "umask 077 && mkdir -p -- " + shellarg.Quote(path.Dir(dir+"/"+f.name))
		}
		line := fmt.Sprintf("%s && cat > %s && chmod %o %s", prepare, to, f.mode, to)
		if err := r.put(ctx, line, f.content); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) put(ctx context.Context, line string, content []byte) error {
	var said bytes.Buffer
	p, err := r.pool.start(ctx, r.target, program{line: line, stdin: content}, io.Discard, &said)
	if err != nil {
		return err
	}
	defer p.close()
	e, err := p.wait(ctx)
	p.close()
	if err == nil && e.code != 0 {
		return core.Errorf(core.Unavailable, "%s: the script could not be copied there: %s", r.target.name(), strings.TrimSpace(said.String()))
	}
	return err
}

// remove takes the upload away, also after the action's context is done, and reports
// whether it did. What a script left beside itself as root needs root to go.
func (r *run) remove(ctx context.Context, dir string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	text := "rm -rf -- " + shellarg.Quote(dir)
	said, err := r.small(ctx, privilege{}, text)
	if err != nil && r.as.sudo {
		said, err = r.small(ctx, r.as, text)
	}
	if err != nil {
		r.cfg.Log.Warn("ssh: an uploaded script could not be removed", "host", r.target.String(), "dir", dir, "error", err, "output", said)
	}
	return err == nil
}
