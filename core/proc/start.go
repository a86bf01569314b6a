package proc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Spec says what to start.
type Spec struct {
	Args []string // Args[0] is a path, or a name looked for in this process's PATH
	Dir  string   // "" is this process's own
	Env  []string // KEY=value; the whole environment, names not repeated

	// Stdin is what the process reads; nil is nothing. An *os.File is handed over as it
	// is; anything else is copied by a goroutine and should not block.
	Stdin io.Reader
	// Stdout and Stderr take output as it comes; nil discards it. An *os.File is handed
	// over as it is. A Writer that fails is not written to again, and the process can go
	// on printing. Each is used by one goroutine; the two may be used at once.
	Stdout, Stderr io.Writer

	// Mark is an entry of Env (KEY=value) by which processes are known as ours wherever
	// they moved to. "" goes by session and descent alone.
	Mark string
	// Ender ends the process when the context given to Wait is done.
	Ender Ender
}

// Process is a started process. Wait has to be called, once.
type Process struct {
	pid     int
	spec    Spec
	exit    *os.File // pidfd, watched by the runtime's poller: waiting takes no thread
	streams []*stream
	feed    *os.File // our end of its stdin, when a goroutine copies into it
}

// Start starts the process as the leader of a new session. The error says what to fix
// when the program or the directory does not exist or may not be used.
func Start(s Spec) (*Process, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("nothing to start: Args is empty")
	}
	path, err := exec.LookPath(s.Args[0])
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", s.Args[0], errors.Unwrap(err))
	}
	p := &Process{spec: s}
	child, err := p.openFiles()
	defer child.close()
	if err == nil {
		err = p.fork(path, child)
	}
	if err != nil {
		p.closeFiles()
		return nil, err
	}
	for _, st := range p.streams {
		go st.run()
	}
	if p.feed != nil {
		go feed(p.feed, s.Stdin)
	}
	return p, nil
}

// PID returns the process's id, which is also its process group and session.
func (p *Process) PID() int { return p.pid }

func (p *Process) fork(path string, child childFiles) error {
	pidfd := -1
	pid, _, err := syscall.StartProcess(path, p.spec.Args, &syscall.ProcAttr{
		Dir:   p.spec.Dir,
		Env:   p.spec.Env,
		Files: []uintptr{uintptr(child.fds[0]), uintptr(child.fds[1]), uintptr(child.fds[2])},
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd},
	})
	if err != nil {
		return explain(err, path, p.spec)
	}
	p.pid = pid
	if pidfd >= 0 {
		syscall.SetNonblock(pidfd, true) // Wait falls back to a blocking wait
		p.exit = os.NewFile(uintptr(pidfd), "pidfd")
	}
	return nil
}

// explain tells apart what the kernel reports with one error number.
func explain(err error, path string, s Spec) error {
	if s.Dir != "" {
		if info, statErr := os.Stat(s.Dir); statErr != nil {
			return fmt.Errorf("cannot start %s in directory %s: %w", path, s.Dir, errors.Unwrap(statErr))
		} else if !info.IsDir() {
			return fmt.Errorf("cannot start %s in %s: not a directory", path, s.Dir)
		}
	}
	if errors.Is(err, syscall.E2BIG) {
		return fmt.Errorf("cannot start %s: one argument or environment value is over the system's 128 KiB, or all together over its limit: %w", path, err)
	}
	if errors.Is(err, syscall.EINVAL) && hasNUL(s) {
		return fmt.Errorf("cannot start %s: an argument, environment value or directory contains a NUL byte: %w", path, err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot start %s: the interpreter named in its first line does not exist: %w", path, err)
	}
	return fmt.Errorf("cannot start %s: %w", path, err)
}

func hasNUL(s Spec) bool {
	return strings.ContainsRune(strings.Join(s.Args, "")+strings.Join(s.Env, "")+s.Dir, 0)
}
