package wasm

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/petrelhq/petrel/sdk/wire"
)

// child is the parent's end of a process that runs ServeChild.
type child struct {
	pipe   pipe
	cmd    *exec.Cmd
	input  io.Closer
	errors tail
}

// startChild starts a process; it still has to be set up.
func (e *Engine) startChild() (*child, *wire.Error) {
	args := e.config.Child
	if len(args) == 0 {
		return nil, refusal("this server runs no modules in processes of their own")
	}
	c := &child{cmd: exec.Command(args[0], args[1:]...)}
	c.cmd.Env = []string{} // nothing of the server's
	c.cmd.Stderr = &c.errors
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, failure(wire.Failed, "a process for a module: %v", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, failure(wire.Failed, "a process for a module: %v", err)
	}
	// Replies pass whole, with what surrounds them.
	c.pipe, c.input = pipe{in: bufio.NewReader(out), out: in, max: 2*e.config.MaxMessage + 4096}, in
	if err := e.children.start(c.cmd); err != nil {
		return nil, failure(wire.Failed, "a process for a module: %v", err)
	}
	return c, nil
}

// exchange sends a message and returns the child's last answer to it. The child is killed
// when w's context is done, and is of no further use after any error of kind Broken,
// Canceled or TimedOut.
func (c *child) exchange(w *work, frames ...func() error) (message, *wire.Error) {
	spared := context.AfterFunc(w.ctx, c.kill)
	m, err := c.talk(w, frames)
	switch {
	case !spared():
		return message{}, ended(w.ctx)
	case err != nil:
		c.end() // so that all it wrote is here
		e := broken("the module's process ended: %v", err)
		e.Trace = c.errors.String()
		return message{}, e
	}
	return m, nil
}

func (c *child) talk(w *work, frames []func() error) (message, error) {
	for _, send := range frames {
		if err := send(); err != nil {
			return message{}, err
		}
	}
	for {
		var m message
		if err := c.pipe.receive(&m); err != nil {
			return m, err
		}
		if m.Op == nil {
			return m, nil
		}
		reply := w.ask(*m.Op)
		if err := c.pipe.send(message{Reply: &reply}); err != nil {
			return m, err
		}
	}
}

func (c *child) kill() {
	c.cmd.Process.Kill() // fails when it has ended
}

// end kills the process and waits for it.
func (c *child) end() {
	c.input.Close()
	c.kill()
	c.cmd.Wait() // that it was killed is no news
}

// tail keeps the end of what a process writes.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if n := len(t.text) - maxTrace; n > 0 {
		t.text = append(t.text[:0], t.text[n:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// starter starts processes from one thread that lives as long as the engine: a process with
// Pdeathsig dies with the thread that started it, and Go ends threads as it likes.
type starter struct {
	mu   sync.Mutex
	jobs chan func()
}

func (s *starter) start(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	s.mu.Lock()
	if s.jobs == nil {
		s.jobs = make(chan func())
		go s.run(s.jobs)
	}
	s.jobs <- func() { started <- cmd.Start() }
	s.mu.Unlock()
	return <-started
}

func (s *starter) run(jobs <-chan func()) {
	runtime.LockOSThread() // never unlocked: the thread ends here
	for job := range jobs {
		job()
	}
}

func (s *starter) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs != nil {
		close(s.jobs)
		s.jobs = nil
	}
}
