package ssh

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/ssh/sshdtest"
)

// refusal runs a call that has to fail before a command is begun.
func refusal(t *testing.T, c *Carrier, call core.Call) error {
	t.Helper()
	got, err := c.Runners()["remote-shell-cmd"].Run(t.Context(), call)
	if err == nil {
		t.Fatalf("%s %s, want an error", got.Status, got.Value)
	}
	for _, secret := range []string{"PRIVATE KEY", "open sesame", "hunter2"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
	return err
}

func newKey(t *testing.T) (path string, public ssh.PublicKey) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "key")
	public, err := sshdtest.NewKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, public
}

// encryptedKey makes a key that costs little to open, which Go cannot make.
func encryptedKey(t *testing.T, passphrase string) (text string, public ssh.PublicKey) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", passphrase, "-f", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, out)
	}
	public, _, _, _, err = ssh.ParseAuthorizedKey(readText(t, path+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return string(readText(t, path)), public
}

func readText(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// admit lets one more key in.
func admit(t *testing.T, s *sshdtest.Server, key ssh.PublicKey) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(filepath.Dir(s.KeyFile), "authorized_keys"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(ssh.MarshalAuthorizedKey(key)); err != nil {
		t.Fatal(err)
	}
}

func TestKeysThatAreLetIn(t *testing.T) {
	s := server(t)
	closed, public := encryptedKey(t, "open sesame")
	admit(t, s, public)
	inline := readText(t, s.KeyFile)
	for name, x := range map[string]struct {
		cfg  Config
		more values
	}{
		"path":                   {Config{}, nil},
		"inline":                 {Config{}, values{"private_key": string(inline)}},
		"inline, CRLF":           {Config{}, values{"private_key": strings.ReplaceAll(string(inline), "\n", "\r\n")}},
		"passphrase":             {Config{}, values{"private_key": closed, "passphrase": "open sesame"}},
		"passphrase, not needed": {Config{}, values{"passphrase": "open sesame"}},
		"configured":             {Config{KeyFile: s.KeyFile, User: s.User}, values{"private_key": nil, "username": nil}},
		"port of its own":        {Config{}, values{"hosts": "127.0.0.1", "port": int64(s.Port)}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run1(t, t.Context(), carrier(t, s, x.cfg), call(s, "true", x.more)); got.Status != core.Succeeded {
				t.Errorf("%s %s", got.Status, got.Value)
			}
		})
	}
}

func TestKeysThatAreNot(t *testing.T) {
	s := server(t)
	wrong, public := newKey(t)
	closed, _ := encryptedKey(t, "open sesame")
	text := string(ssh.MarshalAuthorizedKey(public))
	pub := filepath.Join(t.TempDir(), "key.pub")
	if err := os.WriteFile(pub, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		more  values
		field string
		words []string
	}{
		"wrong key":          {values{"private_key": wrong}, "", []string{"user " + s.User + " was not let in with the key in " + wrong, "SHA256:", "authorized_keys of " + s.User}},
		"no such file":       {values{"private_key": "/no/such/key"}, "private_key", []string{"private_key: the key file /no/such/key", "no such file"}},
		"no file":            {values{"private_key": "/dev/null"}, "private_key", []string{"the key file /dev/null", "not a regular file"}},
		"public key":         {values{"private_key": pub}, "private_key", []string{"is a public key"}},
		"no key":             {values{"private_key": "-----BEGIN PRIVATE KEY-----\nx"}, "private_key", []string{"is no private key"}},
		"no passphrase":      {values{"private_key": closed}, "passphrase", []string{"encrypted"}},
		"wrong passphrase":   {values{"private_key": closed, "passphrase": "hunter2"}, "passphrase", []string{"does not open"}},
		"nothing":            {values{"private_key": nil}, "private_key", []string{"nothing to log in with", "SSH_AUTH_SOCK"}},
		"password not taken": {values{"password": "hunter2"}, "", []string{"was not let in with the password", "accepts publickey", "give private_key"}},
		"mangled key":        {values{"private_key": strings.Repeat("secret", 50)}, "private_key", []string{"does not look like a path"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := refusal(t, carrier(t, s, Config{}), call(s, "true", x.more))
			wantError(t, err, x.words...)
			if x.field != "" {
				wantField(t, err, x.field)
			}
		})
	}
}

func TestAgent(t *testing.T) {
	s := server(t)
	key, err := ssh.ParseRawPrivateKey(readText(t, s.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	socket := filepath.Join(t.TempDir(), "agent")
	serveAgent(t, socket, keys)
	c := carrier(t, s, Config{Agent: socket})
	wantError(t, refusal(t, c, call(s, "true", values{"private_key": nil})), "it holds no keys", "ssh-add")
	if err := keys.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	if got := run1(t, t.Context(), c, call(s, "true", values{"private_key": nil})); got.Status != core.Succeeded {
		t.Errorf("%s %s", got.Status, got.Value)
	}
	c = carrier(t, s, Config{Agent: socket + ".none"})
	wantError(t, refusal(t, c, call(s, "true", values{"private_key": nil})), "does not answer", "start it")
}

func serveAgent(t *testing.T, socket string, keys agent.Agent) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { agent.ServeAgent(keys, conn); conn.Close() })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
}

// An sshd without root cannot check passwords: this server takes them and runs nothing.
func TestPasswords(t *testing.T) {
	s := server(t)
	for _, way := range []string{"password", "keyboard-interactive"} {
		addr, key := passwordServer(t, way, "hunter2")
		known := filepath.Join(t.TempDir(), "known_hosts")
		c := carrier(t, s, Config{KnownHosts: []string{known}, HostKeys: AcceptNew})
		with := func(password string) core.Call {
			return call(s, "true", values{"hosts": addr, "password": password, "private_key": "/not/used"})
		}
		wantError(t, refusal(t, c, with("hunter3")), "was not let in with the password", "check username and password")
		wantError(t, refusal(t, c, with("hunter2")), "no session could be opened", "nothing runs here")
		if raw, err := os.ReadFile(known); err != nil || strings.Count(string(raw), "\n") != 1 || !strings.Contains(string(raw), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))) {
			t.Errorf("known_hosts holds %q, %v", raw, err)
		}
	}
}

func passwordServer(t *testing.T, way, password string) (addr string, key ssh.PublicKey) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &ssh.ServerConfig{}
	check := func(given string) (*ssh.Permissions, error) {
		if given != password {
			return nil, fmt.Errorf("wrong")
		}
		return nil, nil
	}
	if way == "password" {
		cfg.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return check(string(p)) }
	} else {
		cfg.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return check(answers[0])
		}
	}
	cfg.AddHostKey(signer)
	l := listen(t, func(conn net.Conn) {
		_, chans, reqs, err := ssh.NewServerConn(conn, cfg)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(reqs)
		for ch := range chans {
			ch.Reject(ssh.Prohibited, "nothing runs here")
		}
	})
	return l, signer.PublicKey()
}

// listen serves connections until the test ends, each in a goroutine, and closes them.
func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			wg.Go(func() { serve(conn); conn.Close(); stop() })
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); wg.Wait() })
	return l.Addr().String()
}

func TestUnknownHostKey(t *testing.T) {
	s := server(t)
	known := filepath.Join(t.TempDir(), "dir", "known hosts")
	c := carrier(t, s, Config{KnownHosts: []string{known}})
	wantError(t, refusal(t, c, call(s, "true", nil)),
		s.Addr(1)+": its host key is not known: ssh-ed25519 "+ssh.FingerprintSHA256(s.HostKey),
		fmt.Sprintf("ssh-keyscan -p %d 127.0.0.1 >> '%s'", s.Port, known), "accept-new")

	c = carrier(t, s, Config{KnownHosts: []string{known}, HostKeys: AcceptNew})
	for range 2 {
		if got := run1(t, t.Context(), c, call(s, "true", nil)); got.Status != core.Succeeded {
			t.Fatalf("%s %s", got.Status, got.Value)
		}
	}
	c = carrier(t, s, Config{KnownHosts: []string{known}}) // it is known now, and only it
	if got := run1(t, t.Context(), c, call(s, "true", nil)); got.Status != core.Succeeded {
		t.Errorf("%s %s", got.Status, got.Value)
	}
	wantError(t, refusal(t, c, call(s, "true", values{"hosts": s.Addr(2)})), "is not known")
	c = carrier(t, s, Config{KnownHosts: []string{"/dev/null/none"}, HostKeys: Off})
	if got := run1(t, t.Context(), c, call(s, "true", values{"hosts": s.Addr(2)})); got.Status != core.Succeeded {
		t.Errorf("%s %s", got.Status, got.Value)
	}
}

func TestChangedHostKey(t *testing.T) {
	s := server(t)
	_, other := newKey(t)
	for _, mode := range []HostKeys{Strict, AcceptNew} {
		known := filepath.Join(t.TempDir(), "known_hosts")
		line := fmt.Sprintf("# a comment\n[127.0.0.1]:%d %s", s.Port, ssh.MarshalAuthorizedKey(other))
		if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		c := carrier(t, s, Config{KnownHosts: []string{known}, HostKeys: mode})
		wantError(t, refusal(t, c, call(s, "true", nil)), "its host key has changed", ssh.FingerprintSHA256(s.HostKey),
			known+":2 has ssh-ed25519 "+ssh.FingerprintSHA256(other), fmt.Sprintf("ssh-keygen -f %s -R '[127.0.0.1]:%d'", known, s.Port))
		if err := os.WriteFile(known, fmt.Appendf(nil, "@revoked * %s", ssh.MarshalAuthorizedKey(s.HostKey)), 0o600); err != nil {
			t.Fatal(err)
		}
		wantError(t, refusal(t, c, call(s, "true", nil)), "is revoked in "+known+":1")
	}
}

func TestConfig(t *testing.T) {
	_, err := New(Config{HostKeys: "yes"})
	wantError(t, err, "host_keys", "accept-new")
	wantField(t, err, "host_keys")
}

func TestUnreachable(t *testing.T) {
	s := server(t)
	silent := listen(t, func(conn net.Conn) { conn.Read(make([]byte, 1<<10)); conn.Read(make([]byte, 1)) })
	closing := listen(t, func(net.Conn) {})
	c := carrier(t, s, Config{Connect: 300 * time.Millisecond})
	for name, x := range map[string]struct {
		more  values
		words []string
	}{
		"refused":        {values{"hosts": "127.0.0.1:1"}, []string{"127.0.0.1:1: connection refused", "does sshd run there"}},
		"silent":         {values{"hosts": silent}, []string{silent + ": no answer within 300ms"}},
		"closing":        {values{"hosts": closing}, []string{closing + ": the host closed the connection before the login"}},
		"no such name":   {values{"hosts": "nosuchhost.invalid"}, []string{`nosuchhost.invalid:22: the name "nosuchhost.invalid" cannot be resolved`}},
		"two":            {values{"hosts": "127.0.0.1:1,127.0.0.2:1"}, []string{"none of the 2 hosts", "127.0.0.1:1: connection refused", "127.0.0.2:1: connection refused"}},
		"dead bastion":   {values{"bastion_host": "127.0.0.3:1"}, []string{"bastion 127.0.0.3:1: connection refused"}},
		"silent bastion": {values{"bastion_host": silent}, []string{"bastion " + silent + ": no answer within"}},
		"bad bastion":    {values{"bastion_host": "@x"}, []string{"bastion_host", "no user"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, refusal(t, c, call(s, "true", x.more)), x.words...)
		})
	}
}

func TestBastion(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	through := func(bastion string, more values) core.Call {
		call := call(s, "echo $SSH_CONNECTION", more)
		call.RunnerParams["bastion_host"] = bastion
		return call
	}
	got := run1(t, t.Context(), c, through(s.User+"@"+s.Addr(3), values{"hosts": s.Addr(1) + "," + s.Addr(2) + ",127.0.0.4:1"}))
	h := hostsOf(t, got)
	for _, name := range []string{"127.0.0.1", "127.0.0.2"} {
		if text, _ := h[name]["stdout"].(string); h[name]["succeeded"] != true || !strings.Contains(text, name+" ") {
			t.Errorf("%s: %v", name, h[name])
		}
	}
	if text, _ := h["127.0.0.4"]["error"].(string); !strings.Contains(text, "127.0.0.4:1: bastion "+s.Addr(3)+" cannot reach it: Connection refused") {
		t.Errorf("127.0.0.4: %v", h["127.0.0.4"])
	}
	if n := strings.Count(s.Log(), "on 127.0.0.3 port"); n != 1 {
		t.Errorf("%d connections to the bastion, want 1", n)
	}
	wantError(t, refusal(t, c, through(s.Addr(59)+"9", nil)), "bastion_host")
	wantError(t, refusal(t, c, through("nobody@"+s.Addr(3), nil)), "bastion "+s.Addr(3)+": user nobody was not let in")
	empty := carrier(t, s, Config{KnownHosts: []string{filepath.Join(t.TempDir(), "known")}})
	wantError(t, refusal(t, empty, through(s.Addr(3), nil)), "bastion "+s.Addr(3)+": its host key is not known", "ssh-keyscan")
}

// A host behind a bastion cannot be scanned from here: the message has the line itself.
func TestUnknownHostKeyBehindABastion(t *testing.T) {
	s := server(t)
	known := filepath.Join(t.TempDir(), "known")
	line := fmt.Sprintf("[127.0.0.3]:%d %s", s.Port, ssh.MarshalAuthorizedKey(s.HostKey))
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	c := carrier(t, s, Config{KnownHosts: []string{known}})
	call := call(s, "true", values{"bastion_host": s.Addr(3)})
	wantError(t, refusal(t, c, call), "echo '"+strings.TrimSpace(strings.Replace(line, "127.0.0.3", "127.0.0.1", 1))+"' >> "+known)
}

// proxy passes connections on to addr until it is told to freeze.
func proxy(t *testing.T, addr string) (at string, freeze func()) {
	frozen := make(chan struct{})
	at = listen(t, func(in net.Conn) {
		out, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer out.Close()
		var wg sync.WaitGroup
		pass := func(from, to net.Conn) {
			defer to.Close()
			buf := make([]byte, 32<<10)
			for {
				n, err := from.Read(buf)
				select {
				case <-frozen: // nothing passes, and nobody learns of it
					io.Copy(io.Discard, from)
					return
				default:
				}
				if err != nil {
					return
				}
				to.Write(buf[:n])
			}
		}
		wg.Go(func() { pass(in, out) })
		pass(out, in)
		wg.Wait()
	})
	return at, sync.OnceFunc(func() { close(frozen) })
}
