package egress_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/egress"
	"github.com/petrelhq/petrel/sdk/wire"
)

// loopback allows what is served in these tests.
func loopback(origins ...string) core.Permissions {
	return core.Permissions{HTTP: origins, Networks: []string{"127.0.0.0/8"}}
}

func TestRequestAndResponse(t *testing.T) {
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header()["X-Seen"] = []string{r.Method, r.Host, r.URL.RequestURI(), r.Header.Get("X-Given"), r.UserAgent()}
		w.WriteHeader(http.StatusTeapot)
		w.Write(append([]byte("got "), body...))
	})
	c := newClient(t, egress.Config{Permissions: loopback(s.URL)})
	reply, err := c.Do(t.Context(), wire.HTTP{
		Method: "PUT", URL: s.URL + "/a%2Fb?q=c d#part", Body: []byte("text"),
		Header: map[string][]string{"x-given": {"yes"}, "content-length": {"999"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Join(reply.Header["X-Seen"], " ")
	if reply.Status != 418 || string(reply.Body) != "got text" || seen != "PUT "+strings.TrimPrefix(s.URL, "http://")+" /a%2Fb?q=c%20d yes petrel" {
		t.Errorf("status %d, body %q, seen %q", reply.Status, reply.Body, seen)
	}
}

func TestEnvironmentsProxyIsNotUsed(t *testing.T) {
	z := newZone(t, map[string][]string{"a.test": {"127.0.0.2"}})
	s := serve(t, "127.0.0.2:0", hello)
	c := newClient(t, egress.Config{Permissions: loopback("*"), Resolver: z.resolver()})
	if reply, err := get(t, c, "http://a.test:"+s.port); err != nil || string(reply.Body) != "hello from a.test:"+s.port {
		t.Errorf("got %q, %v", reply.Body, err)
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, err := get(t, newClient(t, egress.Config{Permissions: loopback("*")}), s.URL)
	refused(t, err, wire.Failed, "certificate")
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	if _, err := get(t, newClient(t, egress.Config{Permissions: loopback("*"), Roots: roots}), s.URL); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			w.Write(make([]byte, 101))
		case "/endless":
			for r.Context().Err() == nil {
				w.Write(make([]byte, 1<<16))
			}
		case "/header":
			w.Header().Set("X", strings.Repeat("x", 100<<10))
		case "/silent":
			<-r.Context().Done()
		}
	})
	c := newClient(t, egress.Config{Permissions: loopback("*"), MaxRequest: 100, MaxResponse: 100, Timeout: 300 * time.Millisecond})
	for path, kind := range map[string]wire.Kind{"/large": wire.TooLarge, "/endless": wire.TooLarge, "/header": wire.Failed, "/silent": wire.TimedOut} {
		if _, err := get(t, c, s.URL+path); err == nil || err.Kind != kind {
			t.Errorf("%s: got %v, want %s", path, err, kind)
		}
	}
	_, err := c.Do(t.Context(), wire.HTTP{URL: s.URL, Body: make([]byte, 101)})
	refused(t, err, wire.TooLarge, "100")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Do(ctx, wire.HTTP{URL: s.URL + "/silent"})
	refused(t, err, wire.Canceled, s.port)
}

// guest follows redirects as a pack's http.Client does.
type guest struct{ c *egress.Client }

func (g guest) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := g.c.Do(r.Context(), wire.HTTP{Method: r.Method, URL: r.URL.String(), Header: r.Header})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: reply.Status, Header: reply.Header, Body: io.NopCloser(strings.NewReader(string(reply.Body))), Request: r}, nil
}

func TestRedirectsAreCheckedHopByHop(t *testing.T) {
	inside := serve(t, "127.0.0.3:0", hello)
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	p := core.Permissions{HTTP: []string{"*"}, Networks: []string{"127.0.0.1"}}
	c := newClient(t, egress.Config{Permissions: p})
	reply, err := get(t, c, s.URL+"?to=http://169.254.169.254/latest/meta-data")
	if err != nil || reply.Status != http.StatusFound || http.Header(reply.Header).Get("Location") == "" {
		t.Fatalf("the redirect was not shown: %+v, %v", reply, err)
	}
	for _, to := range []string{
		"http://169.254.169.254/latest/meta-data", inside.URL, "file:///etc/passwd", "//0x7f000003:" + inside.port,
		"http://[::ffff:127.0.0.3]:" + inside.port, "http://localhost.:" + inside.port + "/",
	} {
		res, err := (&http.Client{Transport: guest{c}}).Get(s.URL + "?to=" + url.QueryEscape(to))
		if err == nil {
			if to != "http://localhost.:"+inside.port+"/" { // 127.0.0.1, where nobody listens at that port
				t.Errorf("%s was followed: %d", to, res.StatusCode)
			}
			res.Body.Close()
		}
	}
	if inside.hits.Load() > 0 {
		t.Error("a redirect led inside")
	}
}

// A name that leads to an allowed address first and elsewhere later is checked each time.
func TestRebinding(t *testing.T) {
	outside := serve(t, "127.0.0.2:0", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		hello(w, r)
	})
	inside := serve(t, "127.0.0.1:"+outside.port, hello)
	z := newZone(t, map[string][]string{"rebind.test": {"127.0.0.2", "127.0.0.1"}, "both.test": {"127.0.0.1 127.0.0.2"}})
	c := newClient(t, egress.Config{
		Permissions: core.Permissions{HTTP: []string{"http://rebind.test:" + outside.port, "http://both.test:" + outside.port}, Networks: []string{"127.0.0.2/32"}},
		Resolver:    z.resolver(),
	})
	if _, err := get(t, c, "http://rebind.test:"+outside.port); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err := get(t, c, "http://rebind.test:"+outside.port)
		refused(t, err, wire.Denied, "127.0.0.1 (loopback)")
		if _, err := get(t, c, "http://both.test:"+outside.port); err != nil {
			t.Error(err) // the second address may be used
		}
	}
	if inside.hits.Load() > 0 {
		t.Error("a name led inside")
	}
}

// Whatever a name is said to lead to, inside is not reached.
func TestAnswersThatLeadInside(t *testing.T) {
	answers := map[string][]string{}
	for name, a := range map[string]string{
		"loopback": "127.8.8.8", "loopback6": "::1", "any": "0.0.0.0", "any6": "::", "ten": "10.0.0.1", "lan": "192.168.1.1", "cgnat": "100.64.0.1",
		"linklocal": "169.254.1.1", "metadata": "169.254.169.254", "metadata6": "fd00:ec2::254", "azure": "168.63.129.16", "multicast": "224.0.0.1", "multicast6": "ff02::1",
		"broadcast": "255.255.255.255", "mapped": "::ffff:127.0.0.1", "compatible": "::127.0.0.1", "nat64": "64:ff9b::7f00:1", "nat64local": "64:ff9b:1::7f00:1",
		"sixtofour": "2002:7f00:1::1", "teredo": "2001:0:7f00:1::1", "ula": "fc00::1", "linklocal6": "fe80::1", "benchmark": "198.18.0.1", "siit": "::ffff:0:127.0.0.1",
	} {
		answers[name+".test"] = []string{a}
	}
	z := newZone(t, answers)
	c := newClient(t, egress.Config{Permissions: core.Permissions{HTTP: []string{"*"}}, Resolver: z.resolver()})
	for name := range answers {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, c, "http://"+name+"/")
			refused(t, err, wire.Denied, "networks")
		})
	}
}

// The same machine in many spellings: none is reached, and none is asked of a resolver
// that might know better.
func TestSpellings(t *testing.T) {
	inside := serve(t, "127.0.0.1:0", hello)
	c := newClient(t, egress.Config{Permissions: core.Permissions{HTTP: []string{"*"}}})
	for spelling, kind := range map[string]wire.Kind{
		"http://127.0.0.1:P/":                wire.Denied,
		"http://localhost:P/":                wire.Denied,
		"http://localhost.:P/":               wire.Denied,
		"http://LOCALHOST:P/":                wire.Denied,
		"http://127.0.0.1.:P/":               wire.Denied,
		"http://[::ffff:127.0.0.1]:P/":       wire.Denied,
		"http://[::ffff:7f00:1]:P/":          wire.Denied,
		"http://[0:0:0:0:0:ffff:7f00:1]:P/":  wire.Denied,
		"http://[::1]:P/":                    wire.Denied,
		"http://[::]:P/":                     wire.Denied,
		"http://0.0.0.0:P/":                  wire.Denied,
		"http://[64:ff9b::127.0.0.1]:P/":     wire.Denied,
		"http://127。0。0。1:P/":                wire.Denied, // ideographic full stops
		"http://１２７.0.0.1:P/":                wire.Denied, // full-width digits
		"http://ⓛocalhost:P/":                wire.Denied,
		"http://%e2%93%9bocalhost:P/":        wire.Denied,
		"http://0x7f000001:P/":               wire.Invalid,
		"http://0X7F000001:P/":               wire.Invalid,
		"http://0x7f.0x0.0x0.0x1:P/":         wire.Invalid,
		"http://2130706433:P/":               wire.Invalid,
		"http://017700000001:P/":             wire.Invalid,
		"http://127.1:P/":                    wire.Invalid,
		"http://127.0.1:P/":                  wire.Invalid,
		"http://0177.0.0.1:P/":               wire.Invalid,
		"http://127.0.0.01:P/":               wire.Invalid,
		"http://127.0.0.0x1:P/":              wire.Invalid,
		"http://0:P/":                        wire.Invalid,
		"http://256.0.0.1:P/":                wire.Invalid,
		"http://127.0.0.1..:P/":              wire.Invalid,
		"http://[fe80::1%25lo]:P/":           wire.Invalid,
		"http://[127.0.0.1]:P/":              wire.Invalid,
		"http://::1:P/":                      wire.Invalid,
		"http://user@127.0.0.1:P/":           wire.Invalid,
		"http://user:word@127.0.0.1:P/":      wire.Invalid,
		"http://public.test@127.0.0.1:P/":    wire.Invalid,
		"http://public.test:80@127.0.0.1:P/": wire.Invalid,
		`http://public.test\@127.0.0.1:P/`:   wire.Invalid,
		"http://127.0.0.1%00.test:P/":        wire.Invalid,
		"http://127.0.0.1%2f.test:P/":        wire.Invalid,
		"http://local host:P/":               wire.Invalid,
		"http://\nlocalhost:P/":              wire.Invalid,
		"http://localhost:P/\r\nX: y":        wire.Invalid,
		"http://:P/":                         wire.Invalid,
		"http:///":                           wire.Invalid,
		"http:localhost:P":                   wire.Invalid,
		"localhost:P":                        wire.Invalid,
		"//localhost:P/":                     wire.Invalid,
		"unix:///run/docker.sock":            wire.Invalid,
		"file:///etc/passwd":                 wire.Invalid,
		"ftp://localhost:P/":                 wire.Invalid,
		"gopher://localhost:P/":              wire.Invalid,
		"http://localhost:0/":                wire.Invalid,
		"http://localhost:99999/":            wire.Invalid,
		"http://localhost:-1/":               wire.Invalid,
		"http://localhost:P:80/":             wire.Invalid,
		"http://localhost:0xP/":              wire.Invalid,
		"http://xn--/":                       wire.Invalid,
		"":                                   wire.Invalid,
	} {
		t.Run(spelling, func(t *testing.T) {
			_, err := get(t, c, strings.ReplaceAll(spelling, "P", inside.port))
			refused(t, err, kind, "")
		})
	}
	if inside.hits.Load() > 0 {
		t.Error("inside was reached")
	}
}

func TestMessagesThatLookLikeTwo(t *testing.T) {
	s := serve(t, "127.0.0.1:0", hello)
	c := newClient(t, egress.Config{Permissions: loopback("*")})
	for _, r := range []wire.HTTP{
		{Header: map[string][]string{"X": {"a\r\nHost: b"}}},
		{Header: map[string][]string{"X": {"a\nb"}}},
		{Header: map[string][]string{"X": {"a\x00b"}}},
		{Header: map[string][]string{"X\r\nY": {"a"}}},
		{Header: map[string][]string{"X:": {"a"}}},
		{Header: map[string][]string{"X Y": {"a"}}},
		{Header: map[string][]string{"": {"a"}}},
		{Header: map[string][]string{"host": {"other.test"}}},
		{Header: map[string][]string{"transfer-encoding": {"chunked"}}},
		{Header: map[string][]string{"Connection": {"X"}}},
		{Header: map[string][]string{"upgrade": {"h2c"}}},
		{Header: map[string][]string{"te": {"trailers"}}},
		{Header: map[string][]string{"X": {strings.Repeat("a", 65<<10)}}},
		{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"},
		{Method: "CONNECT"},
		{Method: "G T"},
	} {
		r.URL = s.URL
		_, err := c.Do(t.Context(), r)
		refused(t, err, wire.Invalid, "")
	}
	if s.hits.Load() > 0 {
		t.Error("a request was sent")
	}
}

func TestUsesAreTold(t *testing.T) {
	s := serve(t, "127.0.0.1:0", hello)
	var told []string
	p := core.Permissions{HTTP: []string{"https://other.test", s.URL}, Networks: []string{"10.0.0.0/8", "127.0.0.1/32"}}
	c := newClient(t, egress.Config{Permissions: p, Used: func(permission, entry string) { told = append(told, permission+" "+entry) }})
	if _, err := get(t, c, s.URL); err != nil {
		t.Fatal(err)
	}
	_, err := get(t, c, "http://nobody.test")
	refused(t, err, wire.Denied, "http://nobody.test")
	if got, want := strings.Join(told, ", "), "http "+s.URL+", networks 127.0.0.1/32, http "; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}
