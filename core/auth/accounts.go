package auth

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/newfile"
)

// hashCost makes checking one password take some 50 ms.
const hashCost = bcrypt.DefaultCost

// Accounts checks passwords against an htpasswd file with bcrypt hashes. The file is
// read again when it changes. Safe for concurrent use.
type Accounts struct {
	path     string
	now      func() time.Time
	log      *slog.Logger
	throttle throttle
	busy     chan struct{} // bounds how many passwords are checked at once

	mu     sync.Mutex
	seen   os.FileInfo
	hashes map[string][]byte
}

// checksAtOnce keeps a flood of logins from taking all processors.
const checksAtOnce = 2

// nobodysHash is of a password that was thrown away. Unknown users are checked against
// it, so that their answer takes as long as that of known ones.
const nobodysHash = "$2a$10$vT.Fg6fzBcMZZCiQeM1QQ.XSvNTDR3D44nWJvCZkLz7j8tY3N4Ebq"

// NewAccounts reads an htpasswd file. What is wrong with it later is reported by each
// login, so that it can be repaired while the server runs.
func NewAccounts(path string, now func() time.Time, log *slog.Logger) (*Accounts, error) {
	a := &Accounts{path: path, now: now, log: log, busy: make(chan struct{}, checksAtOnce)}
	_, err := a.load()
	return a, err
}

// Check says whether a password is the user's. Errors: Unauthorized; TooMany after ten
// failures of one user within a minute, with the right password also.
func (a *Accounts) Check(user, password string) error {
	if err := a.throttled(user); err != nil {
		return err
	}
	hashes, err := a.load()
	if err != nil {
		return err
	}
	a.busy <- struct{}{}
	defer func() { <-a.busy }()
	if err := a.throttled(user); err != nil {
		return err // those before us in the line failed: many sent at once are no way around it
	}
	hash, known := hashes[user]
	if !known {
		hash = []byte(nobodysHash)
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) != nil || !known {
		a.throttle.failed(user, a.now())
		return core.Errorf(core.Unauthorized, "Invalid or missing credentials")
	}
	a.throttle.succeeded(user)
	return nil
}

func (a *Accounts) throttled(user string) error {
	wait := a.throttle.wait(user, a.now())
	if wait <= 0 {
		return nil
	}
	return core.Errorf(core.TooMany, "Too many failed logins of this user; try again in %d seconds.", int(wait.Seconds())+1)
}

// load returns the hashes by user, reading the file again if it changed.
func (a *Accounts) load() (map[string][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	info, err := os.Stat(a.path)
	if err != nil {
		return nil, fmt.Errorf("the accounts cannot be read: %w", err)
	}
	if a.seen != nil && os.SameFile(info, a.seen) && info.ModTime().Equal(a.seen.ModTime()) && info.Size() == a.seen.Size() {
		return a.hashes, nil
	}
	raw, err := os.ReadFile(a.path)
	if err != nil {
		return nil, fmt.Errorf("the accounts cannot be read: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		a.log.Warn("others on this machine can read the password hashes; chmod 600 would stop that", "file", a.path)
	}
	a.hashes, a.seen = a.parse(raw), info
	return a.hashes, nil
}

// parse reads "user:hash" lines. A line it cannot use is warned of, not silently dropped.
func (a *Accounts) parse(raw []byte) map[string][]byte {
	hashes := map[string][]byte{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, hash, ok := strings.Cut(line, ":")
		if _, err := bcrypt.Cost([]byte(hash)); !ok || user == "" || err != nil {
			a.log.Warn("a line of the accounts file has no bcrypt hash and lets nobody in; make one with htpasswd -B", "file", a.path, "line", n)
			continue
		}
		hashes[user] = []byte(hash)
	}
	return hashes
}

// FirstAdmin is the account made when there was none.
type FirstAdmin struct {
	User     string
	Password string // only if it was generated: to be shown once
}

// FirstStart makes the accounts file with one administrator, see [FirstAccounts], when it
// does not exist yet. It returns nil when there is a file already.
func FirstStart(path string, env func(string) string) (*FirstAdmin, error) {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	admin, accounts, err := FirstAccounts(env)
	if err != nil {
		return nil, err
	}
	return admin, newfile.Make(path, accounts)
}

// FirstAccounts returns what an accounts file with one administrator holds:
// PETREL_ADMIN_USER (else "admin") with PETREL_ADMIN_PASSWORD (else a generated one).
func FirstAccounts(env func(string) string) (*FirstAdmin, []byte, error) {
	admin := &FirstAdmin{User: env("PETREL_ADMIN_USER")}
	if admin.User == "" {
		admin.User = "admin"
	}
	if strings.ContainsAny(admin.User, ":\n\r#") {
		return nil, nil, core.FieldErrorf("PETREL_ADMIN_USER", "PETREL_ADMIN_USER %q must not contain a colon, a # or a line break", admin.User)
	}
	password := env("PETREL_ADMIN_PASSWORD")
	if password == "" {
		password = randomText(18)
		admin.Password = password
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), hashCost)
	if errors.Is(err, bcrypt.ErrPasswordTooLong) {
		return nil, nil, core.FieldErrorf("PETREL_ADMIN_PASSWORD", "PETREL_ADMIN_PASSWORD is longer than 72 bytes, the most bcrypt can tell apart")
	}
	return admin, fmt.Appendf(nil, "%s:%s\n", admin.User, hash), err
}
