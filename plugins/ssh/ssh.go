// Package ssh carries commands to other hosts over SSH.
//
// A [Carrier] has the runners remote-shell-cmd and remote-shell-script and the
// connections they share. Hosts of one action run in parallel; every host has a result of
// its own. Host keys are checked against known_hosts unless the configuration says
// otherwise.
//
// A command is given to the login shell through its input, not in its argument list, so
// that neither tokens nor passwords show in the host's process list; only sudo without a
// password, which gets a terminal, has the command in its arguments. The shell tells its
// process group first: cancel, timeout and drain end that group, and every process that
// carries the run's mark, in a second session. A server that is killed cannot do that: its
// connections break, what runs on the hosts goes on there, and the execution becomes
// abandoned.
package ssh

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/petrelhq/petrel/core"
)

// HostKeys says what to do about host keys.
type HostKeys string

const (
	Strict    HostKeys = "strict"     // a host has to be in known_hosts
	AcceptNew HostKeys = "accept-new" // a host seen for the first time is added; a changed key is refused
	Off       HostKeys = "off"        // any key is accepted
)

// Config is what the runners need of the system around them. The zero value works.
type Config struct {
	User       string        // who to log in as when username is left out; "" is the server's own user
	KeyFile    string        // private key used when an action gives neither password nor private_key
	Agent      string        // socket of an SSH agent, used when there is no key either (SSH_AUTH_SOCK)
	KnownHosts []string      // files; new hosts are added to the first; nil is ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
	HostKeys   HostKeys      // "" is Strict
	Connect    time.Duration // the longest time to connect and log in; 0 is 60 s
	KeepAlive  time.Duration // a connection that answers nothing for this long, twice, is dead; 0 is 15 s
	Idle       time.Duration // how long an unused connection is kept; 0 is 60 s
	MaxIdle    int           // unused connections kept; 0 is 100
	Grace      time.Duration // between SIGTERM and SIGKILL on the host; 0 is 2 s

	MaxParallel         int  // hosts of one action carried out at once; 0 is 50
	MaxOutput           int  // bytes of each output stream kept in a result, shared by an action's hosts; 0 is 10 MiB
	AllowPartialFailure bool // an action has succeeded when it has on one host

	Log *slog.Logger // nil is slog.Default
}

// Carrier carries commands to hosts.
type Carrier struct {
	cfg  Config
	pool *pool
}

// New returns a Carrier. Errors are Invalid.
func New(c Config) (*Carrier, error) {
	switch c.HostKeys {
	case Strict, AcceptNew, Off:
	case "":
		c.HostKeys = Strict
	default:
		return nil, core.FieldErrorf("host_keys", "host_keys: %q is none of strict, accept-new and off", c.HostKeys)
	}
	c.setDefaults()
	if c.User == "" || c.KnownHosts == nil {
		me, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("who runs this server: %w", err)
		}
		c.setUserDefaults(me)
	}
	known := &knownHosts{files: c.KnownHosts, mode: c.HostKeys}
	d := dialer{known: known, timeout: c.Connect}
	return &Carrier{cfg: c, pool: newPool(c, d.dial)}, nil
}

func (c *Config) setDefaults() {
	orDefault(&c.Connect, time.Minute)
	orDefault(&c.KeepAlive, 15*time.Second)
	orDefault(&c.Idle, time.Minute)
	orDefault(&c.MaxIdle, 100)
	orDefault(&c.Grace, 2*time.Second)
	orDefault(&c.MaxParallel, 50)
	orDefault(&c.MaxOutput, 10<<20)
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

func (c *Config) setUserDefaults(me *user.User) {
	if c.User == "" {
		c.User = me.Username
	}
	if c.KnownHosts == nil {
		home := me.HomeDir
		if h, err := os.UserHomeDir(); err == nil {
			home = h
		}
		c.KnownHosts = []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
}

func orDefault[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Run closes connections that nobody has used for a while, and all of them when ctx is
// done; then it returns after the last action has.
func (c *Carrier) Run(ctx context.Context) error { return c.pool.run(ctx) }

// Runners returns the runners by the name of their runner type.
func (c *Carrier) Runners() map[string]core.Runner {
	return map[string]core.Runner{
		"remote-shell-cmd":    shellCmd{c},
		"remote-shell-script": shellScript{c},
	}
}

// Types describes the runners, in the order of their names.
func Types() []core.RunnerType { return []core.RunnerType{shellCmdType(), shellScriptType()} }
