package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// knownHosts knows hosts by their keys. Files are read again when they have changed.
type knownHosts struct {
	files []string
	mode  HostKeys

	mu    sync.Mutex
	db    *knownhosts.HostKeyDB
	stamp string // of the files db was read from
}

// read returns what the files hold now; files that do not exist hold nothing.
func (k *knownHosts) read() (*knownhosts.HostKeyDB, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var files []string
	stamp := ""
	for _, f := range k.files {
		info, err := os.Stat(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, core.FieldErrorf("known_hosts", "known_hosts: %w", err)
		}
		files = append(files, f)
		stamp += fmt.Sprintln(f, info.Size(), info.ModTime().UnixNano())
	}
	if k.db != nil && k.stamp == stamp {
		return k.db, nil
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, core.FieldErrorf("known_hosts", "known_hosts: a line cannot be read: %w; correct or remove it", err)
	}
	k.db, k.stamp = db, stamp
	return db, nil
}

// prepare makes a handshake with t check the host's key.
func (k *knownHosts) prepare(t *target, cfg *ssh.ClientConfig) error {
	if k.mode == Off {
		cfg.HostKeyCallback = ssh.InsecureIgnoreHostKey()
		return nil
	}
	db, err := k.read()
	if err != nil {
		return err
	}
	cfg.HostKeyAlgorithms = db.HostKeyAlgorithms(t.String())
	check := db.HostKeyCallback()
	var accepted []byte // long connections exchange keys again
	cfg.HostKeyCallback = func(host string, remote net.Addr, key ssh.PublicKey) error {
		if accepted != nil && bytes.Equal(accepted, key.Marshal()) {
			return nil
		}
		err := k.judge(t, key, check(host, remote, key))
		if err == nil {
			accepted = key.Marshal()
		}
		return err
	}
	return nil
}

// judge decides about a key, given what known_hosts says of it.
func (k *knownHosts) judge(t *target, key ssh.PublicKey, err error) error {
	var revoked *xknownhosts.RevokedError
	var unknown *xknownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return refusedKey("%s: its host key %s is revoked in %s:%d", t.name(), fingerprint(key), revoked.Revoked.Filename, revoked.Revoked.Line)
	case !errors.As(err, &unknown):
		return refusedKey("%s: its host key %s cannot be accepted: %w", t.name(), fingerprint(key), err)
	case len(unknown.Want) > 0:
		return k.changed(t, key, unknown.Want)
	case k.mode == AcceptNew:
		return k.add(t, key)
	}
	return k.unknown(t, key)
}

// refusedKey is an error of a host whose key is not accepted.
func refusedKey(format string, args ...any) error {
	return core.Errorf(core.Forbidden, format, args...)
}

func fingerprint(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }

func (k *knownHosts) file() string {
	if len(k.files) == 0 {
		return "known_hosts"
	}
	return k.files[0]
}

func (k *knownHosts) unknown(t *target, key ssh.PublicKey) error {
	return refusedKey("%s: its host key is not known: %s. If that is the fingerprint the host itself tells "+
		"(ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub), add it on the Petrel server: %s. "+
		"Or set host_keys to accept-new, which accepts hosts seen for the first time",
		t.name(), fingerprint(key), keyFileName(key.Type()), k.howToAdd(t, key))
}

// howToAdd is the command that makes a host known. What lies behind a bastion cannot be scanned.
func (k *knownHosts) howToAdd(t *target, key ssh.PublicKey) string {
	file := shellarg.Quote(k.file())
	if t.via != nil {
		return "echo " + shellarg.Quote(knownhosts.Line([]string{t.String()}, key)) + " >> " + file
	}
	return "ssh-keyscan -p " + strconv.Itoa(t.port) + " " + shellarg.Quote(t.host) + " >> " + file
}

func keyFileName(kind string) string {
	switch {
	case kind == ssh.KeyAlgoED25519:
		return "ed25519"
	case strings.HasPrefix(kind, "ecdsa-"):
		return "ecdsa"
	}
	return "rsa"
}

func (k *knownHosts) changed(t *target, key ssh.PublicKey, want []xknownhosts.KnownKey) error {
	w := want[0]
	return refusedKey("%s: its host key has changed: it shows %s, and %s:%d has %s. Somebody may be reading along, "+
		"or the host was set up anew. If it was, on the Petrel server: ssh-keygen -f %s -R %s, then %s",
		t.name(), fingerprint(key), w.Filename, w.Line, fingerprint(w.Key),
		shellarg.Quote(w.Filename), shellarg.Quote(knownhosts.Normalize(t.String())), k.howToAdd(t, key))
}

// add writes a host's key down.
func (k *knownHosts) add(t *target, key ssh.PublicKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := appendLine(k.file(), knownhosts.Line([]string{t.String()}, key)); err != nil {
		return refusedKey("%s: its host key is new and cannot be written down: %w; make %s writable, or set another known_hosts", t.name(), err, k.file())
	}
	return nil
}

// appendLine adds a line in one write, so that servers sharing the file do not mix theirs.
func appendLine(file, line string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}
