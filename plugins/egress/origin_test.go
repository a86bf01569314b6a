package egress

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core"
)

func TestGrantedOrigins(t *testing.T) {
	for _, c := range []struct {
		entry, url string
		want       bool
	}{
		{"https://api.example.com", "https://api.example.com/x?y", true},
		{"https://api.example.com", "https://API.Example.COM:443", true},
		{"https://api.example.com", "https://api.example.com.", true},
		{"https://api.example.com", "https://api.example.com:0443/", true},
		{"https://api.example.com:443/", "https://api.example.com", true},
		{"https://api.example.com", "http://api.example.com", false},
		{"https://api.example.com", "http://api.example.com:443", false},
		{"https://api.example.com", "https://api.example.com:8443", false},
		{"https://api.example.com", "https://xapi.example.com", false},
		{"https://api.example.com", "https://api.example.com.evil.test", false},
		{"https://api.example.com", "https://evil.test/api.example.com", false},
		{"https://api.example.com", "https://evil.test?https://api.example.com", false},
		{"https://api.example.com", "https://evil.test#@api.example.com", false},
		{"https://*.example.com", "https://api.example.com", true},
		{"https://*.example.com", "https://a.b.example.com", true},
		{"https://*.example.com", "https://example.com", false},
		{"https://*.example.com", "https://evilexample.com", false},
		{"https://*.example.com:8443", "https://a.example.com:8443", true},
		{"https://*.example.com:8443", "https://a.example.com", false},
		{"https://bücher.example", "https://xn--bcher-kva.example", true},
		{"https://xn--bcher-kva.example", "https://BÜCHER.example", true},
		{"https://bücher.example", "https://bucher.example", false},
		{"https://a.example", "https://а.example", false}, // Cyrillic
		{"https://a.example", "https://a。example", true},
		{"http://192.0.2.1:8080", "http://192.0.2.1:8080", true},
		{"http://192.0.2.1", "http://[::ffff:192.0.2.1]", true},
		{"http://[2001:db8::1]", "http://[2001:DB8:0::1]:80", true},
		{"http://my_service:80", "http://my_service", true},
		{"*", "http://anything.test:1", true},
	} {
		all, err := parseOrigins([]string{c.entry})
		if err != nil {
			t.Fatal(err)
		}
		_, at, err := parseURL(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if entry, ok := allowedBy(all, at); ok != c.want || ok && entry != c.entry {
			t.Errorf("%s allows %s: %v by %q, want %v", c.entry, c.url, ok, entry, c.want)
		}
	}
}

func TestEntriesThatSayNothing(t *testing.T) {
	for _, e := range []string{"", "example.com", "https://", "https://*", "https://*.", "https://a.*", "*.example.com", "https://a/b", "https://a?b",
		"https://u@a", "ftp://a", "https://a:0", "https://*.192.0.2.1", "http://127.1", "https://a:b", "https://*.*.a"} {
		if _, err := New(Config{Permissions: core.Permissions{HTTP: []string{e}}}); core.KindOf(err) != core.Invalid {
			t.Errorf("http %q: %v", e, err)
		}
	}
	for _, e := range []string{"", "10.0.0.0/33", "example.com", "10.0.0", "*", "10.0.0.0/-1"} {
		if _, err := New(Config{Permissions: core.Permissions{Networks: []string{e}}}); core.KindOf(err) != core.Invalid {
			t.Errorf("networks %q: %v", e, err)
		}
	}
}

func TestGrantedNetworks(t *testing.T) {
	for _, c := range []struct {
		network, address string
		want             bool
	}{
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "::ffff:10.1.2.3", true},
		{"10.0.0.0/8", "64:ff9b::10.1.2.3", true},
		{"10.0.0.0/8", "2002:a01:203::", false},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"10.1.2.3/8", "10.9.9.9", true},
		{"10.1.2.3", "10.1.2.3", true},
		{"10.1.2.3", "10.1.2.4", false},
		{"::ffff:10.0.0.0/104", "10.1.2.3", true},
		{"fd00::/8", "fd12::1", true},
		{"fd00::/8", "fc12::1", false},
		{"::/0", "10.0.0.1", false},
		{"0.0.0.0/0", "127.0.0.1", true},
	} {
		all, err := parseNetworks([]string{c.network})
		if err != nil {
			t.Fatal(err)
		}
		if got := contains(all[0], netip.MustParseAddr(c.address)); got != c.want {
			t.Errorf("%s contains %s: %v", c.network, c.address, got)
		}
	}
}

// Whatever the standard library knows to be no public address is one to us.
func TestSpecialAddresses(t *testing.T) {
	check := func(t *rapid.T, a netip.Addr) {
		a = a.Unmap()
		inside := a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()
		if inside && special(a) == "" {
			t.Fatalf("%s passes", a)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")
		b[0] = rapid.SampledFrom([]byte{0, 10, 127, 169, 172, 192, 224, 0xfc, 0xfd, 0xfe, 0xff, b[0]}).Draw(t, "first")
		check(t, netip.AddrFrom4([4]byte(b[:4])))
		check(t, netip.AddrFrom16([16]byte(b)))
		v4 := netip.AddrFrom4([4]byte(b[:4]))
		as16 := v4.As16()
		if special(netip.AddrFrom16(as16)) != special(v4) {
			t.Fatalf("%s differs when it is mapped", v4)
		}
		copy(as16[:], netip.MustParseAddr("64:ff9b::").AsSlice()[:12])
		if special(netip.AddrFrom16(as16)) != special(v4) {
			t.Fatalf("%s differs behind NAT64", v4)
		}
	})
	for _, public := range []string{"8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::1", "64:ff9b::8.8.8.8", "172.32.0.1", "100.128.0.1"} {
		if what := special(netip.MustParseAddr(public)); what != "" {
			t.Errorf("%s is %s", public, what)
		}
	}
}
