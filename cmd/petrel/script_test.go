package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/petrelhq/petrel/core/backend/redis/redistest"
	"github.com/petrelhq/petrel/plugins/ssh/sshdtest"
)

// TestMain lets scripts run this very binary as petrel and as st2.
func TestMain(m *testing.M) {
	program := func() { os.Exit(run()) }
	testscript.Main(tests{m}, map[string]func(){"petrel": program, "st2": program, "empty-code": emptyCode})
}

// TestScripts tells stories of a user before a terminal: testdata/script/*.txtar, each
// with a server of its own. Commands besides testscript's:
//
//	server start [ARG...]   starts a server on $WORK/data and a free port; sets $PETREL_URL
//	server stop             ends it with SIGTERM; fails unless it ends cleanly
//	server kill             ends it with SIGKILL
//	sshd start              starts an sshd with keys of its own; sets $SSH_PORT, $SSH_KEY,
//	                        $SSH_USER and $SSH_KNOWN_HOSTS
//	login                   sets $ST2_AUTH_TOKEN for the admin
//	await COMMAND...        repeats a command until it succeeds, at most 10 s
//	setenv VAR FILE         sets a variable to a file's content without the last newline
func TestScripts(t *testing.T) {
	runScripts(t, testscript.Params{Dir: "testdata/script"}, func(string) string { return "" })
}

// TestScriptsOnRedis tells those stories again, of servers on a Redis, that do not look
// into the data directory.
func TestScriptsOnRedis(t *testing.T) {
	store := redistest.Start(t)
	var files []string
	for _, name := range []string{"walkthrough", "walkthrough2016", "events", "keys", "timers", "inquiries", "install"} {
		files = append(files, filepath.Join("testdata", "script", name+".txtar"))
	}
	runScripts(t, testscript.Params{Files: files}, func(work string) string {
		return store.URL() + "?prefix=" + filepath.Base(work)
	})
}

// runScripts runs scripts whose servers remember in the store, if store names one.
func runScripts(t *testing.T, p testscript.Params, store func(work string) string) {
	p.UpdateScripts = os.Getenv("UPDATE") != ""
	p.RequireExplicitExec = true
	goCache := goBuildCache(t)
	p.Setup = func(env *testscript.Env) error {
		env.Setenv("HOME", env.WorkDir)
		env.Setenv("PETREL_ADMIN_PASSWORD", "wren-and-robin")
		env.Setenv("COLUMNS", "150")
		packs, err := filepath.Abs("../../packs")
		if err != nil {
			return err
		}
		env.Setenv("PACKS", packs)
		env.Setenv("GO_CACHE", goCache)
		env.Setenv("STORE", store(env.WorkDir)) // empty for the data directory
		s := &scriptServer{env: env, store: env.Getenv("STORE")}
		env.Values["server"] = s
		env.Defer(s.end)
		return nil
	}
	p.Cmds = map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"server": serverCmd, "login": loginCmd, "await": awaitCmd, "setenv": setenvCmd, "sshd": sshdCmd,
	}
	testscript.Run(t, p)
}

// goBuildCache is where the Go tool chain keeps what it compiled: authors' scripts would
// compile the standard library otherwise, again and again.
func goBuildCache(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// sshdCmd starts an sshd that ends with the script.
func sshdCmd(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs("sshd")
	ts.Check(os.Mkdir(dir, 0o700))
	s, err := sshdtest.Start(dir)
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
	ts.Setenv("SSH_PORT", strconv.Itoa(s.Port))
	ts.Setenv("SSH_KEY", s.KeyFile)
	ts.Setenv("SSH_USER", s.User)
	ts.Setenv("SSH_KNOWN_HOSTS", s.KnownHosts)
}

// scriptServer is the server of one script.
type scriptServer struct {
	env   *testscript.Env
	store string // URL of a Redis, "" for the data directory
	cmd   *exec.Cmd
}

func serverCmd(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value("server").(*scriptServer)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start|stop|kill")
	}
	switch args[0] {
	case "start":
		s.start(ts, args[1:])
	case "stop":
		ts.Check(s.stop(syscall.SIGTERM))
	case "kill":
		_ = s.stop(syscall.SIGKILL)
	default:
		ts.Fatalf("server %s: not known", args[0])
	}
}

// start runs the real program and waits until it says where it listens.
func (s *scriptServer) start(ts *testscript.TestScript, args []string) {
	args = append([]string{"server", "--data", ts.MkAbs("data"), "--listen", "127.0.0.1:0"}, args...)
	if s.store != "" {
		args = append(args, "--store", s.store)
	}
	petrel, err := exec.LookPath("petrel")
	ts.Check(err)
	s.cmd = exec.Command(petrel, args...)
	s.cmd.Env = append(os.Environ(), "PETREL_ADMIN_PASSWORD="+ts.Getenv("PETREL_ADMIN_PASSWORD"), "HOME="+ts.Getenv("HOME"))
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	log, err := os.OpenFile(ts.MkAbs("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	s.cmd.Stderr, s.cmd.Dir = log, ts.Getenv("WORK")
	ts.Check(s.cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "listens on "); ok {
			url, _, _ := strings.Cut(rest, ",")
			ts.Setenv("PETREL_URL", url)
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
			return
		}
	}
	raw, _ := os.ReadFile(ts.MkAbs("server.log"))
	ts.Fatalf("the server did not come up: %v\n%s", s.cmd.Wait(), raw)
}

func (s *scriptServer) stop(sig syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(sig); err != nil {
		return err
	}
	return cmd.Wait()
}

// end is for scripts that left their server running, or failed.
func (s *scriptServer) end() { _ = s.stop(syscall.SIGTERM) }

func loginCmd(ts *testscript.TestScript, neg bool, args []string) {
	petrel, err := exec.LookPath("petrel")
	ts.Check(err)
	cmd := exec.Command(petrel, "auth", "admin", "-p", ts.Getenv("PETREL_ADMIN_PASSWORD"), "-t")
	cmd.Env = append(os.Environ(), "PETREL_URL="+ts.Getenv("PETREL_URL"), "HOME="+ts.Getenv("HOME"))
	out, err := cmd.Output()
	if err != nil {
		ts.Fatalf("login: %v: %s", err, out)
	}
	ts.Setenv("ST2_AUTH_TOKEN", strings.TrimSpace(string(out)))
}

func awaitCmd(ts *testscript.TestScript, neg bool, args []string) {
	deadline := time.Now().Add(10 * time.Second)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		err := ts.Exec(args[0], args[1:]...)
		if (err == nil) != neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("still not so after 10 s: %v", err)
		}
		time.Sleep(pause) // asking a server from outside, as a user would
	}
}

func setenvCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: setenv VAR FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

func TestExampleConfigIsTheDefault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "petrel.yaml")
	if err := os.WriteFile(file, []byte(ExampleConfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Packs, want.Registries = []string{}, []string{}
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("the example reads as %+v, want %+v", got, want)
	}
}

func TestConfigErrorsNameThePlaceAndTheFix(t *testing.T) {
	cases := map[string]string{
		"listne: x\n":                   `petrel.yaml:1:1: unknown key "listne"; did you mean "listen"?`,
		"actions:\n  worker: 3\n":       `petrel.yaml:2:3: unknown key "actions.worker"; did you mean "actions.workers"?`,
		"zzz: 1\n":                      `petrel.yaml:1:1: unknown key "zzz"; known here: listen, data,`,
		"actions:\n  workers: lots\n":   "line 2: cannot unmarshal !!str `lots` into int",
		"listen: 0.0.0.0:9101\n":        "can be reached from other machines",
		"listen: here\n":                `listen: "here" needs the form host:port`,
		"actions: {workers: 0}\n":       "actions.workers: needs to be at least 1",
		"tls: {cert: a.pem}\n":          "tls: cert and key go together",
		"listen: [1\n":                  "petrel.yaml: yaml: line",
		"listen: 127.0.0.1:9101\n---\n": "",
	}
	for text, want := range cases {
		file := filepath.Join(t.TempDir(), "petrel.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := LoadConfig(file)
		if err == nil {
			err = cfg.Check()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
