package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/petrelhq/petrel/core"
)

// origin is where a request goes, in the one spelling that everything is compared in: the
// host in lower case, in Punycode, without a dot at its end; an address as netip writes
// it, without brackets; the port always there.
type origin struct {
	scheme string
	host   string
	port   string
}

func (o origin) String() string {
	return (&url.URL{Scheme: o.scheme, Host: o.urlHost()}).String()
}

// urlHost is host and port as a URL has them.
func (o origin) urlHost() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.port == defaultPort(o.scheme) {
		return host
	}
	return host + ":" + o.port
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// parseURL reads the URL of a request and rewrites its host in the spelling of origin.
func parseURL(text string) (*url.URL, origin, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, origin{}, unwrapURL(err)
	}
	at, err := originOf(u)
	if err != nil {
		return nil, origin{}, err
	}
	u.Host, u.Fragment, u.RawFragment = at.urlHost(), "", ""
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")
	return u, at, nil
}

// unwrapURL leaves the URL itself out of an error, for it may hold a password.
func unwrapURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func originOf(u *url.URL) (origin, error) {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return origin{}, fmt.Errorf("has to begin with http:// or https://")
	case u.User != nil:
		return origin{}, fmt.Errorf("a user name or password in front of the host is not allowed; use the header Authorization")
	case u.Opaque != "" || u.Hostname() == "":
		return origin{}, fmt.Errorf("names no host")
	}
	host, err := canonicalHost(u.Hostname(), strings.HasPrefix(u.Host, "["))
	if err != nil {
		return origin{}, err
	}
	port := defaultPort(u.Scheme)
	if given := u.Port(); given != "" {
		n, err := strconv.ParseUint(given, 10, 16)
		if err != nil || n == 0 {
			return origin{}, fmt.Errorf("%q is no port", given)
		}
		port = strconv.FormatUint(n, 10)
	}
	return origin{u.Scheme, host, port}, nil
}

// canonicalHost spells a host as origin wants it. What some resolver might take for an
// address, such as 0x7f000001 or 127.1, is refused unless it is spelled as one.
func canonicalHost(host string, bracketed bool) (string, error) {
	if bracketed {
		return canonicalIPv6(host)
	}
	if !plain(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", fmt.Errorf("the host %q is no name: %v", host, err)
		}
		host = ascii
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if a, err := netip.ParseAddr(host); err == nil && a.Is4() {
		return a.String(), nil
	}
	if !isName(host) {
		return "", fmt.Errorf("the host %q is no name of the form a.b.c", host)
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; isNumber(last) {
		return "", fmt.Errorf("the host %q is no name, and no address of the form 192.0.2.1", host)
	}
	return host, nil
}

func canonicalIPv6(host string) (string, error) {
	a, err := netip.ParseAddr(host)
	if err != nil || !a.Is6() || a.Zone() != "" {
		return "", fmt.Errorf("[%s] is no IPv6 address, or one with a zone", host)
	}
	return a.Unmap().String(), nil
}

// plain reports whether a host needs no translation to Punycode, nor to be checked as such.
func plain(host string) bool {
	for i := range len(host) {
		if host[i] >= 0x80 {
			return false
		}
	}
	return !strings.Contains(strings.ToLower(host), "xn--")
}

const (
	maxName  = 253
	maxLabel = 63
)

// isName reports whether host is labels of letters, digits, hyphens and underscores.
func isName(host string) bool {
	if len(host) > maxName {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// isNumber reports whether a label is what C's inet_aton reads as a number.
func isNumber(label string) bool {
	if rest, hex := strings.CutPrefix(label, "0x"); hex {
		return strings.Trim(rest, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// granted is an entry of the permission http.
type granted struct {
	entry string
	any   bool // "*"
	below bool // "*." in front: hosts below it, not itself
	origin
}

// parseOrigins reads the permission http. The error is Invalid.
func parseOrigins(entries []string) ([]granted, error) {
	var all []granted
	for _, e := range entries {
		g, err := parseGranted(e)
		if err != nil {
			return nil, core.FieldErrorf("permissions.http", "permissions.http: %q: %v; an entry is scheme://host[:port], where the host may begin with \"*.\", or \"*\"", e, err)
		}
		all = append(all, g)
	}
	return all, nil
}

func parseGranted(entry string) (granted, error) {
	if entry == "*" {
		return granted{entry: entry, any: true}, nil
	}
	g := granted{entry: entry}
	scheme, rest, _ := strings.Cut(entry, "://")
	rest, g.below = strings.CutPrefix(rest, "*.")
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil {
		return g, unwrapURL(err)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return g, fmt.Errorf("has more than an origin")
	}
	if g.origin, err = originOf(u); err != nil {
		return g, err
	}
	if _, err := netip.ParseAddr(g.host); err == nil && g.below {
		return g, fmt.Errorf("there are no hosts below an address")
	}
	return g, nil
}

// allowedBy returns the entry that allows an origin.
func allowedBy(all []granted, at origin) (entry string, ok bool) {
	for _, g := range all {
		if g.allows(at) {
			return g.entry, true
		}
	}
	return "", false
}

func (g granted) allows(at origin) bool {
	switch {
	case g.any:
		return true
	case g.scheme != at.scheme || g.port != at.port:
		return false
	case g.below:
		return strings.HasSuffix(at.host, "."+g.host)
	}
	return g.host == at.host
}
