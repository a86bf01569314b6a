package plugins

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/egress"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Config is what a Loader needs of the rest of the system. Functions are called for every
// action, turn and operation: they should answer from memory where they can.
type Config struct {
	Carriers map[string]Carrier // by core.Runtime.Type
	Log      *slog.Logger

	// Pack returns a pack of the catalogue; NotFound when there is none.
	Pack func(ctx context.Context, ref string) (*core.Pack, error)
	// Dir returns the folder of a pack's files on this machine, of exactly this version.
	Dir func(ctx context.Context, p *core.Pack) (string, error)
	// Grant returns what a pack's code may do now.
	Grant func(ctx context.Context, pack string) (core.Permissions, error)
	// Settings returns a pack's configuration for a user; "" is the system's.
	Settings func(ctx context.Context, pack, user string) (Settings, error)
	// Keys are the keys of the datastore's scope system.
	Keys Keys
	// Inject raises an action's events, all in one step. Errors are Invalid.
	Inject func(ctx context.Context, events []core.Event) error
	// RunAction runs an action and returns when it has ended; when ctx is done it ends it.
	RunAction func(ctx context.Context, r RunRequest) (wire.RunReply, error)
	// Above counts the executions above one, each the parent of the next, up to most.
	Above func(ctx context.Context, execution string, most int) (int, error)
	// Waiting is how many actions may at once wait for another that they run. It has to be
	// less than the number of workers, or all of them could wait for a free one.
	Waiting int
	// HTTP holds the limits of requests, and whom to ask and believe. What belongs to a
	// pack in it is filled in.
	HTTP egress.Config
	// Wakes tells that the catalogue may have changed; nil: it is looked at every Look.
	Wakes func(ctx context.Context) (<-chan struct{}, error)

	MaxOutput int              // bytes kept of each stream, and of a value, for a result; 10 MiB
	Look      time.Duration    // between looks for changed and idle code; 5 s
	Idle      time.Duration    // after which code that nobody uses is closed; 10 min
	Now       func() time.Time // time.Now
}

// Settings are a pack's configuration, an object, with the secrets in it by value.
type Settings struct {
	Values  json.RawMessage
	Secrets []string
}

func (c Config) withDefaults() Config {
	if c.MaxOutput == 0 {
		c.MaxOutput = 10 << 20
	}
	if c.Look == 0 {
		c.Look = 5 * time.Second
	}
	if c.Idle == 0 {
		c.Idle = 10 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

const (
	openTimeout  = 2 * time.Minute // compiling a large module takes a while
	closeTimeout = 30 * time.Second
)

// Loader opens the code of packs when it is first needed, shares it, and closes it when a
// newer version has taken its place or nobody needs it. It is safe for concurrent use.
type Loader struct {
	Config
	used    *ledger
	clients *clients
	waiting chan struct{}

	mu     sync.Mutex
	open   map[place]*loaded
	closed bool
	tasks  sync.WaitGroup // uses, opening and closing
}

// place names a file of a pack, whatever its version.
type place struct{ pack, file string }

// New returns a Loader.
func New(c Config) *Loader {
	l := &Loader{Config: c.withDefaults(), used: newLedger(), open: map[place]*loaded{}}
	l.clients = newClients(l.HTTP, l.used, l.Now)
	l.waiting = make(chan struct{}, max(l.Waiting, 0))
	return l
}

// loaded is one version of a pack's code.
type loaded struct {
	code    Code
	version version
	stale   chan struct{} // closed when it is to be used no more
	ready   chan struct{} // closed when plugin or err is set
	plugin  Plugin
	err     error

	// Guarded by Loader.mu.
	uses  int
	since time.Time // when it was last used
	old   bool      // stale is closed; its last use closes it

	told sync.Mutex
	pack *wire.Pack // what Describe said
}

// acquire returns code of a pack, opened; release has to follow. Errors are those of
// Config.Dir, of the carrier, Unavailable, and ctx's cause.
func (l *Loader) acquire(ctx context.Context, p *core.Pack, r core.Runtime) (*loaded, error) {
	dir, err := l.Dir(ctx, p)
	if err != nil {
		return nil, err
	}
	c := Code{Pack: p.Ref, Dir: dir, Runtime: r}
	v, err := versionOf(c, p.Digest)
	if err != nil {
		return nil, err
	}
	x, err := l.take(c, v)
	if err != nil {
		return nil, err
	}
	select {
	case <-x.ready:
		err = x.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		l.release(x)
		return nil, err
	}
	return x, nil
}

// take finds the code in the version wanted, or begins to open it in the place of another.
func (l *Loader) take(c Code, v version) (*loaded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, core.Errorf(core.Unavailable, "the server is shutting down")
	}
	at := place{c.Pack, c.Runtime.File()}
	x := l.open[at]
	if x == nil || x.version != v {
		l.retire(x)
		x = &loaded{code: c, version: v, stale: make(chan struct{}), ready: make(chan struct{})}
		l.open[at] = x
		l.tasks.Go(func() { l.load(x) })
	}
	x.uses++
	l.tasks.Add(1)
	return x, nil
}

// load opens code. Whoever waits for it may be gone by then; the next one has it.
func (l *Loader) load(x *loaded) {
	defer close(x.ready)
	carrier, ok := l.Carriers[x.code.Runtime.Type]
	if !ok {
		x.err = core.FieldErrorf("runtime.type", "the pack %s: this server has no carrier for the runtime %q", x.code.Pack, x.code.Runtime.Type)
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
		defer cancel()
		x.plugin, x.err = carrier(ctx, x.code)
	}
	if x.err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.retire(x) // the next one tries again
	}
}

func (l *Loader) release(x *loaded) {
	defer l.tasks.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	x.uses--
	x.since = l.Now()
	l.end(x)
}

// retire takes code out of use. Calls under way go on. l.mu is held.
func (l *Loader) retire(x *loaded) {
	if x == nil || x.old {
		return
	}
	x.old = true
	close(x.stale)
	if at := (place{x.code.Pack, x.code.Runtime.File()}); l.open[at] == x {
		delete(l.open, at)
	}
	l.end(x)
}

// end closes code that is out of use, after its last use. l.mu is held.
func (l *Loader) end(x *loaded) {
	if !x.old || x.uses > 0 {
		return
	}
	l.tasks.Go(func() {
		<-x.ready
		if x.plugin == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if err := x.plugin.Close(ctx); err != nil {
			l.Log.Warn("the code of a pack was not closed in order", "pack", x.code.Pack, "file", x.code.File(), "error", err)
		}
	})
}

// describe returns what the code says that it brings; it is asked once.
func (x *loaded) describe(ctx context.Context) (*wire.Pack, error) {
	x.told.Lock()
	defer x.told.Unlock()
	if x.pack != nil {
		return x.pack, nil
	}
	p, err := x.plugin.Describe(ctx)
	if err != nil {
		return nil, err
	}
	x.pack = &p
	return x.pack, nil
}
