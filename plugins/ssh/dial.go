package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
)

// unreachable is the error of a host on which nothing was begun.
type unreachable struct{ err error }

func (u *unreachable) Error() string { return u.err.Error() }
func (u *unreachable) Unwrap() error { return u.err }

var errConnectTimeout = errors.New("not connected and logged in within the time limit")

// dialer connects and logs in.
type dialer struct {
	known   *knownHosts
	timeout time.Duration
}

// dial logs in at t, through a bastion's connection where there is one. ctx bounds it.
// Errors say which host, what is wrong and what to do.
func (d dialer) dial(ctx context.Context, t *target, bastion *ssh.Client) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, errConnectTimeout)
	defer cancel()
	raw, err := connect(ctx, t, bastion)
	if err != nil {
		return nil, d.connectError(ctx, t, err)
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() }) // channels of a bastion know no deadlines
	client, err := d.logIn(ctx, t, raw)
	if err != nil {
		stop()
		raw.Close()
		return nil, err
	}
	if !stop() {
		client.Close()
		return nil, d.connectError(ctx, t, ctx.Err())
	}
	return client, nil
}

func connect(ctx context.Context, t *target, bastion *ssh.Client) (net.Conn, error) {
	if bastion != nil {
		return bastion.DialContext(ctx, "tcp", t.String())
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", t.String())
}

func (d dialer) connectError(ctx context.Context, t *target, err error) error {
	name := t.name()
	var dns *net.DNSError
	var refused *ssh.OpenChannelError
	switch {
	case errors.Is(context.Cause(ctx), errConnectTimeout):
		return core.Errorf(core.Unavailable, "%s: no answer within %v: is the host up, and does a firewall let port %d through?", name, d.timeout, t.port)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &refused):
		return core.Errorf(core.Unavailable, "%s: bastion %s cannot reach it: %s (%s)", name, t.via, refused.Message, refused.Reason)
	case errors.As(err, &dns):
		return core.Errorf(core.Unavailable, "%s: the name %q cannot be resolved: %s", name, t.host, dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return core.Errorf(core.Unavailable, "%s: connection refused: does sshd run there, on port %d?", name, t.port)
	}
	return core.Errorf(core.Unavailable, "%s: cannot connect: %w", name, plain(err))
}

// plain takes the addresses that a message has already out of a network error.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func (d dialer) logIn(ctx context.Context, t *target, raw net.Conn) (*ssh.Client, error) {
	methods, done, err := t.cred.methods(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var allowed []string
	cfg := &ssh.ClientConfig{
		User: t.user, Auth: methods,
		AuthCallback: func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			allowed = c.AllowedMethods
			return nil, nil
		},
	}
	if err := d.known.prepare(t, cfg); err != nil {
		return nil, err
	}
	var keyErr error
	check := cfg.HostKeyCallback
	cfg.HostKeyCallback = func(host string, remote net.Addr, key ssh.PublicKey) error {
		keyErr = check(host, remote, key)
		return keyErr
	}
	conn, chans, reqs, err := ssh.NewClientConn(raw, t.String(), cfg)
	switch {
	case keyErr != nil:
		return nil, keyErr
	case err != nil && ctx.Err() != nil:
		return nil, d.connectError(ctx, t, err)
	case err != nil:
		return nil, handshakeError(t, allowed, err)
	}
	return ssh.NewClient(conn, chans, reqs), nil
}

// handshakeError explains why a host that was reached did not let us in.
func handshakeError(t *target, allowed []string, err error) error {
	name := t.name()
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case strings.Contains(err.Error(), "unable to authenticate"):
		return core.Errorf(core.Forbidden, "%s: user %s was not let in with %s; %s", name, t.user, t.cred.words, wayIn(t, allowed))
	case errors.As(err, &algorithms):
		return core.Errorf(core.Unavailable, "%s: no common algorithm: %w; if known_hosts has a key of another type for it, add the one it has now", name, err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return core.Errorf(core.Unavailable, "%s: the host closed the connection before the login: it may be overloaded (MaxStartups in sshd_config), or refuse this server's address", name)
	}
	return core.Errorf(core.Unavailable, "%s: %w", name, err)
}

// wayIn says what would help.
func wayIn(t *target, allowed []string) string {
	accepts := "the host accepts " + strings.Join(allowed, ", ")
	if t.cred.password != "" {
		if slices.Contains(allowed, "password") || slices.Contains(allowed, "keyboard-interactive") {
			return "check username and password"
		}
		return accepts + "; give private_key"
	}
	if !slices.Contains(allowed, "publickey") {
		return accepts + "; give password"
	}
	return fmt.Sprintf("its public key has to be in the authorized_keys of %s there", t.user)
}
