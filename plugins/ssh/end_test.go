package ssh

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
)

// left lists the processes of this machine that carry an execution's mark.
func left(t *testing.T, id string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files {
		env, _ := os.ReadFile(f) // it may be gone by now
		if bytes.Contains(env, []byte("ST2_ACTION_EXECUTION_ID="+id+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline"))
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// busy says its shell's process id, and starts what wants to stay: a child, one in a
// session of its own, and the shell itself, which ignores SIGTERM.
const busy = `trap "" TERM; echo $$; sleep 100 & setsid sleep 100 & sleep 101; sleep 102`

func TestCommandsAreEnded(t *testing.T) {
	s := server(t)
	for name, x := range map[string]struct {
		cause  error // nil: the timeout parameter
		more   values
		status core.Status
		want   values
	}{
		"timeout":        {nil, nil, core.TimedOut, values{"timeout": true, "return_code": -9.0, "error": "the command took longer than 1 seconds and was ended"}},
		"canceled":       {core.ErrCanceled, nil, core.Canceled, values{"timeout": false, "return_code": 255.0, "error": "canceled by user"}},
		"drained":        {core.ErrDrained, nil, core.Abandoned, values{"timeout": false, "return_code": 255.0, "error": "the server is shutting down"}},
		"deadline":       {context.DeadlineExceeded, nil, core.TimedOut, values{"timeout": true, "return_code": -9.0, "error": "context deadline exceeded"}},
		"sudo":           {core.ErrCanceled, values{"sudo": true}, core.Canceled, values{"error": "canceled by user"}},
		"sudo, password": {core.ErrCanceled, values{"sudo": true, "sudo_password": "any"}, core.Canceled, values{"error": "canceled by user"}},
	} {
		t.Run(name, func(t *testing.T) {
			needRoot(t, x.more)
			c := carrier(t, s, Config{Grace: 200 * time.Millisecond})
			call := call(s, busy, x.more)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if x.cause == nil {
				call.RunnerParams["timeout"] = int64(1)
			} else {
				go func() { <-call.Output.(*output).printed; cancel(x.cause) }()
			}
			began := time.Now()
			got := run1(t, ctx, c, call)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			h := hostsOf(t, got)["127.0.0.1"]
			for key, want := range x.want {
				if h[key] != want {
					t.Errorf("%s is %v, want %v", key, h[key], want)
				}
			}
			if got.Status != x.status || h["failed"] != true || h["succeeded"] != false || h["traceback"] != "" {
				t.Errorf("%s %s, want %s", got.Status, got.Value, x.status)
			}
			if _, isPID := h["stdout"].(float64); !isPID {
				t.Errorf("stdout %v, want what was printed before the end", h["stdout"])
			}
			if l := left(t, call.ID); len(l) > 0 {
				t.Errorf("left on the host: %q", l)
			}
		})
	}
}

// One host's timeout does not touch what the same action does on another, even if both
// are one machine.
func TestOnlyTheSlowHostIsEnded(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{Grace: 200 * time.Millisecond})
	cmd := `case $SSH_CONNECTION in *127.0.0.2*) sleep 100;; esac; echo done`
	got := run1(t, t.Context(), c, call(s, cmd, values{"hosts": s.Addr(1) + "," + s.Addr(2), "timeout": int64(3)}))
	h := hostsOf(t, got)
	if h["127.0.0.1"]["stdout"] != "done" || h["127.0.0.2"]["timeout"] != true || got.Status != core.Failed {
		t.Errorf("%s %s", got.Status, got.Value)
	}
}

func TestCanceledWhileConnecting(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{MaxParallel: 1})
	ctx, cancel := context.WithCancelCause(t.Context())
	silent := listen(t, func(conn net.Conn) {
		conn.Read(make([]byte, 1)) // the client's greeting
		cancel(core.ErrCanceled)
		io.Copy(io.Discard, conn)
	})
	got := run1(t, ctx, c, call(s, "true", values{"hosts": silent + "," + s.Addr(2)}))
	h := hostsOf(t, got)
	if got.Status != core.Canceled || h["127.0.0.1"]["error"] != "canceled by user" || h["127.0.0.2"]["error"] != "canceled by user" {
		t.Errorf("%s %s", got.Status, got.Value)
	}
}

func TestConnectionLost(t *testing.T) {
	s := server(t)
	at, freeze := proxy(t, s.Addr(1))
	c := carrier(t, s, Config{KeepAlive: 200 * time.Millisecond, HostKeys: Off})
	call := call(s, "echo $$; sleep 100", values{"hosts": at})
	go func() { <-call.Output.(*output).printed; freeze() }()
	got := run1(t, t.Context(), c, call)
	h := hostsOf(t, got)["127.0.0.1"]
	if text, _ := h["error"].(string); got.Status != core.Failed || !strings.Contains(text, "connection was lost while the command ran; it may still be running") {
		t.Errorf("%s %s", got.Status, got.Value)
	}
	pid, _ := h["stdout"].(float64)
	if err := syscall.Kill(-int(pid), syscall.SIGKILL); pid == 0 || err != nil {
		t.Errorf("process group %v: %v", pid, err)
	}
}

// A command that came to the host only in part is another command: it does not run.
func TestCommandCutOffDoesNotRun(t *testing.T) {
	s := server(t)
	const through = 256 << 10 // bytes that get to the host
	at := listen(t, func(in net.Conn) {
		out, err := net.Dial("tcp", s.Addr(1))
		if err != nil {
			return
		}
		defer out.Close()
		go io.Copy(in, out)
		io.CopyN(out, in, through)
	})
	c := carrier(t, s, Config{HostKeys: Off})
	ran := filepath.Join(t.TempDir(), "ran")
	got := run1(t, t.Context(), c, call(s, "echo $$ > "+ran+"\n: "+strings.Repeat("x\n", through), values{"hosts": at}))
	if got.Status != core.Failed {
		t.Errorf("%s %s", got.Status, got.Value)
	}
	for range 20 {
		if _, err := os.Stat(ran); err == nil {
			t.Fatal("the beginning of the command ran")
		}
		time.Sleep(50 * time.Millisecond) // nobody tells that something does not run
	}
}

// A connection that died while nobody used it is replaced.
func TestBrokenConnectionIsReplaced(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	got := run1(t, t.Context(), c, call(s, "echo $PPID", nil))
	sshd, _ := hostsOf(t, got)["127.0.0.1"]["stdout"].(float64)
	if err := syscall.Kill(int(sshd), syscall.SIGKILL); sshd < 2 || err != nil {
		t.Fatalf("sshd of the connection is %v: %v", sshd, err)
	}
	if got := run1(t, t.Context(), c, call(s, "true", nil)); got.Status != core.Succeeded {
		t.Errorf("%s %s", got.Status, got.Value)
	}
}

// needRoot ends a test of sudo by another user: that may not be allowed to use sudo, and
// an sshd of theirs can make no terminals.
func needRoot(t *testing.T, params values) {
	t.Helper()
	if params["sudo"] == true && os.Geteuid() != 0 {
		t.Fatal("this test of sudo has to be run by root")
	}
}

func TestSudo(t *testing.T) {
	needRoot(t, values{"sudo": true})
	s := server(t)
	c := carrier(t, s, Config{})
	for name, x := range map[string]struct {
		more values
		want string
	}{
		"no password": {nil, `{"failed":true,"succeeded":false,"return_code":4,"stdout":"root kept it's tty\nerr","stderr":""}`},
		"password":    {values{"sudo_password": "a 'b'"}, `{"failed":true,"succeeded":false,"return_code":4,"stdout":"root kept it's no tty","stderr":"err"}`},
	} {
		t.Run(name, func(t *testing.T) {
			more := values{"sudo": true, "env": values{"KEEP": "kept"}}
			for k, v := range x.more {
				more[k] = v
			}
			cmd := `t=tty; test -t 2 || t="no tty"; echo "$(id -un) $KEEP it's $t"; echo err >&2; exit 4`
			wantResult(t, run1(t, t.Context(), c, call(s, cmd, more)), core.Failed, `{"127.0.0.1":`+x.want+`}`)
		})
	}
}

// A sudo that asks for a password cannot be had as root: this one speaks its lines.
func TestSudoPassword(t *testing.T) {
	dir := t.TempDir()
	script := `#!/bin/bash
tr '\0' ' ' </proc/$$/cmdline >>"$0.args"
tr '\0' ' ' </proc/$PPID/cmdline >>"$0.args"
while [ "$1" != -- ]; do test "$1" = -n && { echo "sudo: a password is required" >&2; exit 1; }; shift; done
shift
read -r password
test "$password" = right && exec "$@"
cat >/dev/null
echo "sudo: 1 incorrect password attempt" >&2
exit 1
`
	if err := os.WriteFile(filepath.Join(dir, "sudo"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := server(t, "SetEnv PATH="+dir+":"+os.Getenv("PATH"))
	c := carrier(t, s, Config{})
	with := func(password any) core.Result {
		return run1(t, t.Context(), c, call(s, "echo in; cat", values{"sudo": true, "sudo_password": password}))
	}
	wantResult(t, with("right"), core.Succeeded, `{"127.0.0.1":{"failed":false,"succeeded":true,"return_code":0,"stdout":"in","stderr":""}}`)
	for _, password := range []any{"wrong", nil} {
		got := with(password)
		h := hostsOf(t, got)["127.0.0.1"]
		if text, _ := h["error"].(string); got.Status != core.Failed || h["return_code"] != 255.0 || !strings.Contains(text, "sudo_password") {
			t.Errorf("%v: %s %s", password, got.Status, got.Value)
		}
	}
	args, err := os.ReadFile(filepath.Join(dir, "sudo.args"))
	if err != nil || !strings.Contains(string(args), "-S") || strings.Contains(string(args), "right") || strings.Contains(string(args), "wrong") {
		t.Errorf("process list had %q (%v), want no password in it", args, err)
	}
}

// What a host's process list shows of a command has neither the text nor the token.
func TestProcessListTellsNothing(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	call := call(s, `tr '\0' ' ' </proc/$$/cmdline`, values{"env": values{"TOKEN": "verysecret"}})
	got := run1(t, t.Context(), c, call)
	if text, _ := hostsOf(t, got)["127.0.0.1"]["stdout"].(string); text == "" || strings.Contains(text, "verysecret") {
		t.Errorf("process list: %q", text)
	}
}
