// Package builtin has the runners every installation has.
//
// Each runner type is one file. What runners need of the system they are given in a
// [Config] when they are made; [Runners] and [Types] are the two lists of them.
package builtin

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
)

// Config is what the runners need of the system around them. The zero value works,
// without announcements and injected triggers.
type Config struct {
	SystemUser string        // local commands run as this user, through sudo when it is not the server's own; "" is the server's own
	Sudo       string        // path of sudo; "" is looked for in PATH
	Env        []string      // what local commands inherit, KEY=value; nil is the server's whole environment
	Grace      time.Duration // between SIGTERM and SIGKILL; 0 is 5 s
	MaxOutput  int           // bytes of each output stream or response body kept in a result; 0 is 10 MiB

	Version   string          // sent in the User-Agent of http-request: st2/v<Version>
	Transport *http.Transport // the base of http-request's connections: CA roots, dialer; nil is Go's default

	// Announce publishes payload to those who listen on route.
	Announce func(ctx context.Context, route string, payload json.RawMessage) error
	// Inject raises a trigger for core.inject_trigger. traceTag may be empty. The error is
	// Invalid for an unknown trigger, or a payload that does not fit it.
	Inject func(ctx context.Context, trigger string, payload json.RawMessage, traceTag string) error
	// Functions are more Go forms of Python actions, by the action's ref.
	Functions map[string]Function

	SMTP SMTP // where core.sendmail sends
	SSH  SSH  // how linux.wait_for_ssh logs in
}

const defaultMaxOutput = 10 << 20

// Runners returns the runners by the name of their runner type.
func Runners(c Config) map[string]core.Runner {
	if c.MaxOutput <= 0 {
		c.MaxOutput = defaultMaxOutput
	}
	sh := newShell(c)
	return map[string]core.Runner{
		"local-shell-cmd":    shellCmd{sh},
		"local-shell-script": scriptsInGo{map[string]core.Runner{"core.sendmail": sendmail{sh, c.SMTP}}, shellScript{sh}},
		"python-script":      pythonScript{functions(c, sh), c.MaxOutput},
		"http-request":       newHTTPRequest(c),
		"inquirer":           inquirer{},
		"noop":               noop{},
		"announcement":       announcement{c.Announce},
	}
}

// Types describes the runners, in the order of their names.
func Types() []core.RunnerType {
	return []core.RunnerType{announcementType(), httpRequestType(), inquirerType(), shellCmdType(), shellScriptType(), noopType(), pythonScriptType()}
}

func newShell(c Config) shell {
	sh := shell{
		sudo:      c.Sudo,
		ender:     proc.Ender{Grace: c.Grace, Sudo: c.Sudo},
		maxOutput: c.MaxOutput,
	}
	if sh.sudo == "" {
		sh.sudo = "sudo"
	}
	if me, err := user.Current(); err != nil || me.Username != c.SystemUser {
		sh.otherUser = c.SystemUser
	}
	sh.hostname, _ = os.Hostname() // shown to people only
	base := c.Env
	if base == nil {
		base = os.Environ()
	}
	sh.env = mergeEnv(nil, base)
	return sh
}

// mergeEnv puts over on top of base; of a name given twice the last value counts.
func mergeEnv(base, over []string) []string {
	at := make(map[string]int, len(base)+len(over))
	out := make([]string, 0, len(base)+len(over))
	for _, list := range [2][]string{base, over} {
		for _, entry := range list {
			name, _, _ := strings.Cut(entry, "=")
			if i, ok := at[name]; ok {
				out[i] = entry
				continue
			}
			at[name] = len(out)
			out = append(out, entry)
		}
	}
	return out
}
