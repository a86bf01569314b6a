package egress_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/petrelhq/petrel/plugins/egress"
	"github.com/petrelhq/petrel/sdk/wire"
)

// TestMain names a proxy that nobody serves: net/http reads the environment only once.
func TestMain(m *testing.M) {
	os.Setenv("HTTP_PROXY", "http://127.0.0.9:9")
	goleak.VerifyTestMain(m)
}

// site is an HTTP server that counts who came.
type site struct {
	*httptest.Server
	port string
	hits atomic.Int64
}

// serve starts a site at an address of this machine; port 0 is any.
func serve(t *testing.T, address string, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	s.Listener.Close()
	s.Listener = l
	_, s.port, _ = net.SplitHostPort(l.Addr().String())
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func hello(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello from " + r.Host)) }

// zone is a DNS server: each name has a list of answers, one after the other, the last for
// ever; an answer is addresses.
type zone struct {
	conn net.PacketConn

	mu      sync.Mutex
	answers map[string][]string // "203.0.113.1 203.0.113.2"
}

func newZone(t *testing.T, answers map[string][]string) *zone {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{conn: conn, answers: answers}
	done := make(chan struct{})
	go func() { defer close(done); z.serve() }()
	t.Cleanup(func() { conn.Close(); <-done })
	return z
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", z.conn.LocalAddr().String())
	}}
}

func (z *zone) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := z.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		if !z.answer(&m) {
			m.RCode = dnsmessage.RCodeNameError
		}
		if out, err := m.Pack(); err == nil {
			z.conn.WriteTo(out, from)
		}
	}
}

// answer reports whether there is such a name. The list moves on with questions for A.
func (z *zone) answer(m *dnsmessage.Message) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	q := m.Questions[0]
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	list, ok := z.answers[name]
	if !ok {
		return false
	}
	for _, text := range strings.Fields(list[0]) {
		a := netip.MustParseAddr(text)
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	if q.Type == dnsmessage.TypeA && len(list) > 1 {
		z.answers[name] = list[1:]
	}
	return true
}

func newClient(t *testing.T, c egress.Config) *egress.Client {
	t.Helper()
	cl, err := egress.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func get(t *testing.T, c *egress.Client, url string) (wire.HTTPReply, *wire.Error) {
	t.Helper()
	return c.Do(t.Context(), wire.HTTP{Method: "GET", URL: url})
}

// refused checks that a request ended with an error of a kind.
func refused(t *testing.T, err *wire.Error, kind wire.Kind, part string) {
	t.Helper()
	if err == nil || err.Kind != kind || !strings.Contains(err.Message, part) {
		t.Errorf("got %+v, want an error of kind %s with %q", err, kind, part)
	}
}
