// Package redistest runs real redis-servers for tests.
package redistest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// safe are the settings that petrel asks for.
var safe = []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"}

// Server is a redis-server of one test, on a port of its own. Its data outlives kills.
type Server struct {
	Addr string

	t     testing.TB
	dir   string
	args  []string
	ready string // what it prints when it takes commands
	cmd   *exec.Cmd
	done  chan struct{} // closed when cmd has ended
}

// Start starts a redis-server that keeps what it acknowledges; further settings are given
// as on its command line ("--maxmemory", "8mb"), and the later one counts. It ends with
// the test. A missing redis-server is a failed test.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	dir := dataDir(t)
	s := &Server{t: t, dir: dir, Addr: freeAddr(t), ready: "Ready to accept connections"}
	_, port, _ := net.SplitHostPort(s.Addr)
	s.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--daemonize", "no"}, safe...)
	s.args = append(s.args, settings...)
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// URL names the server for redis.Open.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// dataDir is in memory where it can be: a kill of the process loses nothing there, and
// tests need not wait for the disk.
func dataDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "petrel-redis-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// freeAddr is an address that nobody listens on now, of a range from which the system
// gives none to connections: a server that was killed finds it free again.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Restart starts the server again after a Kill and returns when it takes commands.
func (s *Server) Restart() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.SysProcAttr = dieWithTest()
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("redis-server is needed for this test: %v", err)
	}
	s.done = make(chan struct{})
	ready := make(chan error, 1)
	go s.follow(out, ready)
	select {
	case err := <-ready:
		if err != nil {
			s.t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		s.t.Fatal("redis-server does not get ready")
	}
}

// follow reads what the server prints until it ends, and tells when it is ready.
func (s *Server) follow(out io.Reader, ready chan<- error) {
	defer close(s.done)
	var tail []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		tail = append(tail[max(0, len(tail)-9):], line)
		if strings.Contains(line, s.ready) {
			select {
			case ready <- nil:
			default: // it said so before
			}
		}
	}
	err := s.cmd.Wait()
	select {
	case ready <- fmt.Errorf("redis-server ended: %v\n%s", err, strings.Join(tail, "\n")):
	default:
	}
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Pause stops the server in mid-work, as a machine that hangs; Resume lets it go on.
func (s *Server) Pause()  { s.signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}
