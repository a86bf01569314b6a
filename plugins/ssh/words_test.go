package ssh

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

func TestParseHosts(t *testing.T) {
	for text, want := range map[string]string{
		"web1":                "web1:22",
		" web1 , ,web2:2222,": "web1:22 web2:2222",
		"2001:db8::1":         "[2001:db8::1]:22",
		"[2001:db8::1]:2222":  "[2001:db8::1]:2222",
		"[2001:db8::1]":       "[2001:db8::1]:22",
		"fe80::1%eth0":        "[fe80::1%eth0]:22",
		"web1,web1,web1:22":   "web1:22",
		"web1,web1:23":        "web1:22 web1:23",
		"":                    "hosts is empty",
		" , ":                 "hosts is empty",
		"root@web1":           "username",
		"web1:0":              "no usable port",
		"web1:ssh":            "no usable port",
		"web1:65536":          "no usable port",
		"a:b:c":               "neither host:port nor an IPv6 address",
		"[web1]:22":           "no IPv6 address in brackets",
		"[2001:db8::1":        "no IPv6 address in brackets",
		"[2001:db8::1]x":      "no IPv6 address in brackets",
		":22":                 "no usable host name",
		"http://web1/":        "no usable",
		"two words":           "no usable host name",
	} {
		hosts, err := parseHosts(text, 22)
		if err != nil {
			wantField(t, err, "hosts")
			wantError(t, err, want)
			continue
		}
		words := make([]string, len(hosts))
		for i, h := range hosts {
			words[i] = h.String()
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParseBastion(t *testing.T) {
	for text, want := range map[string]string{
		"jump": "me@jump:2222", "jump:22": "me@jump:22", "a@b@jump": "a@b@jump:2222", "root@[::1]:5": "root@[::1]:5",
	} {
		b, err := parseBastion(text, "me", 2222, &credential{})
		if err != nil || b.user+"@"+b.String() != want {
			t.Errorf("%q: %v, %v; want %s", text, b, err, want)
		}
	}
}

func TestResultNames(t *testing.T) {
	var targets []*target
	for _, a := range []address{{"a", 22}, {"b", 22}, {"b", 23}} {
		targets = append(targets, &target{address: a})
	}
	if diff := cmp.Diff([]string{"a", "b:22", "b:23"}, resultNames(targets)); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironment(t *testing.T) {
	c := core.Call{ID: "1", Env: []string{"ST2_A=x=y"}}
	got, err := environment(c, values{"B": true, "ST2_A": "no", "C": "it's"})
	if diff := cmp.Diff([]string{"B=True", `C='it'"'"'s'`, "ST2_A=x=y", "ST2_ACTION_EXECUTION_ID=1"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, name := range []string{"", "A B", "1A", "A-B", "A;id"} {
		_, err := environment(c, values{name: "x"})
		wantError(t, err, "cannot be exported")
	}
	_, err = environment(c, values{"A": "\x00"})
	wantError(t, err, "cannot be exported")
}

// In pieces of any size, what is printed around the announcement comes through whole.
func TestAnnounced(t *testing.T) {
	for text, want := range map[string][2]string{
		"petrel-M:123\nout":               {"123", "out"},
		"petrel-M:123\r\nout\n":           {"123", "out\n"},
		"motd\npetrel-M:5\n":              {"5", "motd\n"},
		"petrel-petrel-M:5\npetrel-M:6\n": {"5", "petrel-petrel-M:6\n"},
		"petrel-X:1\n":                    {"", "petrel-X:1\n"},
		"petrel-M:1":                      {"", "petrel-M:1"},
		"":                                {"", ""},
	} {
		for size := 1; size < 40; size++ {
			var got strings.Builder
			a := newAnnounced("M", func(b []byte) { got.Write(b) })
			for rest := []byte(text); len(rest) > 0; {
				n := min(size, len(rest))
				a.Write(rest[:n])
				rest = rest[n:]
			}
			a.flush()
			if a.group != want[0] || got.String() != want[1] {
				t.Errorf("%q by %d: group %q, %q; want %q", text, size, a.group, got.String(), want)
			}
		}
	}
}

func TestNewlines(t *testing.T) {
	for size := 1; size < 12; size++ {
		var got strings.Builder
		n := newlines{next: func(b []byte) { got.Write(b) }}
		for rest := []byte("a\r\nb\rc\r\r\nd\n"); len(rest) > 0; {
			k := min(size, len(rest))
			n.write(rest[:k])
			rest = rest[k:]
		}
		if got.String() != "a\nb\rc\r\nd\n" {
			t.Errorf("by %d: %q", size, got.String())
		}
	}
}

// st2: runners reference 3, status.
func TestStatus(t *testing.T) {
	ok, bad, late := hostResult{}, hostResult{code: 1}, hostResult{err: errTimedOut, timedOut: true, code: -9}
	for _, c := range []struct {
		hosts []hostResult
		all   core.Status
		one   core.Status // where one success is enough
	}{
		{[]hostResult{ok, ok}, core.Succeeded, core.Succeeded},
		{[]hostResult{ok, bad}, core.Failed, core.Succeeded},
		{[]hostResult{bad, ok}, core.Failed, core.Succeeded},
		{[]hostResult{bad, bad}, core.Failed, core.Failed},
		{[]hostResult{late, late}, core.TimedOut, core.TimedOut},
		{[]hostResult{late, bad}, core.TimedOut, core.Failed},
		{[]hostResult{bad, late}, core.Failed, core.Failed},
		{[]hostResult{ok, late}, core.Failed, core.Succeeded},
	} {
		if got := (summary{hosts: c.hosts}).status(); got != c.all {
			t.Errorf("%v: %s, want %s", c.hosts, got, c.all)
		}
		if got := (summary{hosts: c.hosts, partial: true}).status(); got != c.one {
			t.Errorf("%v, partial: %s, want %s", c.hosts, got, c.one)
		}
	}
}
