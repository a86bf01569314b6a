package auth_test

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an Auth over a real store, with a clock that stands still.
type world struct {
	*auth.Auth
	t    *testing.T
	now  time.Time
	file string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), file: filepath.Join(t.TempDir(), "htpasswd")}
	w.accounts("ada", "lovelace")
	clock := func() time.Time { return w.now }
	accounts, err := auth.NewAccounts(w.file, clock, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w.Auth = auth.New(auth.Config{
		Store: store.New(b, clock), Accounts: accounts, Log: slog.New(slog.DiscardHandler),
		Secret: func() []byte { return []byte("secret") },
	})
	return w
}

// accounts writes an htpasswd file with one account, and lines that let nobody in.
func (w *world) accounts(user, password string) {
	w.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		w.t.Fatal(err)
	}
	text := "# people\n\nplain:password\n" + user + ":" + strings.Replace(string(hash), "$2a$", "$2y$", 1) + "\n"
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(tx *store.Tx) error) error {
	return w.Store.Update(context.Background(), store.Wait, fn)
}

func (w *world) token(r auth.TokenRequest) (plain string, err error) {
	err = w.update(func(tx *store.Tx) (err error) {
		plain, _, err = w.CreateToken(context.Background(), tx, r)
		return err
	})
	return plain, err
}

func TestPasswords(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		user, password string
		want           bool
	}{{"ada", "lovelace", true}, {"ada", "x", false}, {"eve", "lovelace", false}, {"plain", "password", false}, {"ada", "", false}} {
		if err := w.Accounts.Check(c.user, c.password); (err == nil) != c.want {
			t.Errorf("%s %s: %v", c.user, c.password, err)
		}
	}
	w.accounts("eve", "longer password")
	if err := w.Accounts.Check("eve", "longer password"); err != nil {
		t.Errorf("after the file changed: %v", err)
	}
	if err := w.Accounts.Check("ada", "lovelace"); core.KindOf(err) != core.Unauthorized {
		t.Errorf("removed account: %v", err)
	}
}

func TestManyFailuresAreRefusedForAMinute(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		if err := w.Accounts.Check("ada", "x"); core.KindOf(err) != core.Unauthorized {
			t.Fatal(err)
		}
	}
	if err := w.Accounts.Check("ada", "lovelace"); core.KindOf(err) != core.TooMany {
		t.Errorf("the eleventh: %v", err)
	}
	w.now = w.now.Add(time.Minute)
	if err := w.Accounts.Check("ada", "lovelace"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// TestManyLoginsAtOnceAreNoWayAround: passwords are checked two at a time, and those that
// wait in line have been let through before the first has failed.
func TestManyLoginsAtOnceAreNoWayAround(t *testing.T) {
	w := newWorld(t)
	hash, err := bcrypt.GenerateFromPassword([]byte("lovelace"), bcrypt.DefaultCost) // slow enough for a line to form
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.file, []byte("ada:"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var tried atomic.Int32
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if err := w.Accounts.Check("ada", "x"); core.KindOf(err) == core.Unauthorized {
				tried.Add(1)
			}
		})
	}
	all.Wait()
	if n := tried.Load(); n > 11 { // the tenth failure may come while another is looked at
		t.Errorf("%d passwords were tried within a minute", n)
	}
}

// TestAFirstStartThatFailsIsMadeUpFor: half an accounts file would let nobody in, ever.
func TestAFirstStartThatFailsIsMadeUpFor(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "htpasswd")
	none := syscall.Rlimit{Cur: 0, Max: limit.Max} // as on a full disk
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none); err != nil {
		t.Fatal(err)
	}
	_, full := auth.FirstStart(path, func(string) string { return "" })
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if full == nil {
		t.Fatal("nothing failed")
	}
	if admin, err := auth.FirstStart(path, func(string) string { return "" }); admin == nil || err != nil {
		t.Errorf("the second start: %+v %v, want an account", admin, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFirstStart(t *testing.T) {
	env := map[string]string{}
	getenv := func(name string) string { return env[name] }
	check := func(path, user, password string) {
		t.Helper()
		a, err := auth.NewAccounts(path, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Check(user, password); err != nil {
			t.Errorf("%s cannot log in: %v", user, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v %v", info.Mode(), err)
		}
	}
	made := filepath.Join(t.TempDir(), "a")
	admin, err := auth.FirstStart(made, getenv)
	if err != nil || admin.User != "admin" || len(admin.Password) < 20 {
		t.Fatalf("%+v %v", admin, err)
	}
	check(made, "admin", admin.Password)
	if again, err := auth.FirstStart(made, getenv); again != nil || err != nil {
		t.Errorf("second start: %+v %v", again, err)
	}
	env["PETREL_ADMIN_USER"], env["PETREL_ADMIN_PASSWORD"] = "ada", "lovelace"
	given := filepath.Join(t.TempDir(), "b")
	if admin, err := auth.FirstStart(given, getenv); err != nil || *admin != (auth.FirstAdmin{User: "ada"}) {
		t.Errorf("%+v %v", admin, err)
	}
	check(given, "ada", "lovelace")
	for user, password := range map[string]string{"a:b": "x", "ada": strings.Repeat("x", 73)} {
		env["PETREL_ADMIN_USER"], env["PETREL_ADMIN_PASSWORD"] = user, password
		bad := filepath.Join(t.TempDir(), "c")
		if _, err := auth.FirstStart(bad, getenv); core.KindOf(err) != core.Invalid {
			t.Errorf("%s: %v", user, err)
		}
		if _, err := os.Stat(bad); err == nil {
			t.Errorf("%s: half an accounts file was left", user)
		}
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	minute, tooLong := int64(60), int64(86401)
	plain, err := w.token(auth.TokenRequest{User: "ada", TTL: &minute})
	if err != nil || len(plain) != 32 {
		t.Fatal(plain, err)
	}
	who, err := w.Authenticate(t.Context(), auth.Credentials{Token: plain, Location: auth.InQuery})
	want := core.Identity{User: "ada", Method: auth.ByToken, Location: auth.InQuery, Expiry: core.At(w.now.Add(time.Minute))}
	if err != nil || who != want {
		t.Errorf("%+v %v", who, err)
	}
	if u, err := w.Store.Users().Get(t.Context(), "ada"); err != nil || u.Name != "ada" {
		t.Errorf("user record: %+v %v", u, err)
	}
	if _, err := w.token(auth.TokenRequest{User: "ada", TTL: &tooLong}); core.KindOf(err) != core.Invalid {
		t.Errorf("too long: %v", err)
	}
	if _, err := w.token(auth.TokenRequest{User: "ada", TTL: &tooLong, Service: true}); err != nil {
		t.Errorf("a service's token: %v", err)
	}
	w.now = w.now.Add(time.Minute)
	if _, err := w.Authenticate(t.Context(), auth.Credentials{Token: plain}); err == nil || err.Error() != "Unauthorized - Token has expired." {
		t.Errorf("expired: %v", err)
	}
	if valid, err := w.ValidToken(t.Context(), plain); valid || err != nil {
		t.Errorf("valid %v %v", valid, err)
	}
}

func TestSweepForgetsLongExpiredTokens(t *testing.T) {
	w := newWorld(t)
	minute := int64(60)
	for range 120 {
		if _, err := w.token(auth.TokenRequest{User: "ada", TTL: &minute}); err != nil {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(24 * time.Hour)
	live, err := w.token(auth.TokenRequest{User: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	ts, total, err := w.Store.Tokens().List(t.Context(), store.Query{})
	if err != nil || len(ts) != 1 || total != 1 {
		t.Errorf("%d tokens left (%d counted), want 1: %v", len(ts), total, err)
	}
	if valid, err := w.ValidToken(t.Context(), live); !valid || err != nil {
		t.Errorf("the live one: %v %v", valid, err)
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	var plain string
	var k *core.APIKey
	err := w.update(func(tx *store.Tx) (err error) {
		plain, k, err = w.CreateKey(t.Context(), tx, auth.KeyRequest{User: "bob", Enabled: true})
		return err
	})
	if err != nil || k.Hash != auth.HashKey(plain) || len(plain) != 86 {
		t.Fatal(plain, k, err)
	}
	who, err := w.Authenticate(t.Context(), auth.Credentials{Key: plain, Location: auth.InHeader})
	if err != nil || who != (core.Identity{User: "bob", Method: auth.ByKey, Location: auth.InHeader}) {
		t.Errorf("%+v %v", who, err)
	}
	for _, name := range []string{plain, k.ID} {
		if found, err := w.FindKey(t.Context(), name); err != nil || found.ID != k.ID {
			t.Errorf("found %+v %v", found, err)
		}
	}
	if _, err := w.FindKey(t.Context(), k.Hash); core.KindOf(err) != core.NotFound {
		t.Errorf("found by hash: %v", err)
	}
	err = w.update(func(tx *store.Tx) error {
		_, _, err := w.CreateKey(t.Context(), tx, auth.KeyRequest{User: "bob", ID: k.ID})
		return err
	})
	if core.KindOf(err) != core.Conflict {
		t.Errorf("an id twice: %v", err)
	}
}

// TestHashKey pins StackStorm's hash: keys made there are good here.
func TestHashKey(t *testing.T) {
	const want = "7adefaea50cb879557dd68958d5398fd5f16d2e7a3725ea622c83b18e304eeaa54d049b678cb320be02b0c3c2bdbd8349e5bb0ef568d1e399ddd6d3777f920e1"
	if got := auth.HashKey("key"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestExecutionTokens(t *testing.T) {
	w := newWorld(t)
	x := &core.Execution{ID: core.NewID(w.now), Action: "a.b", Start: core.At(w.now), Context: core.Context{User: "ada"}, Status: core.Running}
	if err := w.update(func(tx *store.Tx) error { return tx.Executions().Create(x) }); err != nil {
		t.Fatal(err)
	}
	token := w.ExecutionToken(x)
	if who, err := w.Authenticate(t.Context(), auth.Credentials{Token: token}); err != nil || who.User != "ada" {
		t.Errorf("%+v %v", who, err)
	}
	other := *x
	other.Context.User = "root"
	forged := strings.Split(w.ExecutionToken(&other), ".")
	forged[4] = strings.Split(token, ".")[4]
	for _, bad := range []string{strings.Join(forged, "."), token + "0", "px.", "px....", token[:len(token)-1], "px." + token} {
		if _, err := w.Authenticate(t.Context(), auth.Credentials{Token: bad}); core.KindOf(err) != core.Unauthorized {
			t.Errorf("%s: %v", bad, err)
		}
	}
	w.now = w.now.Add(24*time.Hour + time.Second)
	if _, err := w.Authenticate(t.Context(), auth.Credentials{Token: token}); core.KindOf(err) != core.Unauthorized {
		t.Errorf("a day later: %v", err)
	}
}

func TestMay(t *testing.T) {
	w := newWorld(t)
	if err := w.May(core.Identity{User: "ada"}, "rule_create", ""); err != nil {
		t.Error(err)
	}
	if err := w.May(core.Identity{}, "rule_create", ""); core.KindOf(err) != core.Unauthorized {
		t.Error(err)
	}
}
