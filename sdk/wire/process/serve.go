//go:build !wasip1

// Package process serves a pack's code from an executable of its own: the plugin's end of
// hashicorp/go-plugin's protocol, made of the standard library alone.
//
// The protocol is go-plugin's: a magic cookie in the environment, one handshake line on
// standard output, gRPC with AutoMTLS on a unix socket, the services health, controller
// and stdio. On top of it lies one service of Petrel's, [SessionPath]: a stream in both
// directions whose messages are google.protobuf.BytesValue, each with one [Frame] in JSON.
// All requests of a server share that stream, so that a request costs two messages and
// nothing else.
package process

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// What go-plugin calls the handshake. The cookie is no secret: it tells a person from a server.
const (
	CookieKey   = "PETREL_PLUGIN"
	CookieValue = "d1f6c1ba-petrel-pack-code"
)

const (
	coreProtocol = 1           // of go-plugin's handshake line
	parentLook   = time.Second // where the system does not tell of a parent's death
	lastWait     = time.Second // for answers under way, when the server has said goodbye
)

// Host asks the server for something, on behalf of one request. It may be called at once
// from many goroutines. When the request has ended it answers with an Error.
type Host = func(ctx context.Context, op wire.Op) wire.Reply

// Handler answers one request. Its ctx is done when the server wants the request ended:
// the cause is context.DeadlineExceeded or context.Canceled. A Handler that does not
// return then within half a second has its process killed.
type Handler = func(ctx context.Context, r wire.Request, host Host) wire.Response

// Serve answers a server's requests with handle, many at once, until the server says
// goodbye or is gone. Its error is one line for the person who started the program.
//
// While it serves, os.Stdout and os.Stderr lead to the server's log.
func Serve(handle Handler) error {
	if os.Getenv(CookieKey) != CookieValue {
		return errors.New("this program is the code of a Petrel pack and is started by a Petrel server: use petrel pack install, then petrel run")
	}
	certificate, config, err := mutualTLS(os.Getenv("PLUGIN_CLIENT_CERT"))
	if err != nil {
		return err
	}
	listener, err := listen(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
	if err != nil {
		return err
	}
	defer listener.Close()
	handshake, logs := os.Stdout, os.Stderr
	output, err := redirect()
	if err != nil {
		return err
	}
	defer output.restore()
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // meant for the server, which ends us in its own way
	fmt.Fprintf(handshake, "%d|%d|unix|%s|grpc|%s\n", coreProtocol, wire.Version,
		listener.Addr(), base64.RawStdEncoding.EncodeToString(certificate))

	ctx, goodbye := context.WithCancelCause(context.Background())
	defer goodbye(nil)
	go watchParent(ctx, goodbye)
	server := &http.Server{
		Handler:     &services{handle: handle, output: output, goodbye: goodbye},
		TLSConfig:   config,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(logs, "", 0),
	}
	return serve(ctx, server, listener)
}

// serve runs the server until ctx is done, and then lets go what is being answered.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	select {
	case err := <-failed:
		return fmt.Errorf("the plugin cannot serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), lastWait)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close()
	}
	if cause := context.Cause(ctx); cause != errGoodbye {
		return cause
	}
	return nil
}

// listen opens the socket in dir, which the server has made and removes.
func listen(dir string) (net.Listener, error) {
	own := dir == ""
	if own {
		made, err := os.MkdirTemp("", "petrel-plugin")
		if err != nil {
			return nil, fmt.Errorf("no place for the plugin's socket: %w", err)
		}
		dir = made
	}
	l, err := net.Listen("unix", filepath.Join(dir, strconv.Itoa(os.Getpid())))
	if err != nil {
		return nil, fmt.Errorf("the plugin cannot open its socket: %w", err)
	}
	if own {
		return ownedDir{l, dir}, nil
	}
	return l, nil
}

// ownedDir removes its socket's directory when it is closed.
type ownedDir struct {
	net.Listener
	dir string
}

func (o ownedDir) Close() error {
	return errors.Join(o.Listener.Close(), os.RemoveAll(o.dir))
}

var errGoodbye = errors.New("the server said goodbye")

// watchParent says goodbye when the process that started this one is gone. On Linux the
// kernel kills us before; elsewhere nobody else would.
func watchParent(ctx context.Context, goodbye context.CancelCauseFunc) {
	parent := os.Getppid()
	tick := time.NewTicker(parentLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if os.Getppid() != parent {
			goodbye(errors.New("the Petrel server that started this plugin is gone"))
			return
		}
	}
}
