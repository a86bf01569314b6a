package redis

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// target is a url taken apart.
type target struct {
	hosts            []string
	master           string // with Sentinel
	db               int
	user, password   string
	sentinelPassword string
	tls              *tls.Config
}

// parse takes a url apart and completes o from it.
func (o *Options) parse(text string) (t target, err error) {
	text, others := splitHosts(text)
	u, err := url.Parse(text)
	if err != nil {
		return t, core.FieldErrorf("url", "store: the url of Redis cannot be read; write redis://host:6379/0") // err would show the password
	}
	scheme, sentinel := strings.CutSuffix(u.Scheme, "+sentinel")
	if scheme != "redis" && scheme != "rediss" || u.Host == "" {
		return t, core.FieldErrorf("url", "store: %s is no url of Redis; write redis://host:6379/0, or begin with rediss, redis+sentinel or rediss+sentinel", u.Redacted())
	}
	if t.master, t.db, err = parsePath(u, sentinel); err != nil {
		return t, err
	}
	if len(others) > 0 && !sentinel {
		return t, core.FieldErrorf("url", "store: %s names several hosts, which only redis+sentinel can have", u.Redacted())
	}
	t.hosts = withPorts(append([]string{u.Host}, others...), sentinel)
	t.user = u.User.Username()
	t.password, _ = u.User.Password()
	if err := o.parseQuery(u, &t); err != nil {
		return t, err
	}
	if scheme == "rediss" {
		t.tls, err = o.tlsConfig()
	}
	return t, err
}

// splitHosts takes all hosts but the first out of a url, since package url knows only one.
func splitHosts(text string) (string, []string) {
	scheme, rest, _ := strings.Cut(text, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	names := strings.Split(rest[:end], ",")
	return scheme + "://" + names[0] + rest[end:], names[1:]
}

func withPorts(hosts []string, sentinel bool) []string {
	port := ":6379"
	if sentinel {
		port = ":26379"
	}
	for i, h := range hosts {
		if j := strings.LastIndexByte(h, ':'); j < 0 || strings.HasSuffix(h, "]") {
			hosts[i] = h + port
		}
	}
	return hosts
}

func (o *Options) parseQuery(u *url.URL, t *target) error {
	for name, values := range u.Query() {
		switch value := values[len(values)-1]; name {
		case "prefix":
			o.Prefix = first(o.Prefix, value)
		case "ca":
			o.CAFile = first(o.CAFile, value)
		case "sentinel_password":
			t.sentinelPassword = value
		default:
			return core.FieldErrorf("url", "store: the url of Redis has an unknown parameter %q; known are prefix, ca and sentinel_password", name)
		}
	}
	o.Prefix = first(o.Prefix, "petrel")
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (o *Options) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, core.FieldErrorf("ca", "store: the CA file for Redis: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, core.FieldErrorf("ca", "store: %s holds no certificate in PEM", o.CAFile)
	}
	return c, nil
}

// parsePath reads /db, or /master[/db] with Sentinel.
func parsePath(u *url.URL, sentinel bool) (master string, db int, err error) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if sentinel {
		master, parts = parts[0], parts[1:]
		if master == "" {
			return "", 0, core.FieldErrorf("url", "store: %s names no master; write redis+sentinel://host:26379/master", u.Redacted())
		}
	}
	number := strings.Join(parts, "/")
	if number == "" {
		return master, 0, nil
	}
	db, err = strconv.Atoi(number)
	if err != nil || db < 0 {
		return "", 0, core.FieldErrorf("url", "store: %s: %q is no number of a Redis database", u.Redacted(), number)
	}
	return master, db, nil
}
