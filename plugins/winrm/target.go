package winrm

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// target is where and as whom to run, and the surroundings a command finds there.
type target struct {
	url                string
	host               string // host:port, to show
	username, password string
	ntlm               bool // else HTTP basic authentication
	verify             bool // the machine's certificate
	timeout            time.Duration
	cwd                string
	env                []variable
}

type variable struct{ name, value string }

// plainHTTPPort is WinRM's port without TLS; it decides on the scheme. st2: runners reference 10.
const plainHTTPPort = 5985

func targetOf(params map[string]any) (target, error) {
	t := target{
		username: textOf(params, "username"), password: textOf(params, "password"),
		cwd: textOf(params, "cwd"), verify: true,
	}
	if verify, given := params["verify_ssl_cert"].(bool); given {
		t.verify = verify
	}
	seconds, _ := shellarg.Number(params["timeout"])
	t.timeout = time.Duration(seconds * float64(time.Second))
	if err := t.setURL(params); err != nil {
		return t, err
	}
	if err := t.setTransport(textOf(params, "transport")); err != nil {
		return t, err
	}
	return t, t.setEnv(params)
}

func (t *target) setURL(params map[string]any) error {
	port, _ := shellarg.Number(params["port"])
	host, scheme := textOf(params, "host"), textOf(params, "scheme")
	if host == "" {
		return core.FieldErrorf("host", "host is missing: the name or address of the Windows machine")
	}
	if port == plainHTTPPort {
		scheme = "http"
	}
	if scheme != "http" && scheme != "https" {
		return core.FieldErrorf("scheme", "scheme needs to be http or https, not %q", scheme)
	}
	t.host = net.JoinHostPort(host, strconv.Itoa(int(port)))
	t.url = fmt.Sprintf("%s://%s/wsman", scheme, t.host)
	return nil
}

func (t *target) setTransport(transport string) error {
	switch transport {
	case "ntlm":
		t.ntlm = true
	case "basic", "plaintext", "ssl":
	default:
		return core.FieldErrorf("transport", "transport %q is not supported: use ntlm, basic, plaintext or ssl", transport)
	}
	return nil
}

func (t *target) setEnv(params map[string]any) error {
	env, _ := params["env"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value, err := shellarg.Text(env[name])
		if err != nil {
			return core.FieldErrorf("env", "env: %q cannot be an environment variable: %w", name, err)
		}
		t.env = append(t.env, variable{name, value})
	}
	return nil
}

func textOf(params map[string]any, name string) string {
	s, _ := params[name].(string)
	return s
}
