package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/petrelhq/petrel/sdk/wire"
	guest "github.com/petrelhq/petrel/sdk/wire/process"
)

const (
	exitNotice  = 300 * time.Millisecond // between a broken stream and the news of the exit that broke it
	goodbyeTime = 2 * time.Second        // for a plugin to leave in order
)

// instance is one process of a plugin, with its session. It ends once: by fail or leave.
type instance struct {
	session *session
	child   *child
	client  *plugin.Client
	conn    *grpc.ClientConn
	sockets string             // directory
	stop    context.CancelFunc // ends the stream and the health checks
	now     func() time.Time
	once    sync.Once
}

// launch starts the program and opens the session. When ctx is done first, the process
// is ended. The instance's goroutines are counted in loops.
func launch(ctx context.Context, p program, loops *sync.WaitGroup) (*instance, error) {
	config := p.carrier.config
	i := &instance{child: newChild(p, newPrinted(config.Log.With("pack", p.pack), config.Now)), now: config.Now}
	i.client = plugin.NewClient(i.clientConfig(p))
	abandon := context.AfterFunc(ctx, func() { i.child.Kill(ctx) }) // what cannot be killed is found by the next Sweep
	err := i.connect(config.CancelGrace)
	if !abandon() {
		err = givenUp(ctx, config.StartTimeout)
	}
	if err != nil {
		i.child.Kill(ctx)
		i.free()
		return nil, i.child.startError(err)
	}
	loops.Go(func() { i.fail(i.broken(i.session.receive())) })
	loops.Go(func() { i.watchHealth(i.session.stream.Context(), config.HealthEvery, config.HealthTimeout) })
	return i, nil
}

func givenUp(ctx context.Context, limit time.Duration) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("it was not ready within %s of its start", limit)
	}
	return errors.New("it was closed while it started")
}

// service is the name go-plugin's client knows the connection by.
const service = "petrel"

func (i *instance) clientConfig(p program) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: guest.CookieKey, MagicCookieValue: guest.CookieValue,
		},
		Plugins:          plugin.PluginSet{service: connection{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     p.carrier.config.StartTimeout,
		Logger:           hclog.NewNullLogger(), // what there is to say is in errors
		SyncStdout:       i.child.log.stream("stdout"),
		SyncStderr:       i.child.log.stream("stderr"),
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: p.carrier.socketDir()},
		GRPCDialOptions:  dialOptions(),
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, sockets string) (runner.Runner, error) {
			i.sockets = sockets
			i.child.cmd.Env = append(i.child.cmd.Env, cmd.Env...)
			return i.child, nil
		},
	}
}

// dialOptions bound what a plugin may send. The windows are fixed, and wide enough for a
// socket on this machine: finding their size would cost a ping for each request.
func dialOptions() []grpc.DialOption {
	const window = 1 << 20
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(guest.MaxFrame + envelope)),
		grpc.WithStaticStreamWindowSize(window),
		grpc.WithStaticConnWindowSize(4 * window),
	}
}

// connection is the go-plugin plugin that is nothing but the connection.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer implements plugin.GRPCPlugin: the other end is never in this process.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a server is no plugin")
}

// GRPCClient implements plugin.GRPCPlugin.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

func (i *instance) connect(grace time.Duration) error {
	client, err := i.client.Client()
	if err != nil {
		return err
	}
	conn, err := client.Dispense(service)
	if err != nil {
		return err
	}
	i.conn = conn.(*grpc.ClientConn)
	ctx, stop := context.WithCancel(context.Background()) // the session outlives the request that started it
	i.stop = stop
	both := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	stream, err := i.conn.NewStream(ctx, both, guest.SessionPath, grpc.MaxCallSendMsgSize(guest.MaxFrame+envelope))
	if err != nil {
		return err
	}
	i.session = newSession(stream, grace, i.fail)
	return nil
}

// fail ends the instance at once, with everything it has started, and makes err the
// answer to what is under way. When it returns nothing of them is left.
func (i *instance) fail(err *wire.Error) {
	i.once.Do(func() {
		i.child.Kill(context.Background()) // what cannot be killed is found by the next Sweep
		err.Trace = i.child.log.lastLines()
		i.session.end(i.now(), err)
		i.free()
	})
}

// leave ends the instance in order.
func (i *instance) leave() {
	i.once.Do(func() {
		late := time.AfterFunc(goodbyeTime, func() { i.child.Kill(context.Background()) })
		defer late.Stop()
		i.client.Kill() // says goodbye; waits for ever for a plugin that does not listen
		i.child.Kill(context.Background())
		i.session.end(i.now(), &wire.Error{Kind: wire.Broken, Message: "the plugin was closed"})
		i.free()
	})
}

// free gives back what the instance held; its process is gone.
func (i *instance) free() {
	if i.stop != nil {
		i.stop()
	}
	i.client.Kill()
	os.RemoveAll(i.sockets) // go-plugin leaves it when the start failed
	i.child.log.end()
}

// broken says why the stream broke.
func (i *instance) broken(err error) *wire.Error {
	var known *wire.Error
	if errors.As(err, &known) {
		return known
	}
	select {
	case <-i.child.exited:
	case <-time.After(exitNotice):
	}
	if i.child.exitedItself() {
		return &wire.Error{Kind: wire.Broken, Message: i.child.obituary()}
	}
	message := fmt.Sprintf("the plugin ended its session: %v", err)
	switch status.Code(err) {
	case codes.ResourceExhausted:
		message = fmt.Sprintf("the plugin sent more in one message than the limit of %d bytes", guest.MaxFrame)
	case codes.Unimplemented:
		message = "the plugin does not serve " + guest.SessionPath + ": it is not built with Petrel's SDK"
	}
	return &wire.Error{Kind: wire.Broken, Message: message}
}

// watchHealth ends an instance that does not answer.
func (i *instance) watchHealth(ctx context.Context, every, limit time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := i.check(ctx, limit); err != nil && ctx.Err() == nil {
			i.fail(&wire.Error{Kind: wire.Broken, Message: fmt.Sprintf("the plugin was ended: its health check failed: %v", err)})
			return
		}
	}
}

func (i *instance) check(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(i.conn).Check(ctx,
		&grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	return err
}
