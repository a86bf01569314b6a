package ssh

import (
	"net"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// address is a host and a port.
type address struct {
	host string
	port int
}

// String is the form that [net.Dial] and known_hosts take.
func (a address) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

// parseHosts reads a comma separated list of host, host:port, [v6]:port and bare v6.
// A host named twice counts once. st2: runners reference 3, hosts.
func parseHosts(list string, port int) ([]address, error) {
	var hosts []address
	seen := map[address]bool{}
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if strings.Contains(entry, "@") {
			return nil, core.FieldErrorf("hosts", "hosts: %q names a user; put it into username", entry)
		}
		a, err := parseAddress("hosts", entry, port)
		if err != nil {
			return nil, err
		}
		if !seen[a] {
			hosts = append(hosts, a)
		}
		seen[a] = true
	}
	if len(hosts) == 0 {
		return nil, core.FieldErrorf("hosts", "hosts is empty: name at least one host, such as web1 or web1:2222,web2")
	}
	return hosts, nil
}

func parseAddress(field, text string, port int) (address, error) {
	host, portText := text, ""
	switch colons := strings.Count(text, ":"); {
	case strings.HasPrefix(text, "["):
		inside, rest, ok := strings.Cut(text[1:], "]")
		if !ok || rest != "" && rest[0] != ':' || net.ParseIP(zoneless(inside)) == nil {
			return address{}, core.FieldErrorf(field, "%s: %q is no IPv6 address in brackets, such as [2001:db8::1]:22", field, text)
		}
		host, portText = inside, strings.TrimPrefix(rest, ":")
	case colons == 1:
		host, portText, _ = strings.Cut(text, ":")
	case colons > 1 && net.ParseIP(zoneless(text)) == nil:
		return address{}, core.FieldErrorf(field, "%s: %q is neither host:port nor an IPv6 address", field, text)
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n/") {
		return address{}, core.FieldErrorf(field, "%s: %q has no usable host name", field, text)
	}
	if portText == "" {
		return address{host, port}, nil
	}
	n, err := strconv.Atoi(portText)
	if err != nil || n < 1 || n > 65535 {
		return address{}, core.FieldErrorf(field, "%s: %q has no usable port; ports are 1 to 65535", field, text)
	}
	return address{host, n}, nil
}

func zoneless(ip string) string {
	ip, _, _ = strings.Cut(ip, "%")
	return ip
}

// target is where to log in, and how.
type target struct {
	address
	user string
	cred *credential
	via  *target // the bastion, nil where there is none

	bastion bool // it is one itself
}

// key tells targets apart that cannot share a connection.
func (t *target) key() string {
	k := t.user + "@" + t.String() + " " + t.cred.id
	if t.via != nil {
		k += " via " + t.via.key()
	}
	return k
}

// name is the target in words.
func (t *target) name() string {
	if t.bastion {
		return "bastion " + t.String()
	}
	return t.String()
}

// parseBastion reads [user@]host[:port]. What it leaves out is as for the target.
// st2 differs: StackStorm takes a host only, so a bastion has to have the targets' port and user.
func parseBastion(text, user string, port int, cred *credential) (*target, error) {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		user, text = text[:at], text[at+1:]
	}
	if user == "" {
		return nil, core.FieldErrorf("bastion_host", "bastion_host: %q has no user before its @", text)
	}
	a, err := parseAddress("bastion_host", text, port)
	if err != nil {
		return nil, err
	}
	return &target{address: a, user: user, cred: cred, bastion: true}, nil
}
