package builtin

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
)

// sshHost lets in the user stanley with the password "secret" or the given key.
func sshHost(t *testing.T, l net.Listener, key ssh.PublicKey) {
	t.Helper()
	config := &ssh.ServerConfig{
		PasswordCallback: func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if c.User() == "stanley" && string(password) == "secret" {
				return nil, nil
			}
			return nil, errors.New("wrong password")
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if key != nil && string(offered.Marshal()) == string(key.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("wrong key")
		},
	}
	serveSSH(t, l, config)
}

// serveSSH lets in whom config does.
func serveSSH(t *testing.T, l net.Listener, config *ssh.ServerConfig) {
	t.Helper()
	_, hostKey := newSSHKey(t)
	config.AddHostKey(hostKey)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if server, channels, requests, err := ssh.NewServerConn(conn, config); err == nil {
					go ssh.DiscardRequests(requests)
					for range channels {
					}
					server.Close()
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
}

// newSSHKey returns the file of a new private key, and the key.
func newSSHKey(t *testing.T) (file string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return file, signer
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func waitParams(l net.Listener, more map[string]any) map[string]any {
	p := map[string]any{
		"hostname": "127.0.0.1", "port": int64(l.Addr().(*net.TCPAddr).Port), "username": "stanley",
		"ssh_timeout": int64(5), "sleep_delay": int64(20), "retries": int64(3),
	}
	for name, v := range more {
		p[name] = v
	}
	return p
}

// Some hosts ask for the password instead of taking it unasked.
func TestWaitForSSHThatAsksForThePassword(t *testing.T) {
	l := listen(t)
	serveSSH(t, l, &ssh.ServerConfig{
		KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil || answers[0] != "secret" {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		},
	})
	if got := call(t, waitForSSH{sleep: never}.call, waitParams(l, map[string]any{"password": "secret"})); got != true {
		t.Errorf("got %v", got)
	}
}

func never(context.Context, time.Duration) error { return errors.New("there was nothing to wait for") }

func TestWaitForSSH(t *testing.T) {
	keyFile, key := newSSHKey(t)
	l := listen(t)
	sshHost(t, l, key.PublicKey())
	for name, c := range map[string]struct {
		w      waitForSSH
		params map[string]any
	}{
		"by password":           {waitForSSH{}, map[string]any{"password": "secret"}},
		"by key":                {waitForSSH{}, map[string]any{"keyfile": keyFile}},
		"by the configured key": {waitForSSH{keyFile: keyFile}, nil},
	} {
		c.w.sleep = never
		if got := call(t, c.w.call, waitParams(l, c.params)); got != true {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWaitForSSHUntilTheHostIsUp(t *testing.T) {
	l := listen(t)
	address := l.Addr().String()
	l.Close()
	slept := 0
	w := waitForSSH{sleep: func(_ context.Context, d time.Duration) error {
		if slept++; d != 20*time.Second {
			t.Errorf("slept %v", d)
		}
		again, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		sshHost(t, again, nil)
		return nil
	}}
	c := pythonCall("linux.wait_for_ssh", waitParams(l, map[string]any{"password": "secret"}))
	if got, err := w.call(t.Context(), c); got != true || err != nil || slept != 1 {
		t.Errorf("%v, error %v, slept %d times", got, err, slept)
	}
	if log := c.Output.(*output).stderr.String(); !strings.Contains(log, "INFO     login 1 failed") || !strings.Contains(log, "login 2 of 3") {
		t.Errorf("log: %s", log)
	}
}

func TestWaitForSSHGivesUp(t *testing.T) {
	l := listen(t)
	sshHost(t, l, nil)
	silent := listen(t) // its kernel takes connections, and nobody answers them
	keyFile, _ := newSSHKey(t)
	noKey := filepath.Join(t.TempDir(), "none")
	refuse := func(string, net.Addr, ssh.PublicKey) error { return errors.New("unknown host key") }
	for words, c := range map[string]struct {
		w    waitForSSH
		l    net.Listener
		more map[string]any
		kind core.Kind
	}{
		"after 3 attempts; the last one: ssh: handshake failed: ssh: unable to authenticate": {waitForSSH{}, l, map[string]any{"password": "wrong"}, core.Unavailable},
		"unable to authenticate, attempted methods [none publickey]":                         {waitForSSH{}, l, map[string]any{"keyfile": keyFile}, core.Unavailable},
		"unknown host key":                     {waitForSSH{hostKeys: refuse}, l, map[string]any{"password": "secret"}, core.Unavailable},
		"the last one: context deadline":       {waitForSSH{}, silent, map[string]any{"password": "secret", "ssh_timeout": 0.02}, core.Unavailable},
		"give keyfile":                         {waitForSSH{}, l, nil, core.Invalid},
		"keyfile: open " + noKey + ": no such": {waitForSSH{}, l, map[string]any{"keyfile": noKey}, core.Invalid},
		"holds no private key":                 {waitForSSH{}, l, map[string]any{"keyfile": "wait_for_ssh_test.go"}, core.Invalid},
	} {
		slept := 0
		c.w.sleep = func(context.Context, time.Duration) error { slept++; return nil }
		_, err := c.w.call(t.Context(), pythonCall("linux.wait_for_ssh", waitParams(c.l, c.more)))
		wantError(t, err, c.kind, words)
		if c.kind == core.Unavailable && slept != 2 {
			t.Errorf("%s: slept %d times, want 2", words, slept)
		}
	}
}

func TestWaitForSSHIsCanceled(t *testing.T) {
	silent := listen(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := silent.Accept(); err == nil {
			accepted <- conn
			cancel(core.ErrCanceled)
		}
	}()
	_, err := waitForSSH{sleep: never}.call(ctx, pythonCall("linux.wait_for_ssh", waitParams(silent, map[string]any{"password": "x"})))
	if !errors.Is(err, core.ErrCanceled) {
		t.Errorf("error %v", err)
	}
	(<-accepted).Close()
}
