// Package egress sends the HTTP requests of packs where their permissions allow it, and
// nowhere else.
//
// Two checks stand one behind the other. The origin of a request (origin.go) must be one
// that was granted, in whatever spelling it comes. And the address that is connected to
// (address.go) must not be one of the machine's surroundings, unless its network was
// granted. The second is done by the dialer on the very address it connects to, so that
// it does not matter what a name resolved to before, or resolves to next. Redirects are
// not followed: who asked sees them, and each hop is a request of its own.
package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Config says what a Client may do. Only Permissions has no default.
type Config struct {
	Permissions core.Permissions // HTTP and Networks of them
	Resolver    *net.Resolver    // nil: the machine's
	Roots       *x509.CertPool   // whom to believe; nil: the machine's
	MaxRequest  int64            // bytes of a request's body; 16 MiB
	MaxResponse int64            // bytes of a response's body, unpacked; 16 MiB
	Timeout     time.Duration    // of a request with its response; 1 min
	// Used is told which entry of which permission ("http", "networks") let a request
	// pass, and of a refused one with the entry "". Nil: nobody is told.
	Used func(permission, entry string)
}

func (c Config) withDefaults() Config {
	if c.MaxRequest == 0 {
		c.MaxRequest = 16 << 20
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = 16 << 20
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.Used == nil {
		c.Used = func(string, string) {}
	}
	return c
}

const (
	maxHeader       = 64 << 10 // bytes of a message's headers
	dialTimeout     = 10 * time.Second
	idleConnections = 8 // per origin
	connections     = 32
	idleTimeout     = 90 * time.Second
)

// Client sends requests for one pack. It is safe for concurrent use.
type Client struct {
	Config
	origins   []granted
	networks  []netip.Prefix
	transport *http.Transport
}

// New returns a Client. The error is Invalid and names the entry of the permissions that
// says nothing.
func New(c Config) (*Client, error) {
	cl := &Client{Config: c.withDefaults()}
	var err error
	if cl.origins, err = parseOrigins(c.Permissions.HTTP); err != nil {
		return nil, err
	}
	if cl.networks, err = parseNetworks(c.Permissions.Networks); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: c.Resolver, Control: cl.control}
	cl.transport = &http.Transport{
		Proxy:                  nil, // not the environment's: it would resolve and connect in our place
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    idleConnections,
		MaxConnsPerHost:        connections,
		IdleConnTimeout:        idleTimeout,
	}
	return cl, nil
}

// Close closes the connections that are idle; requests under way go on to their end.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// control is asked by the dialer for each address it is about to connect to.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return &blocked{address, "an address of no known form"}
	}
	what := special(at.Addr())
	if what == "" {
		return nil
	}
	for i, n := range c.networks {
		if contains(n, at.Addr()) {
			c.Used("networks", c.Permissions.Networks[i])
			return nil
		}
	}
	c.Used("networks", "")
	return &blocked{at.Addr().Unmap().WithZone("").String(), what}
}

// Do sends a request and returns the whole response. Errors are of the kinds Invalid (what
// was asked is no request), Denied, TooLarge, Canceled, TimedOut and Failed.
func (c *Client) Do(ctx context.Context, r wire.HTTP) (wire.HTTPReply, *wire.Error) {
	req, refusal := c.request(ctx, r)
	if refusal != nil {
		return wire.HTTPReply{}, refusal
	}
	limit := c.Timeout
	if r.Timeout > 0 {
		limit = min(limit, time.Duration(r.Timeout))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	res, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return wire.HTTPReply{}, c.failure(ctx, req, err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return wire.HTTPReply{}, wireErrorf(wire.Failed, "%s wants to speak another protocol than HTTP", req.URL.Host)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, c.MaxResponse+1))
	if err != nil {
		return wire.HTTPReply{}, c.failure(ctx, req, err)
	}
	if int64(len(body)) > c.MaxResponse {
		return wire.HTTPReply{}, wireErrorf(wire.TooLarge, "the response of %s is larger than %d bytes", req.URL.Host, c.MaxResponse)
	}
	return wire.HTTPReply{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// request checks what was asked and makes a request of it that says nothing else.
func (c *Client) request(ctx context.Context, r wire.HTTP) (*http.Request, *wire.Error) {
	u, at, err := parseURL(r.URL)
	if err != nil {
		return nil, wireErrorf(wire.Invalid, "url: %v", err)
	}
	if err := checkMethod(r.Method); err != nil {
		return nil, wireErrorf(wire.Invalid, "method: %v", err)
	}
	header, err := checkHeader(r.Header)
	if err != nil {
		return nil, wireErrorf(wire.Invalid, "header: %v", err)
	}
	if int64(len(r.Body)) > c.MaxRequest {
		return nil, wireErrorf(wire.TooLarge, "the request's body has %d bytes, the most is %d", len(r.Body), c.MaxRequest)
	}
	entry, ok := allowedBy(c.origins, at)
	c.Used("http", entry)
	if !ok {
		return nil, wireErrorf(wire.Denied, "no permission for %s: permissions.http in pack.yaml does not name it", at)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, wireErrorf(wire.Invalid, "url: %v", err)
	}
	req.Header = header
	return req, nil
}

// failure tells the code why there is no response.
func (c *Client) failure(ctx context.Context, req *http.Request, err error) *wire.Error {
	var b *blocked
	switch {
	case errors.As(err, &b):
		return wireErrorf(wire.Denied, "%s leads to %s: permissions.networks in pack.yaml does not name it", req.URL.Host, b)
	case errors.Is(ctx.Err(), context.Canceled):
		return wireErrorf(wire.Canceled, "the request to %s was ended", req.URL.Host)
	case ctx.Err() != nil:
		return wireErrorf(wire.TimedOut, "%s did not answer in time", req.URL.Host)
	}
	return wireErrorf(wire.Failed, "%s %s: %v", req.Method, req.URL.Host, err)
}

func wireErrorf(kind wire.Kind, format string, args ...any) *wire.Error {
	return &wire.Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
