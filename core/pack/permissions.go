package pack

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/petrelhq/petrel/core"
)

// permission is one thing that a pack's code asks to be allowed.
type permission struct{ kind, what string }

// The kinds of permissions: the keys of pack.yaml's permissions, dotted.
const (
	native     = "native" // no key: it comes with the runtime process
	permHTTP   = "http"
	permNet    = "networks"
	permRead   = "kv.read"
	permWrite  = "kv.write"
	permSecret = "secrets"
	permEvent  = "events"
	permAction = "actions"
	permBeside = "beside" // no key: it comes with the content
)

// listed lists permissions in the order people are shown them. runtime is the type of
// what carries the code.
func listed(runtime string, p core.Permissions) []permission {
	var all []permission
	if runtime == core.RuntimeProcess {
		all = append(all, permission{native, ""})
	}
	for _, group := range []struct {
		kind   string
		values []string
	}{
		{permHTTP, p.HTTP}, {permNet, p.Networks}, {permRead, p.KV.Read}, {permWrite, p.KV.Write},
		{permSecret, p.Secrets}, {permEvent, p.Events}, {permAction, p.Actions},
	} {
		for _, value := range group.values {
			if one := (permission{group.kind, value}); !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// asked lists what a pack asks for.
func asked(p *core.Pack) []permission {
	if p.Runtime == nil {
		return nil
	}
	var of core.Permissions
	if p.Permissions != nil {
		of = *p.Permissions
	}
	return listed(p.Runtime.Type, of)
}

// Words says what a pack asks for: a sentence, without a full stop, for each permission.
func Words(p *core.Pack) []string { return sentences(asked(p)) }

// GrantWords says in the same way what was granted.
func GrantWords(g *core.Grant) []string {
	return sentences(append(listed(g.Runtime, g.Permissions), beside(g.Outside)...))
}

// beside lists content that works outside of the sandbox.
func beside(outside []string) []permission {
	all := make([]permission, len(outside))
	for i, what := range outside {
		all[i] = permission{permBeside, what}
	}
	return all
}

// newBeside says in words what of it a grant does not cover.
func newBeside(outside []string, granted *core.Grant) []string {
	return sentences(slices.DeleteFunc(beside(outside), func(p permission) bool {
		return granted != nil && slices.Contains(granted.Outside, p.what)
	}))
}

// Beyond says in words what a pack asks for that a grant does not cover; a grant of nil
// covers nothing.
func Beyond(p *core.Pack, granted *core.Grant) []string {
	wants := asked(p)
	if granted != nil {
		has := listed(granted.Runtime, granted.Permissions)
		wants = slices.DeleteFunc(wants, func(w permission) bool {
			return slices.ContainsFunc(has, func(h permission) bool { return h.covers(w) })
		})
	}
	return sentences(wants)
}

func sentences(ps []permission) []string {
	words := make([]string, len(ps))
	for i, p := range ps {
		words[i] = p.String()
	}
	return words
}

// String is the permission in words.
func (p permission) String() string {
	switch p.kind {
	case native:
		return "Runs native code with all rights of the server's user; nothing keeps it to the permissions it names"
	case permHTTP:
		return "May send HTTP requests to " + originInWords(p.what)
	case permNet:
		return "May reach by HTTP the addresses " + p.what + ", also where they are not public"
	case permRead:
		return "May read " + keysInWords("key", p.what)
	case permWrite:
		return "May set and delete " + keysInWords("key", p.what)
	case permSecret:
		return "May read in clear " + keysInWords("secret key", p.what)
	case permEvent:
		return "May raise events of the trigger type " + p.what
	case permBeside:
		return "Works outside of its sandbox with " + p.what
	}
	if pack, all := strings.CutSuffix(p.what, ".*"); all {
		return "May run every action of the pack " + pack
	}
	return "May run the action " + p.what
}

func originInWords(origin string) string {
	if origin == "*" {
		return "any host"
	}
	if scheme, rest, ok := strings.Cut(origin, "://*."); ok {
		return fmt.Sprintf("any host below %s by %s", rest, scheme)
	}
	return origin
}

func keysInWords(noun, pattern string) string {
	switch prefix, many := strings.CutSuffix(pattern, "*"); {
	case pattern == "*":
		return "every " + noun + " of the system"
	case many:
		return "every " + noun + " of the system that begins with " + prefix
	}
	return "the " + noun + " " + pattern
}

// covers reports whether p allows all that w asks for.
func (p permission) covers(w permission) bool {
	switch {
	case p.kind != w.kind:
		return false
	case p.what == w.what:
		return true
	}
	switch p.kind {
	case permHTTP:
		return originCovers(p.what, w.what)
	case permNet:
		return networkCovers(p.what, w.what)
	case permEvent:
		return false
	}
	prefix, many := strings.CutSuffix(p.what, "*")
	return many && strings.HasPrefix(w.what, prefix)
}

func originCovers(has, wants string) bool {
	if has == "*" {
		return true
	}
	scheme, domain, many := strings.Cut(has, "://*.")
	ofScheme, host, ok := strings.Cut(wants, "://")
	return many && ok && scheme == ofScheme && strings.HasSuffix(host, "."+domain)
}

func networkCovers(has, wants string) bool {
	a, err1 := netip.ParsePrefix(has)
	b, err2 := netip.ParsePrefix(wants)
	return err1 == nil && err2 == nil && a.Bits() <= b.Bits() && a.Contains(b.Addr())
}

// checkPermissions holds each permission against the form it needs.
func (s *source) checkPermissions(p *core.Permissions) {
	if p == nil {
		return
	}
	for _, group := range []struct {
		field  string
		values []string
		fault  func(value string) string
	}{
		{permHTTP, p.HTTP, originFault}, {permNet, p.Networks, networkFault},
		{permRead, p.KV.Read, keyFault}, {permWrite, p.KV.Write, keyFault}, {permSecret, p.Secrets, keyFault},
		{permEvent, p.Events, referenceFault}, {permAction, p.Actions, actionFault},
	} {
		for i, value := range group.values {
			if fault := cmp.Or(textFault(value), group.fault(value)); fault != "" {
				field := "permissions." + group.field
				s.fail(append(strings.Split(field, "."), strconv.Itoa(i)), "%s: %q %s", field, value, fault)
			}
		}
	}
}

// textFault refuses what a terminal would obey or not show: people are to see what they
// accept.
func textFault(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsGraphic(r) }) {
		return "holds a character that cannot be seen"
	}
	return ""
}

// originFault says what is wrong with an origin, "" for nothing.
func originFault(value string) string {
	const form = `needs the form https://host or https://host:port; the host may begin with "*.", and "*" alone is any host`
	if value == "*" {
		return ""
	}
	u, err := url.Parse(strings.Replace(value, "://*.", "://", 1))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.User != nil, strings.Contains(u.Host, "*"):
		return form
	case u.Scheme+"://"+u.Host != strings.Replace(value, "://*.", "://", 1):
		return "is more than an origin: leave out what follows the host; it " + form
	case value != strings.ToLower(value):
		return "needs small letters"
	case !validPort(u):
		return "has a port that is none"
	}
	return ""
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n > 0 && n < 1<<16
}

func networkFault(value string) string {
	p, err := netip.ParsePrefix(value)
	switch {
	case err != nil:
		return "is no network; it needs the form 10.0.0.0/8 or fd00::/8, and one address is 10.1.2.3/32"
	case p.Addr().Is4In6():
		return "is an IPv4 network inside IPv6; it needs the form 10.0.0.0/8"
	case p != p.Masked():
		return fmt.Sprintf("has bits beyond its length; the network is %s", p.Masked())
	}
	return ""
}

func keyFault(value string) string {
	switch star := strings.IndexByte(value, '*'); {
	case value == "":
		return "names no key"
	case star >= 0 && star < len(value)-1:
		return `may have a "*" only at its end, where it stands for any rest`
	}
	return ""
}

func referenceFault(value string) string {
	pack, _, ok := core.SplitRef(value)
	if !ok || !refForm.MatchString(pack) || strings.ContainsAny(value, "* ") {
		return "needs the form pack.name"
	}
	return ""
}

func actionFault(value string) string {
	if pack, all := strings.CutSuffix(value, ".*"); all && refForm.MatchString(pack) {
		return ""
	}
	if fault := referenceFault(value); fault != "" {
		return fault + `, or pack.* for every action of a pack`
	}
	return ""
}
