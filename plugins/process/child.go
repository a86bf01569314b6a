package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/sdk/wire"
)

// lingering is how long output may stay open after the process exited.
const lingering = 100 * time.Millisecond

// child is a plugin's process: what go-plugin calls a runner.
type child struct {
	cmd    *exec.Cmd
	mark   string
	forker *forker
	hands  *handshake
	log    *printed
	stdout *io.PipeReader
	stdin  *io.PipeWriter // the other end of stdout
	exited chan struct{}
	state  string        // how it ended; to be read after exited
	self   proc.Identity // to be read when started

	mu      sync.Mutex
	started bool
	doomed  bool // it is ended, or not to be started any more
	itself  bool // it exited before it was ended
}

func newChild(p program, log *printed) *child {
	mark := instanceKey + "=" + rand.Text()
	read, write := io.Pipe()
	c := &child{
		mark: mark, forker: &p.carrier.forker, log: log, stdout: read, stdin: write,
		hands:  &handshake{toPlugin: write, rest: log.stream("stdout")},
		exited: make(chan struct{}),
	}
	c.cmd = &exec.Cmd{
		Path: p.command[0], Args: p.command, Dir: p.dir, Env: p.env(mark),
		Stdout: c.hands, Stderr: log.stream("stderr"), WaitDelay: lingering,
	}
	return c
}

// Start implements runner.Runner.
func (c *child) Start(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doomed {
		return errors.New("the start was given up")
	}
	if err := c.forker.start(c.cmd); err != nil {
		return err
	}
	c.started, c.self = true, proc.Identify(c.cmd.Process.Pid)
	go c.await()
	return nil
}

func (c *child) runs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started
}

func (c *child) await() {
	defer close(c.exited)
	defer c.forker.ended()
	err := c.cmd.Wait()
	c.mu.Lock()
	c.itself = !c.doomed
	c.mu.Unlock()
	c.stdin.Close() // only now go-plugin can hear of it
	if c.state = c.cmd.ProcessState.String(); c.cmd.ProcessState == nil {
		c.state = err.Error()
	}
}

// Wait implements runner.Runner.
func (c *child) Wait(context.Context) error {
	<-c.exited
	return nil
}

// Kill implements runner.Runner: it ends the process and everything it has started, and
// returns when they are gone.
func (c *child) Kill(context.Context) error {
	c.mu.Lock()
	c.doomed = true
	started := c.started
	c.mu.Unlock()
	if !started {
		return nil
	}
	now, cancel := context.WithCancel(context.Background())
	cancel() // no grace
	// By both, since the mark of a process that changed its title or its user cannot be read.
	err := proc.Ender{}.End(now, proc.Target{Identity: c.self, Mark: c.mark})
	if err != nil {
		c.cmd.Process.Kill() // the last thing to try, where /proc cannot be read; err says what is wrong
	}
	<-c.exited
	return err
}

// exitedItself reports whether the process has exited, not ended by us.
func (c *child) exitedItself() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.itself
}

// obituary says how the process ended, with what it said last.
func (c *child) obituary() string {
	text := "the plugin exited: " + c.state
	if last := c.log.lastWords(); last != "" {
		text += ": " + last
	}
	return text
}

// Stdout implements runner.Runner: the handshake line, then its end.
func (c *child) Stdout() io.ReadCloser { return c.stdout }

// Stderr implements runner.Runner. What is printed goes to the log without go-plugin's
// help: it has no bound.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name implements runner.Runner.
func (c *child) Name() string { return c.cmd.Path }

// ID implements runner.Runner.
func (c *child) ID() string {
	if !c.runs() {
		return "" // go-plugin's word for it
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

// Diagnose implements runner.Runner.
func (c *child) Diagnose(context.Context) string { return "" }

// PluginToHost implements runner.Runner: both share one file system.
func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// startError makes one error of what go-plugin says about a start that failed. The
// process is gone.
func (c *child) startError(err error) *wire.Error {
	message := fmt.Sprintf("the plugin cannot be used: %v", err)
	switch {
	case c.hands.refusal != nil:
		message = fmt.Sprintf("the plugin cannot be used: %v", c.hands.refusal)
	case c.exitedItself():
		message = c.obituary()
	case errors.Is(err, syscall.ENOEXEC):
		message += " (it was built for another system or processor than this server's)"
	}
	return &wire.Error{Kind: wire.Broken, Message: message, Trace: c.log.lastLines()}
}
