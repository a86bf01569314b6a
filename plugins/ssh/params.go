package ssh

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// params are the runner's parameters. What is missing or null reads as the zero value.
type params struct {
	hosts, username, password, privateKey, passphrase, bastion string

	cmd, cwd, dir, sudoPassword string
	port                        int
	sudo                        bool
	timeout                     time.Duration
	env                         map[string]any
}

func readParams(m map[string]any) params {
	p := params{
		hosts: as[string](m, "hosts"), username: as[string](m, "username"), password: as[string](m, "password"),
		privateKey: as[string](m, "private_key"), passphrase: as[string](m, "passphrase"), bastion: as[string](m, "bastion_host"),
		cmd: as[string](m, "cmd"), cwd: as[string](m, "cwd"), dir: as[string](m, "dir"),
		sudo: as[bool](m, "sudo"), sudoPassword: as[string](m, "sudo_password"),
		env: as[map[string]any](m, "env"),
	}
	seconds, _ := shellarg.Number(m["timeout"])
	p.timeout = time.Duration(seconds * float64(time.Second))
	port, _ := shellarg.Number(m["port"])
	p.port = int(port)
	orDefault(&p.port, 22)
	return p
}

func as[T any](m map[string]any, name string) T {
	v, _ := m[name].(T)
	return v
}

// targets resolves where to go, and as whom.
func (c *Carrier) targets(p params) ([]*target, error) {
	hosts, err := parseHosts(p.hosts, p.port)
	if err != nil {
		return nil, err
	}
	cred, err := c.credentialOf(p)
	if err != nil {
		return nil, err
	}
	if p.username == "" {
		p.username = c.cfg.User
	}
	var via *target
	if p.bastion != "" {
		if via, err = parseBastion(p.bastion, p.username, p.port, cred); err != nil {
			return nil, err
		}
	}
	list := make([]*target, len(hosts))
	for i, h := range hosts {
		list[i] = &target{address: h, user: p.username, cred: cred, via: via}
	}
	return list, nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// environment is what the command line exports: the env parameter and, over it, Petrel's
// own variables, sorted. st2: runners reference 1.1.
func environment(c core.Call, given map[string]any) ([]string, error) {
	values := map[string]string{}
	for name, v := range given {
		text, err := shellarg.Text(v)
		if err != nil || !variableName.MatchString(name) || strings.Contains(text, "\x00") {
			return nil, core.FieldErrorf("env", "env: %q cannot be exported by a shell: names are letters, digits and _, and values have no NUL", name)
		}
		values[name] = text
	}
	for _, entry := range append(slices.Clone(c.Env), "ST2_ACTION_EXECUTION_ID="+c.ID) {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	exports := make([]string, 0, len(values))
	for name, value := range values {
		exports = append(exports, name+"="+shellarg.Quote(value))
	}
	slices.Sort(exports)
	return exports, nil
}
