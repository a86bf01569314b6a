package builtin

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/petrelhq/petrel/core"
)

// nameServer answers for three names: hosts.test. has three addresses, mail.test. an
// exchanger, and empty.test. nothing. It returns its port.
func nameServer(t *testing.T) int {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			buf := make([]byte, 512)
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply, err := dnsAnswer(buf[:n]); err == nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).Port
}

func dnsAnswer(query []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil {
		return nil, err
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
	switch q.Name.String() + " " + q.Type.String() {
	case "hosts.test. TypeA":
		for i := range 3 {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, byte(i + 1)}}})
		}
	case "mail.test. TypeMX":
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName("mx.test.")}}}
	}
	return m.Pack()
}

// digAt puts a dig in PATH that asks at the port, since the action has no parameter for it.
func digAt(t *testing.T, port int) {
	t.Helper()
	real, err := exec.LookPath("dig")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s -p %d \"$@\"\n", real, port)
	if err := os.WriteFile(filepath.Join(dir, "dig"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func digParams(more map[string]any) map[string]any {
	p := map[string]any{"nameserver": "127.0.0.1", "queryopts": "short", "querytype": "A", "rand": false, "count": int64(0)}
	for name, v := range more {
		p[name] = v
	}
	return p
}

func TestDig(t *testing.T) {
	digAt(t, nameServer(t))
	f := dig{newShell(testConfig())}
	f.shell.maxOutput = defaultMaxOutput
	all := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
	for name, c := range map[string]struct {
		params map[string]any
		want   []string
	}{
		"all":              {map[string]any{"hostname": "hosts.test"}, all},
		"two":              {map[string]any{"hostname": "hosts.test", "count": int64(2)}, all[:2]},
		"more than are":    {map[string]any{"hostname": "hosts.test", "count": int64(9)}, all},
		"another type":     {map[string]any{"hostname": "mail.test", "querytype": "MX"}, []string{"10 mx.test."}},
		"options":          {map[string]any{"hostname": "hosts.test", "queryopts": "+short, noall"}, []string{}},
		"nothing":          {map[string]any{"hostname": "empty.test"}, []string{}},
		"no option either": {map[string]any{"hostname": "-v"}, []string{}},
	} {
		if diff := cmp.Diff(c.want, call(t, f.call, digParams(c.params))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}

	mixed := false
	for range 50 {
		got := call(t, f.call, digParams(map[string]any{"hostname": "hosts.test", "rand": true})).([]string)
		mixed = mixed || !slices.Equal(got, all)
		slices.Sort(got)
		if !slices.Equal(got, all) {
			t.Errorf("in random order: %q", got)
		}
		if mixed {
			break
		}
	}
	if !mixed {
		t.Error("50 random orders were all the same")
	}
}

func TestDigFails(t *testing.T) {
	f := dig{newShell(testConfig())}
	f.shell.maxOutput = defaultMaxOutput
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	digAt(t, free.LocalAddr().(*net.UDPAddr).Port)
	_, err = f.call(t.Context(), pythonCall("linux.dig", digParams(map[string]any{"hostname": "a.test", "queryopts": "short,time=1,tries=1"})))
	wantError(t, err, core.Unavailable, "dig @127.0.0.1 +short +time=1 +tries=1 -t A -q a.test ended with 9")

	t.Setenv("PATH", t.TempDir())
	_, err = f.call(t.Context(), pythonCall("linux.dig", digParams(map[string]any{"hostname": "a.test"})))
	wantError(t, err, core.Unavailable, "dnsutils")
}
