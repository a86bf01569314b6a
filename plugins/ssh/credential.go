package ssh

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/regular"
	"github.com/petrelhq/petrel/plugins/sshauth"
)

// credential is what a user is known by: one of a password, a key and an agent.
type credential struct {
	id       string // tells credentials apart without telling them
	words    string // what it is, for messages
	password string
	signer   ssh.Signer
	agent    string // socket
}

// credentialOf chooses: password, private_key, the configured key, the agent.
// st2: runners reference 3; the agent is ours.
func (c *Carrier) credentialOf(p params) (*credential, error) {
	switch {
	case p.password != "":
		return &credential{id: digest("password", p.password), words: "the password", password: p.password}, nil
	case strings.Contains(strings.ToLower(p.privateKey), "private key-----"):
		return keyCredential("private_key", "the key given as private_key", []byte(p.privateKey), p.passphrase)
	case p.privateKey != "":
		return keyFileCredential("private_key", p.privateKey, p.passphrase)
	case c.cfg.KeyFile != "":
		return keyFileCredential("key_file", c.cfg.KeyFile, p.passphrase)
	case c.cfg.Agent != "":
		return &credential{id: digest("agent", c.cfg.Agent), words: "the keys of the SSH agent", agent: c.cfg.Agent}, nil
	}
	return nil, core.FieldErrorf("private_key", "there is nothing to log in with: give private_key or password, "+
		"or configure the server with a key file or an SSH agent (SSH_AUTH_SOCK)")
}

func digest(kind, secret string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + secret))
	return hex.EncodeToString(sum[:16])
}

func keyFileCredential(field, path, passphrase string) (*credential, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	raw, err := regular.ReadKey(path)
	if err != nil {
		var reason *os.PathError
		errors.As(err, &reason)
		return nil, core.FieldErrorf(field, "%s: the key file %s cannot be read on the Petrel server: %w; "+
			"give the path of a readable private key, or the key itself", field, shown(path), reason.Err)
	}
	return keyCredential(field, "the key in "+path, raw, passphrase)
}

// shown keeps what may be a mangled key out of messages.
func shown(path string) string {
	if len(path) > 200 || strings.ContainsAny(path, "\r\n") {
		return "(not shown: it does not look like a path)"
	}
	return path
}

func keyCredential(field, words string, raw []byte, passphrase string) (*credential, error) {
	signer, err := parseKey(raw, passphrase)
	if err != nil {
		return nil, keyError(field, words, raw, err)
	}
	return &credential{
		id:     digest("key", string(signer.PublicKey().Marshal())),
		words:  words + " (" + ssh.FingerprintSHA256(signer.PublicKey()) + ")",
		signer: signer,
	}, nil
}

// parseKey ignores a passphrase that the key does not need.
func parseKey(raw []byte, passphrase string) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(raw)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) && passphrase != "" {
		return ssh.ParsePrivateKeyWithPassphrase(raw, []byte(passphrase))
	}
	return signer, err
}

func keyError(field, words string, raw []byte, err error) error {
	text := strings.TrimSpace(string(raw))
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return core.FieldErrorf("passphrase", "%s is encrypted: give its passphrase", words)
	case errors.Is(err, x509.IncorrectPasswordError):
		return core.FieldErrorf("passphrase", "the passphrase does not open %s", words)
	case strings.HasPrefix(text, "ssh-"), strings.HasPrefix(text, "ecdsa-"), strings.HasPrefix(text, "sk-"):
		return core.FieldErrorf(field, "%s: %s is a public key; the private one is needed", field, words)
	case strings.HasPrefix(text, "PuTTY-User-Key-File"):
		return core.FieldErrorf(field, "%s: %s is in PuTTY's form; export it as an OpenSSH key", field, words)
	}
	return core.FieldErrorf(field, "%s: %s is no private key that can be read: %w", field, words, err)
}

// methods returns the ways to log in, and what to call when that is over.
func (c *credential) methods(ctx context.Context) ([]ssh.AuthMethod, func(), error) {
	none := func() {}
	switch {
	case c.signer != nil:
		return []ssh.AuthMethod{ssh.PublicKeys(c.signer)}, none, nil
	case c.agent == "":
		return sshauth.Password(c.password), none, nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.agent)
	if err != nil {
		return nil, none, core.Errorf(core.Unavailable, "the SSH agent at %s does not answer (%w): start it, or give private_key or password", c.agent, plain(err))
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	done := func() { stop(); conn.Close() }
	signers, err := agent.NewClient(conn).Signers()
	if err == nil && len(signers) == 0 {
		err = errors.New("it holds no keys")
	}
	if err != nil {
		done()
		return nil, none, core.Errorf(core.Unavailable, "the SSH agent at %s is of no use (%w): add a key with ssh-add, or give private_key or password", c.agent, err)
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, done, nil
}
