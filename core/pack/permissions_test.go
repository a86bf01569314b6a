package pack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

func TestPermissionsInWords(t *testing.T) {
	p := &core.Pack{Runtime: &core.Runtime{Type: core.RuntimeProcess}, Permissions: &core.Permissions{
		HTTP: []string{"https://api.example.com", "https://*.example.org:8443", "*", "*"}, Networks: []string{"10.0.0.0/8"},
		KV:      core.KVAccess{Read: []string{"team.*", "one", "*"}, Write: []string{"team.x"}},
		Secrets: []string{"token"}, Events: []string{"core.alarm"}, Actions: []string{"core.local", "linux.*"},
	}}
	want := []string{
		"Runs native code with all rights of the server's user; nothing keeps it to the permissions it names",
		"May send HTTP requests to https://api.example.com",
		"May send HTTP requests to any host below example.org:8443 by https",
		"May send HTTP requests to any host",
		"May reach by HTTP the addresses 10.0.0.0/8, also where they are not public",
		"May read every key of the system that begins with team.",
		"May read the key one",
		"May read every key of the system",
		"May set and delete the key team.x",
		"May read in clear the secret key token",
		"May raise events of the trigger type core.alarm",
		"May run the action core.local",
		"May run every action of the pack linux",
	}
	if diff := cmp.Diff(want, pack.Words(p)); diff != "" {
		t.Error(diff)
	}
	p.Runtime.Type = core.RuntimeWASM
	if diff := cmp.Diff(want[1:], pack.Words(p)); diff != "" {
		t.Error(diff)
	}
	p.Runtime = nil
	if got := pack.Words(p); len(got) > 0 {
		t.Errorf("a pack without code asks for %v", got)
	}
}

func TestBeyond(t *testing.T) {
	of := func(text string) core.Permissions {
		var p core.Permissions
		for _, word := range strings.Fields(text) {
			kind, what, _ := strings.Cut(word, "=")
			list := map[string]*[]string{"http": &p.HTTP, "net": &p.Networks, "read": &p.KV.Read, "write": &p.KV.Write,
				"secret": &p.Secrets, "event": &p.Events, "action": &p.Actions}[kind]
			*list = append(*list, what)
		}
		return p
	}
	for _, c := range []struct {
		granted, asked string
		beyond         int
	}{
		{"", "http=https://a.com", 1},
		{"http=https://a.com", "http=https://a.com", 0},
		{"http=https://a.com", "http=http://a.com", 1},
		{"http=https://a.com", "http=https://a.com:8443", 1},
		{"http=*", "http=https://a.com http=https://*.b.com", 0},
		{"http=https://*.a.com", "http=https://x.a.com http=https://*.y.a.com", 0},
		{"http=https://*.a.com", "http=https://a.com", 1},
		{"http=https://*.a.com", "http=https://xa.com", 1},
		{"http=https://*.a.com", "http=https://x.a.com:8443", 1},
		{"http=https://x.a.com", "http=https://*.a.com", 1},
		{"http=https://*.a.com", "http=*", 1},
		{"net=10.0.0.0/8", "net=10.1.0.0/16", 0},
		{"net=10.1.0.0/16", "net=10.0.0.0/8", 1},
		{"net=0.0.0.0/0", "net=fd00::/8", 1},
		{"read=team.*", "read=team.x read=team.y.*", 0},
		{"read=team.*", "read=team", 1},
		{"read=*", "write=team.x", 1},
		{"read=team.x", "read=team.x*", 1},
		{"read=*", "secret=token", 1},
		{"event=a.b", "event=a.b event=a.c", 1},
		{"action=core.*", "action=core.local action=core.x.y", 0},
		{"action=core.*", "action=corex.local", 1},
		{"action=core.local", "action=core.*", 1},
	} {
		wants, asked := &core.Pack{Runtime: &core.Runtime{Type: core.RuntimeWASM}}, of(c.asked)
		wants.Permissions = &asked
		got := pack.Beyond(wants, &core.Grant{Runtime: core.RuntimeWASM, Permissions: of(c.granted)})
		if len(got) != c.beyond {
			t.Errorf("granted %q, asked %q: beyond are %q", c.granted, c.asked, got)
		}
	}
	native := &core.Pack{Runtime: &core.Runtime{Type: core.RuntimeProcess}}
	if got := pack.Beyond(native, &core.Grant{Runtime: core.RuntimeWASM}); len(got) != 1 {
		t.Errorf("from a sandbox to native code: %q", got)
	}
	if got := pack.Beyond(native, &core.Grant{Runtime: core.RuntimeProcess}); len(got) != 0 {
		t.Errorf("native code again: %q", got)
	}
}
