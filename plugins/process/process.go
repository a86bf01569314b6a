// Package process carries a pack's code in an executable of its own, under supervision.
//
// The executable is a plugin of hashicorp/go-plugin: started on first use, spoken to in
// gRPC over a unix socket with AutoMTLS, serving many requests at once over one stream of
// frames (package sdk/wire/process has the other end, and the frames). It dies with the
// server. When it exits, hangs or answers garbage, what it was asked ends with an error of
// kind Broken and the next request starts it again, after a pause that grows.
package process

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/plugins"
)

// Config is what all plugins of a server share. Zero fields are defaults.
type Config struct {
	Log *slog.Logger // what plugins print, under their packs' names; required
	// Dir, an existing directory, is for sockets. "" is the system's directory for
	// temporary files, which also stands in when Dir is too long a path for a socket.
	Dir string
	// Env, of KEY=value, is the plugins' environment. nil hands on this process's PATH,
	// HOME, USER, LANG, LC_ALL, TZ and TMPDIR and nothing else.
	Env []string

	StartTimeout  time.Duration // from start to handshake; 10 s
	CancelGrace   time.Duration // from a cancel to the end of a process that ignores it; 500 ms
	HealthEvery   time.Duration // 15 s
	HealthTimeout time.Duration // 10 s
	Concurrency   int           // calls of one plugin at once, where its pack does not say; 64

	// After a failure a plugin is not started for FirstPause (100 ms), twice as long
	// after each further one, at most LongestPause (30 s). After Breaker (5) in a row
	// requests made in a pause are answered at once with the reason.
	FirstPause, LongestPause time.Duration
	Breaker                  int

	Now func() time.Time // time.Now
}

// Carrier starts plugins.
type Carrier struct {
	config Config
	forker forker
}

// New returns a carrier. It runs nothing by itself.
func New(c Config) *Carrier {
	setDefault(&c.StartTimeout, 10*time.Second)
	setDefault(&c.CancelGrace, 500*time.Millisecond)
	setDefault(&c.HealthEvery, 15*time.Second)
	setDefault(&c.HealthTimeout, 10*time.Second)
	setDefault(&c.Concurrency, 64)
	setDefault(&c.FirstPause, 100*time.Millisecond)
	setDefault(&c.LongestPause, 30*time.Second)
	setDefault(&c.Breaker, 5)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Env == nil {
		c.Env = ownEnv()
	}
	if dir, err := filepath.Abs(c.Dir); c.Dir != "" && err == nil {
		c.Dir = dir // plugins have another working directory
	}
	return &Carrier{config: c}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func ownEnv() []string {
	var env []string
	for _, key := range []string{"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	return env
}

// Start returns the code of pack, whose files are in dir. The executable is started by
// the first request. core.Invalid when there is none, or none that may be run.
//
// To upgrade a pack, Start the new version, hand new requests to it, and Close the old
// one, which ends when its last request has.
func (c *Carrier) Start(_ context.Context, r core.Runtime, dir, pack string) (plugins.Plugin, error) {
	command := slices.Clone(r.Command)
	if len(command) == 0 {
		command = []string{"bin/" + pack}
	}
	if !filepath.IsLocal(command[0]) {
		return nil, core.Errorf(core.Invalid, "pack %s: runtime.command names %s, which is outside of the pack", pack, command[0])
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, command[0])
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return nil, core.Errorf(core.Invalid, "pack %s has no program %s: build it, or name another in runtime.command of pack.yaml", pack, command[0])
	}
	if info.Mode()&0o111 == 0 {
		return nil, core.Errorf(core.Invalid, "pack %s: %s may not be executed: use chmod +x", pack, command[0])
	}
	command[0] = file
	slots := r.Concurrency
	if slots <= 0 {
		slots = c.config.Concurrency
	}
	return newCode(program{carrier: c, pack: pack, dir: dir, command: command}, slots), nil
}

// The plugins' marks: entries of their environment by which they and what they start are
// known.
const (
	instanceKey = "PETREL_PLUGIN_INSTANCE"
	hostKey     = "PETREL_PLUGIN_HOST"
)

// Sweep ends what the plugins of an earlier server with the same Dir have left running,
// and removes their sockets. To be called before the first Start, by the only server that
// uses Dir.
func (c *Carrier) Sweep(ctx context.Context) error {
	if c.config.Dir == "" {
		return nil
	}
	stale, err := filepath.Glob(filepath.Join(c.config.Dir, socketDirs))
	if err != nil {
		return err
	}
	for _, dir := range stale {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return proc.Ender{}.End(ctx, proc.Target{Mark: c.hostMark()})
}

func (c *Carrier) hostMark() string { return hostKey + "=" + c.config.Dir }

// socketDirs is the name go-plugin gives to the directories of sockets.
const socketDirs = "plugin-dir*"

// socketDir returns where go-plugin may make a directory for a socket: a socket's path
// has to fit into 107 bytes.
func (c *Carrier) socketDir() string {
	const room = len("/plugin-dir4294967295/plugin4294967295")
	if len(c.config.Dir)+room > 107 {
		return ""
	}
	return c.config.Dir
}

// program is what a pack's code is started from.
type program struct {
	carrier *Carrier
	pack    string
	dir     string
	command []string
}

// env is the environment of one process, beside what go-plugin adds.
func (p program) env(mark string) []string {
	env := slices.DeleteFunc(slices.Clone(p.carrier.config.Env), func(entry string) bool {
		return strings.HasPrefix(entry, "PLUGIN_") || strings.HasPrefix(entry, "PETREL_PLUGIN")
	})
	return append(env, mark, p.carrier.hostMark())
}
