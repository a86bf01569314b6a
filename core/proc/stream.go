package proc

import (
	"io"
	"os"
	"syscall"
	"time"
)

const (
	// lingering is how long output may stay open after its process exited: long enough
	// for the tail of a tee, short enough not to wait for a daemon left behind.
	lingering = 100 * time.Millisecond

	firstRead = 1 << 10 // most commands print little
	nextRead  = 32 << 10
	pipeSize  = 1 << 20 // the largest the system lets users make one
)

// childFiles are the three descriptors a child starts with, and which of them we close
// once it has them.
type childFiles struct {
	fds  [3]int
	ours []int
}

func (c childFiles) close() {
	for _, fd := range c.ours {
		syscall.Close(fd)
	}
}

// openFiles opens the child's ends and keeps ours in p.
func (p *Process) openFiles() (c childFiles, err error) {
	if c.fds[0], err = p.openStdin(&c); err != nil {
		return c, err
	}
	if c.fds[1], err = p.openOutput(&c, p.spec.Stdout); err != nil {
		return c, err
	}
	c.fds[2], err = p.openOutput(&c, p.spec.Stderr)
	return c, err
}

func (p *Process) openStdin(c *childFiles) (int, error) {
	switch in := p.spec.Stdin.(type) {
	case nil:
		return c.openNull(syscall.O_RDONLY)
	case *os.File:
		return int(in.Fd()), nil
	}
	r, w, err := pipe()
	if err != nil {
		return -1, err
	}
	c.ours = append(c.ours, r)
	p.feed = pollable(w, "stdin")
	return r, nil
}

func (p *Process) openOutput(c *childFiles, sink io.Writer) (int, error) {
	switch out := sink.(type) {
	case nil:
		return c.openNull(syscall.O_WRONLY)
	case *os.File:
		return int(out.Fd()), nil
	}
	r, w, err := pipe()
	if err != nil {
		return -1, err
	}
	c.ours = append(c.ours, w)
	p.streams = append(p.streams, &stream{file: pollable(r, "output"), sink: sink, done: make(chan struct{})})
	return w, nil
}

func (c *childFiles) openNull(mode int) (int, error) {
	fd, err := syscall.Open(os.DevNull, mode|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open "+os.DevNull, err)
	}
	c.ours = append(c.ours, fd)
	return fd, nil
}

func (p *Process) closeFiles() {
	for _, s := range p.streams {
		s.file.Close()
	}
	if p.feed != nil {
		p.feed.Close()
	}
	if p.exit != nil {
		p.exit.Close()
	}
}

func pipe() (r, w int, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("pipe", err)
	}
	return fds[0], fds[1], nil
}

// pollable gives fd to the runtime's poller. Only our end becomes non-blocking: the
// child's end of a pipe is another open file.
func pollable(fd int, name string) *os.File {
	syscall.SetNonblock(fd, true) // fails for bad descriptors only
	return os.NewFile(uintptr(fd), name)
}

func feed(w *os.File, r io.Reader) {
	io.Copy(w, r) // a process need not read its input to the end
	w.Close()
}

// stream hands on what a process prints until every copy of the pipe's other end is closed.
type stream struct {
	file *os.File
	sink io.Writer
	done chan struct{}
	left bool // somebody still held the pipe when we stopped reading
}

func (s *stream) run() {
	defer close(s.done)
	buf := make([]byte, firstRead)
	for {
		n, err := s.file.Read(buf)
		s.write(buf[:n])
		if os.IsTimeout(err) {
			s.left = true
			s.drain(buf)
			return
		}
		if err != nil {
			return
		}
		if n == firstRead {
			buf = make([]byte, nextRead)
		}
	}
}

// finish waits until all is read, or for as long as output may linger.
func (s *stream) finish() (left bool) {
	select {
	case <-s.done:
	default:
		s.file.SetReadDeadline(time.Now().Add(lingering)) // a pipe takes deadlines
		<-s.done
	}
	return s.left
}

// drain takes what is in the pipe already, so that nothing the process itself printed is lost.
func (s *stream) drain(buf []byte) {
	s.file.SetReadDeadline(time.Time{}) // a pipe takes deadlines
	conn, err := s.file.SyscallConn()
	if err != nil {
		return
	}
	conn.Read(func(fd uintptr) bool { // nothing more to read is the normal end
		for total := 0; total < pipeSize; {
			n, err := syscall.Read(int(fd), buf)
			if n <= 0 || err != nil {
				s.left = n != 0 || err != nil // its end: it was only we who were late
				break
			}
			s.write(buf[:n])
			total += n
		}
		return true
	})
}

func (s *stream) write(b []byte) {
	if len(b) == 0 || s.sink == nil {
		return
	}
	if _, err := s.sink.Write(b); err != nil {
		s.sink = nil
	}
}
