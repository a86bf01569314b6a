package proc

import (
	"bytes"
	"context"
	"errors"
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

	"go.uber.org/goleak"
)

// TestMain also plays the helper processes: the test binary started with PROC_HELPER set.
func TestMain(m *testing.M) {
	switch os.Getenv("PROC_HELPER") {
	case "server":
		helperServer()
	case "user":
		helperUser()
	default:
		goleak.VerifyTestMain(m)
	}
}

// helper starts the test binary in a role and returns its first line of output.
func helper(t *testing.T, role string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "PROC_HELPER="+role)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := readLine(t, out)
	return cmd, line
}

func readLine(t *testing.T, r io.Reader) string {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); ; {
		if n, err := r.Read(b); n == 0 || err != nil || b[0] == '\n' {
			return string(line)
		}
		line = append(line, b[0])
	}
}

// newMark returns an environment entry no other process has.
func newMark(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("PROC_TEST_MARK=%d.%d.%s", os.Getpid(), time.Now().UnixNano(), t.Name())
}

func shell(mark, script string) Spec {
	return Spec{
		Args:  []string{"/bin/sh", "-c", script},
		Env:   []string{"PATH=" + os.Getenv("PATH"), mark},
		Mark:  mark,
		Ender: Ender{Grace: 200 * time.Millisecond},
	}
}

func start(t *testing.T, s Spec) *Process {
	t.Helper()
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wait(t *testing.T, ctx context.Context, p *Process) Exit {
	t.Helper()
	e, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func noneLeft(t *testing.T, mark string) {
	t.Helper()
	left, err := Survivors(Target{Mark: mark})
	if err != nil || len(left) > 0 {
		t.Errorf("survivors %v, error %v; want none", left, err)
	}
}

// lineWriter closes seen at the first full line.
type lineWriter struct {
	bytes.Buffer
	seen chan struct{}
}

func newLineWriter() *lineWriter { return &lineWriter{seen: make(chan struct{})} }

func (w *lineWriter) Write(b []byte) (int, error) {
	had := bytes.IndexByte(w.Bytes(), '\n') >= 0
	n, err := w.Buffer.Write(b)
	if !had && bytes.IndexByte(w.Bytes(), '\n') >= 0 {
		close(w.seen)
	}
	return n, err
}

func TestExitCodes(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": -9, "kill -TERM $$": -15, "nosuchcommand": 127} {
		p := start(t, shell(newMark(t), script))
		if e := wait(t, t.Context(), p); e != (Exit{Code: want}) {
			t.Errorf("%s: %+v, want code %d", script, e, want)
		}
	}
}

func TestOutputIsWhole(t *testing.T) {
	const size = 10 << 20
	var out, errs bytes.Buffer
	s := shell(newMark(t), fmt.Sprintf("head -c %d /dev/zero; head -c %d /dev/zero >&2", size, size))
	s.Stdout, s.Stderr = &out, &errs
	if e := wait(t, t.Context(), start(t, s)); e.Code != 0 || out.Len() != size || errs.Len() != size {
		t.Errorf("%+v with %d and %d bytes, want 0 with %d each", e, out.Len(), errs.Len(), size)
	}
}

func TestOutputComesWhileRunning(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	out := newLineWriter()
	s := shell(newMark(t), "echo first; read x <"+fifo+"; echo then $x")
	s.Stdout = out
	p := start(t, s)
	<-out.seen
	if err := os.WriteFile(fifo, []byte("more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wait(t, t.Context(), p)
	if got := out.String(); got != "first\nthen more\n" {
		t.Errorf("got %q", got)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestFailingWriterDoesNotBlock(t *testing.T) {
	s := shell(newMark(t), "head -c 1000000 /dev/zero")
	s.Stdout = failingWriter{}
	if e := wait(t, t.Context(), start(t, s)); e.Code != 0 {
		t.Errorf("%+v, want 0", e)
	}
}

func TestFilesAndNothing(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := shell(newMark(t), "cat; echo done; echo lost >&2")
	s.Stdout = file
	wait(t, t.Context(), start(t, s))
	if b, _ := os.ReadFile(file.Name()); string(b) != "done\n" {
		t.Errorf("file holds %q", b)
	}
}

func TestStdin(t *testing.T) {
	text := strings.Repeat("0123456789", 100_000)
	for script, want := range map[string]string{"cat": text, "head -c 5": "01234", "exit 0": ""} {
		var out bytes.Buffer
		s := shell(newMark(t), script)
		s.Stdin, s.Stdout = strings.NewReader(text), &out
		wait(t, t.Context(), start(t, s))
		if out.String() != want {
			t.Errorf("%s: got %d bytes, want %d", script, out.Len(), len(want))
		}
	}
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Spec{
		"Args is empty":                   {},
		"executable file not found":       {Args: []string{"no-such-program"}},
		"/no/where: no such file":         {Args: []string{"/bin/true"}, Dir: "/no/where"},
		"not a directory":                 {Args: []string{"/bin/true"}, Dir: script},
		"is a directory":                  {Args: []string{dir}},
		"NUL byte":                        {Args: []string{"/bin/echo", "a\x00b"}},
		"128 KiB":                         {Args: []string{"/bin/echo", strings.Repeat("x", 200_000)}},
		"interpreter named in its first ": {Args: []string{script}},
	} {
		if _, err := Start(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestBackgroundDoesNotHold(t *testing.T) {
	mark := newMark(t)
	var out bytes.Buffer
	s := shell(mark, "sleep 100 & echo started")
	s.Stdout, s.Stderr = &out, io.Discard
	began := time.Now()
	e := wait(t, t.Context(), start(t, s))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if e != (Exit{Left: true}) || out.String() != "started\n" {
		t.Errorf("%+v %q, want output left open and what was printed", e, out.String())
	}
	if left, _ := Survivors(Target{Mark: mark}); len(left) != 1 {
		t.Errorf("%d processes left, want the sleep alone: what an action leaves behind lives on", len(left))
	}
	if err := s.Ender.End(t.Context(), Target{Mark: mark}); err != nil {
		t.Error(err)
	}
	noneLeft(t, mark)
}

// slowWriter takes longer over its first bytes than output may linger.
type slowWriter struct{ bytes.Buffer }

func (w *slowWriter) Write(b []byte) (int, error) {
	if w.Len() == 0 {
		<-time.After(3 * lingering)
	}
	return w.Buffer.Write(b)
}

func TestLeftOutputIsDrained(t *testing.T) {
	var out slowWriter
	mark := newMark(t)
	s := shell(mark, "sleep 100 & head -c 60000 /dev/zero")
	s.Stdout = &out
	wait(t, t.Context(), start(t, s))
	if out.Len() != 60000 {
		t.Errorf("got %d bytes, want all 60000 printed before the exit", out.Len())
	}
	if err := s.Ender.End(t.Context(), Target{Mark: mark}); err != nil {
		t.Error(err)
	}
}

// Who takes the output late is not told that somebody holds it open.
func TestLateReaderFindsTheEnd(t *testing.T) {
	var out slowWriter
	s := shell(newMark(t), "echo a; sleep 0.05; echo b")
	s.Stdout = &out
	if e := wait(t, t.Context(), start(t, s)); e != (Exit{}) || out.String() != "a\nb\n" {
		t.Errorf("%+v %q, want all and nothing left open", e, out.String())
	}
}

func TestEndTakesEverything(t *testing.T) {
	for name, script := range map[string]string{
		"plain":            "echo up; sleep 100",
		"grandchildren":    "sh -c 'sleep 100 & sh -c \"sleep 100 & echo up; wait\"; wait'; wait",
		"other group":      "set -m; sleep 100 & echo up; wait",
		"other session":    "setsid sleep 100 & sleep 100 & echo up; wait",
		"deaf to TERM":     "trap '' TERM; sleep 100 & echo up; while :; do sleep 100; done",
		"orphans":          "(setsid sleep 100 &) ; (sleep 100 &) ; echo up; sleep 100",
		"without the mark": "env -i setsid /bin/sleep 100 & env -i /bin/sleep 100 & echo up; wait",
		"stopped":          "echo up; kill -STOP $$",
		"deaf children":    "(trap '' TERM; env -i /bin/sleep 100 & wait; sleep 100) & echo up; sleep 100",
	} {
		t.Run(name, func(t *testing.T) { testEnd(t, script) })
	}
}

func testEnd(t *testing.T, script string) {
	mark := newMark(t)
	out := newLineWriter()
	s := shell(mark, script)
	s.Stdout = out
	ctx, cancel := context.WithCancel(t.Context())
	p := start(t, s)
	id := p.Identity()
	go func() { <-out.seen; cancel() }()
	e := wait(t, ctx, p)
	if !e.Ended || e.Code != -15 && e.Code != -9 {
		t.Errorf("%+v, want ended by TERM or KILL", e)
	}
	if Alive(id) {
		t.Error("the leader is alive")
	}
	noneLeft(t, mark)
	table, err := readTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table {
		if e.session == id.PID && !e.dead() {
			t.Errorf("%+v is left of the session", e)
		}
	}
	if strings.TrimSpace(out.String()) != "up" {
		t.Errorf("output %q, want what was printed before the end", out.String())
	}
}

func TestContextDoneBeforeWait(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mark := newMark(t)
	if e := wait(t, ctx, start(t, shell(mark, "sleep 100"))); !e.Ended {
		t.Errorf("%+v, want ended", e)
	}
	noneLeft(t, mark)
}

func TestWithoutPidfd(t *testing.T) {
	p := start(t, shell(newMark(t), "exit 3"))
	p.exit.Close()
	p.exit = nil
	if e := wait(t, t.Context(), p); e.Code != 3 {
		t.Errorf("%+v, want 3", e)
	}
}

func TestNoZombie(t *testing.T) {
	p := start(t, shell(newMark(t), "exit 0"))
	wait(t, t.Context(), p)
	if e, ok := readEntry(p.PID()); ok && e.parent == os.Getpid() {
		t.Errorf("%+v is still there", e)
	}
}

func TestParseEntry(t *testing.T) {
	e, ok := parseEntry(7, "7 (a) b (c) S 3 4 5 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1 2 3")
	if want := (entry{7, 3, 5, 123456, 'S', "a) b (c"}); !ok || e != want {
		t.Errorf("got %+v, want %+v", e, want)
	}
	for _, bad := range []string{"", "7 a S", "7 (a) S 1 2", "7 (a) S x 4 5 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 1"} {
		if _, ok := parseEntry(7, bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestStrangersAreSpared(t *testing.T) {
	s := shell(newMark(t), "sleep 100")
	s.Env = append(s.Env, "PROC_EMPTY=")
	stranger := start(t, s)
	id := stranger.Identity()
	wrongTick, wrongBoot := id, id
	wrongTick.StartTick++
	wrongBoot.Boot = "another boot"
	targets := []Target{{Mark: "PROC_EMPTY="}, {Identity: wrongTick}, {Identity: wrongBoot}, {Mark: stranger.spec.Mark[:len(stranger.spec.Mark)-1]}, {}}
	if err := (Ender{}).End(t.Context(), targets...); err != nil {
		t.Error(err)
	}
	if !Alive(id) || Alive(wrongTick) || Alive(wrongBoot) {
		t.Error("only the true identity should be alive")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wait(t, ctx, stranger)
}

func TestOwnProcessIsNeverFound(t *testing.T) {
	environ, err := os.ReadFile("/proc/self/environ")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(environ), "\x00")
	h := newHunt([]Target{{Mark: first}})
	if !h.carriesMark(os.Getpid()) {
		t.Fatalf("this process does not carry %q", first)
	}
	left, err := h.find()
	for _, e := range left {
		if e.pid == os.Getpid() {
			t.Error("found itself")
		}
	}
	if err != nil {
		t.Error(err)
	}
}

// helperServer starts an action and waits to be killed, as a server is.
func helperServer() {
	out := newLineWriter()
	s := shell(os.Getenv("PROC_MARK"), os.Getenv("PROC_SCRIPT"))
	s.Stdout = out
	p, err := Start(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	<-out.seen
	id := p.Identity()
	fmt.Println(id.PID, id.StartTick, id.Boot)
	select {}
}

func TestAfterACrash(t *testing.T) {
	script := "env -i /bin/sleep 100 & setsid sleep 100 & echo up; wait"
	for name, target := range map[string]func(Identity, string) Target{
		"by mark":     func(_ Identity, mark string) Target { return Target{Mark: mark} },
		"by identity": func(id Identity, _ string) Target { return Target{Identity: id} },
	} {
		t.Run(name, func(t *testing.T) {
			mark := newMark(t)
			server, line := helper(t, "server", "PROC_MARK="+mark, "PROC_SCRIPT="+script)
			var id Identity
			if _, err := fmt.Sscan(line, &id.PID, &id.StartTick, &id.Boot); err != nil {
				t.Fatalf("helper said %q: %v", line, err)
			}
			server.Process.Kill()
			server.Wait()
			if !Alive(id) {
				t.Fatal("the action did not outlive its server")
			}
			if left, _ := Survivors(target(id, mark)); len(left) != 3 {
				t.Errorf("found %d processes, want the shell and two sleeps", len(left))
			}
			if err := (Ender{Grace: time.Second}).End(t.Context(), target(id, mark)); err != nil {
				t.Error(err)
			}
			noneLeft(t, mark)
			if Alive(id) {
				t.Error("the leader is alive")
			}
		})
	}
}

const nobody = 65534

// helperUser, as nobody, ends a session in which a process of root takes part.
func helperUser() {
	pid, err := strconv.Atoi(os.Getenv("PROC_PID"))
	entry, ok := readEntry(pid)
	if err != nil || !ok {
		fmt.Println("no such process", pid)
		return
	}
	e := Ender{Grace: 50 * time.Millisecond, Sudo: os.Getenv("PROC_SUDO")}
	fmt.Println(e.End(context.Background(), Target{Identity: Identity{PID: pid, StartTick: entry.tick, Boot: bootID()}}))
}

func TestOtherUsersProcessesNeedSudo(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	bin := t.TempDir()
	copyBinary := filepath.Join(bin, "proc.test")
	for _, dir := range []string{bin, filepath.Dir(bin)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(os.Args[0]); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(copyBinary, b, 0o755); err != nil {
		t.Fatal(err)
	}
	mark := newMark(t)
	p := start(t, shell(mark, "sleep 100"))
	cmd := exec.Command(copyBinary)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PROC_HELPER=user", "PROC_PID="+strconv.Itoa(p.PID()), "PROC_SUDO=/usr/bin/false")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "sudo -n kill failed") {
		t.Errorf("ending another user's process said %q (%v), want why it failed", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wait(t, ctx, p)
	noneLeft(t, mark)
}
