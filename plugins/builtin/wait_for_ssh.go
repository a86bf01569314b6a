package builtin

import (
	"context"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/regular"
	"github.com/petrelhq/petrel/plugins/sshauth"
)

// SSH is how linux.wait_for_ssh logs in.
type SSH struct {
	KeyFile string // private key used where the action gives neither password nor keyfile
	// HostKeys checks a host's key; nil takes any, as the action waits for hosts that are
	// new. A host with a wrong key counts as one that is not up.
	HostKeys ssh.HostKeyCallback
}

// waitForSSH is linux.wait_for_ssh: it tries to log in until that works.
// st2: bundled-packs reference, linux.wait_for_ssh.
type waitForSSH struct {
	keyFile  string
	hostKeys ssh.HostKeyCallback
	sleep    func(ctx context.Context, d time.Duration) error
}

func (w waitForSSH) call(ctx context.Context, c core.Call) (any, error) {
	config, err := w.login(c.Params)
	if err != nil {
		return nil, err
	}
	log := newPythonLog(c, "WaitForSSHAction")
	address := net.JoinHostPort(textOf(c.Params, "hostname"), strconv.Itoa(int(numberOf(c.Params, "port"))))
	retries := int(numberOf(c.Params, "retries"))
	for attempt := 1; ; attempt++ {
		log.debug("login %d of %d at %s", attempt, retries, address)
		err := tryLogin(ctx, address, config)
		if err == nil {
			return true, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if attempt >= retries {
			return nil, core.Errorf(core.Unavailable, "no login at %s after %d attempts; the last one: %w", address, attempt, err)
		}
		pause := numberOf(c.Params, "sleep_delay")
		log.info("login %d failed (%v); the next one in %v seconds", attempt, err, pause)
		if err := w.sleep(ctx, time.Duration(pause*float64(time.Second))); err != nil {
			return nil, err
		}
	}
}

// login is what to log in with; the client's timeout holds for connecting and login together.
func (w waitForSSH) login(params map[string]any) (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{
		User:            textOf(params, "username"),
		HostKeyCallback: w.hostKeys,
		Timeout:         time.Duration(numberOf(params, "ssh_timeout") * float64(time.Second)),
	}
	if config.HostKeyCallback == nil {
		config.HostKeyCallback = ssh.InsecureIgnoreHostKey() // see SSH.HostKeys
	}
	if password := textOf(params, "password"); password != "" {
		config.Auth = sshauth.Password(password)
	}
	keyFile := textOf(params, "keyfile")
	if keyFile == "" && len(config.Auth) == 0 {
		keyFile = w.keyFile
	}
	if keyFile != "" {
		key, err := readKey(keyFile)
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(key))
	}
	if len(config.Auth) == 0 {
		return nil, core.FieldErrorf("keyfile", "nothing to log in with: give keyfile (a private key on the server) or password")
	}
	return config, nil
}

func readKey(file string) (ssh.Signer, error) {
	pem, err := regular.ReadKey(file)
	if err != nil {
		return nil, core.FieldErrorf("keyfile", "keyfile: %w", err)
	}
	key, err := ssh.ParsePrivateKey(pem)
	if err != nil {
		return nil, core.FieldErrorf("keyfile", "keyfile: %s holds no private key that can be used: %w", file, err)
	}
	return key, nil
}

// tryLogin connects, logs in and leaves again.
func tryLogin(ctx context.Context, address string, config *ssh.ClientConfig) error {
	if config.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, config.Timeout)
		defer cancel()
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	return ssh.NewClient(client, channels, requests).Close()
}
