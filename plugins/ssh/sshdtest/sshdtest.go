// Package sshdtest runs the system's own sshd for tests.
package sshdtest

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Server is an sshd on every address of the loopback network, 127.0.0.0/8, that lets the
// current user in with a key.
type Server struct {
	Port       int
	User       string // the current user
	KeyFile    string // private key that is let in
	KnownHosts string // file that knows the server on 127.0.0.1 to 127.0.0.60 and localhost
	Home       string // HOME of what it runs: empty, so that nobody's .bashrc has a say
	HostKey    ssh.PublicKey

	cmd *exec.Cmd
	log *logged
}

// Start runs an sshd with its files in dir. Lines of sshd_config in config come before
// the server's own, and so count. Errors tell what is missing.
func Start(dir string, config ...string) (*Server, error) {
	sshd, err := find()
	if err != nil {
		return nil, err
	}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	s := &Server{User: me.Username}
	s.KeyFile, s.KnownHosts, s.Home = filepath.Join(dir, "id_ed25519"), filepath.Join(dir, "known_hosts"), filepath.Join(dir, "home")
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	if err := s.write(dir, config); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(sshd, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	return s, s.listen()
}

func find() (string, error) {
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("this test needs sshd: install openssh-server")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// write makes keys and configuration.
func (s *Server) write(dir string, config []string) error {
	hostKey := filepath.Join(dir, "host_key")
	var err error
	if s.HostKey, err = NewKey(hostKey); err != nil {
		return err
	}
	userKey, err := NewKey(s.KeyFile)
	if err != nil {
		return err
	}
	if os.Geteuid() == 0 { // sshd's own empty directory, which a service would have made
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return err
		}
	}
	lines := append(config,
		"Port "+strconv.Itoa(s.Port), "ListenAddress 0.0.0.0", "HostKey "+hostKey, "PidFile none",
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized_keys"), "StrictModes no", "UsePAM no", "UseDNS no",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes",
		"MaxStartups 200", "LogLevel VERBOSE", "PrintMotd no", "SetEnv HOME="+s.Home, "")
	return errors.Join(
		os.MkdirAll(s.Home, 0o700),
		os.WriteFile(filepath.Join(dir, "authorized_keys"), ssh.MarshalAuthorizedKey(userKey), 0o600),
		os.WriteFile(s.KnownHosts, s.known(), 0o600),
		os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(strings.Join(lines, "\n")), 0o600))
}

func (s *Server) known() []byte {
	var b bytes.Buffer
	line := func(host string) { fmt.Fprintf(&b, "[%s]:%d %s", host, s.Port, ssh.MarshalAuthorizedKey(s.HostKey)) }
	line("localhost")
	for i := 1; i <= 60; i++ {
		line("127.0.0." + strconv.Itoa(i))
	}
	return b.Bytes()
}

// NewKey makes a key, writes it to file and returns its public half.
func NewKey(file string) (ssh.PublicKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(private.Public())
}

// listen starts sshd and returns when it listens.
func (s *Server) listen() error {
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.log = &logged{done: make(chan struct{})}
	ready := make(chan struct{})
	go s.log.read(pipe, ready)
	select {
	case <-ready:
		return nil
	case <-s.log.done:
		s.cmd.Wait()
		return fmt.Errorf("sshd did not start: %s", s.Log())
	}
}

// Addr returns where the server listens on the i-th address of the loopback network.
func (s *Server) Addr(i int) string { return fmt.Sprintf("127.0.0.%d:%d", i, s.Port) }

// Log returns what sshd has said so far.
func (s *Server) Log() string { return s.log.text() }

// Close ends the server. Connections that are open end with their clients.
func (s *Server) Close() error {
	err := s.cmd.Process.Kill()
	s.cmd.Wait() // its status is ours
	return err
}

// logged is what sshd says.
type logged struct {
	done chan struct{}
	mu   sync.Mutex
	b    strings.Builder
}

func (l *logged) read(pipe io.Reader, ready chan struct{}) {
	defer close(l.done)
	listening := false
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		l.mu.Lock()
		l.b.WriteString(lines.Text() + "\n")
		l.mu.Unlock()
		if !listening && strings.Contains(lines.Text(), "Server listening on") {
			listening = true
			close(ready)
		}
	}
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
