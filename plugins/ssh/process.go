package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
)

// program is what a host is asked to run.
type program struct {
	line  string // for the login shell
	stdin []byte
	tty   bool
}

// exit is how a program ended.
type exit struct {
	code int
	left bool // something it started holds its output open
}

// process is a program running on a host.
type process struct {
	conn   *conn
	ch     ssh.Channel
	exited chan struct{} // closed when code and lost are set
	copied chan struct{} // closed when the output has ended
	code   int
	lost   bool // no status came
	bytes  atomic.Int64
}

// start runs a program at t. A connection that turns out to be broken is replaced, and for
// one that refuses one more session there is one for this program alone: nothing has run yet.
func (p *pool) start(ctx context.Context, t *target, prog program, stdout, stderr io.Writer) (*process, error) {
	most := perConnection
	for attempt := 1; ; attempt++ {
		c, err := p.get(ctx, t, most)
		if err != nil {
			return nil, err
		}
		ch, reqs, err := c.open(ctx)
		if err == nil {
			return c.exec(ctx, ch, reqs, prog, stdout, stderr)
		}
		var refused *ssh.OpenChannelError
		switch {
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		case errors.As(err, &refused):
			most = 1
		default:
			c.bury()
		}
		c.release()
		if ctx.Err() != nil || attempt == 3 {
			return nil, &unreachable{core.Errorf(core.Unavailable, "%s: no session could be opened: %w", t.name(), err)}
		}
	}
}

// open opens a session. A host that does not answer does not hold the caller.
func (c *conn) open(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	type opened struct {
		ch   ssh.Channel
		reqs <-chan *ssh.Request
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		ch, reqs, err := c.client.OpenChannel("session", nil)
		done <- opened{ch, reqs, err}
	}()
	select {
	case o := <-done:
		return o.ch, o.reqs, o.err
	case <-ctx.Done():
		go func() { // ends with the connection at the latest
			if o := <-done; o.err == nil {
				go ssh.DiscardRequests(o.reqs)
				o.ch.Close()
			}
		}()
		return nil, nil, ctx.Err()
	}
}

// exec starts a program in a session. The process owns the use of the connection.
func (c *conn) exec(ctx context.Context, ch ssh.Channel, reqs <-chan *ssh.Request, prog program, stdout, stderr io.Writer) (*process, error) {
	p := &process{conn: c, ch: ch, exited: make(chan struct{}), copied: make(chan struct{})}
	go p.listen(reqs)
	go p.copyOutput(stdout, stderr)
	stop := context.AfterFunc(ctx, func() { ch.Close() })
	err := ask(ch, prog)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		p.close()
		return nil, core.Errorf(core.Unavailable, "%s: the command could not be started: %w", c.target.name(), err)
	}
	go func() { // ends with the session
		ch.Write(prog.stdin)
		ch.CloseWrite()
	}()
	return p, nil
}

// ask sends the requests of RFC 4254, 6.2 and 6.5.
func ask(ch ssh.Channel, prog program) error {
	if prog.tty {
		tty := struct {
			Term                         string
			Columns, Rows, Width, Height uint32
			Modes                        string
		}{"vt100", 80, 24, 0, 0, "\x00"}
		if err := request(ch, "pty-req", ssh.Marshal(&tty)); err != nil {
			return fmt.Errorf("the host gives no terminal, which sudo without sudo_password needs: %w", err)
		}
	}
	line := struct{ Command string }{prog.line}
	if err := request(ch, "exec", ssh.Marshal(&line)); err != nil {
		return fmt.Errorf("the host does not run commands: %w", err)
	}
	return nil
}

func request(ch ssh.Channel, name string, payload []byte) error {
	ok, err := ch.SendRequest(name, true, payload)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it closed the session")
	case err == nil && !ok:
		return errors.New("it refused the request " + name)
	}
	return err
}

// listen waits for the program's status, which comes before the end of its output if
// something that it started lives on.
func (p *process) listen(reqs <-chan *ssh.Request) {
	known := false
	settle := func(code int, err error) {
		if !known {
			known, p.code, p.lost = true, code, err != nil
			close(p.exited)
		}
	}
	for req := range reqs {
		switch req.Type {
		case "exit-status":
			var status struct{ Code uint32 }
			err := ssh.Unmarshal(req.Payload, &status)
			settle(int(status.Code), err)
		case "exit-signal":
			var signal struct {
				Name            string
				Core            bool
				Error, Language string
			}
			err := ssh.Unmarshal(req.Payload, &signal)
			settle(128+signalNumbers[signal.Name], err)
		}
		if req.WantReply {
			req.Reply(false, nil)
		}
	}
	settle(0, errLost)
}

// signalNumbers are those of RFC 4254, 6.10, as a shell adds them to 128.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9,
	"USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
}

func (p *process) copyOutput(stdout, stderr io.Writer) {
	defer close(p.copied)
	errs := make(chan struct{})
	go func() {
		defer close(errs)
		io.Copy(counted{stderr, &p.bytes}, p.ch.Stderr()) // ends with the session
	}()
	io.Copy(counted{stdout, &p.bytes}, p.ch)
	<-errs
}

// counted notes that something comes.
type counted struct {
	io.Writer
	n *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.Writer.Write(b)
}

// quiet is how long the output of a program that has ended may be silent before it is
// taken for held open by something left behind.
const quiet = 500 * time.Millisecond

// errLost is the error of a program whose status never came.
var errLost = errors.New("the connection was lost while the command ran; it may still be running there")

// wait returns when the program and its output have ended. When ctx is done first the
// program goes on, and the error is ctx's cause.
func (p *process) wait(ctx context.Context) (exit, error) {
	select {
	case <-p.exited:
	case <-ctx.Done():
		return exit{}, context.Cause(ctx)
	}
	if p.lost {
		return exit{}, errLost
	}
	return exit{code: p.code, left: p.drain(ctx)}, nil
}

// drain waits for the rest of the output and reports whether there may be more.
func (p *process) drain(ctx context.Context) (left bool) {
	t := time.NewTicker(quiet)
	defer t.Stop()
	for {
		before := p.bytes.Load()
		select {
		case <-p.copied:
			return false
		case <-ctx.Done():
			return true
		case <-t.C:
			if p.bytes.Load() == before {
				return true
			}
		}
	}
}

// close ends the session and gives the connection back. After it nothing is written any
// more. It may be called again.
func (p *process) close() {
	if p.conn == nil {
		return
	}
	p.ch.Close()
	t := time.NewTimer(2 * time.Second)
	defer t.Stop()
	select {
	case <-p.copied:
	case <-t.C: // the host does not even answer that
		p.conn.bury()
		p.conn.client.Close()
		<-p.copied
	}
	p.conn.release()
	p.conn = nil
}

// lastWords waits a moment for what an ended program still printed.
func (p *process) lastWords() {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-p.copied:
	case <-t.C:
	}
}
