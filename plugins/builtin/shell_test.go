package builtin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
)

func TestShellResults(t *testing.T) {
	for name, c := range map[string]struct {
		cmd    string
		status core.Status
		want   string
	}{
		"text":         {"echo hello; echo oops >&2", core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"hello","stderr":"oops"}`},
		"no output":    {"true", core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"","stderr":""}`},
		"failure":      {"echo x; exit 3", core.Failed, `{"failed":true,"succeeded":false,"return_code":3,"stdout":"x","stderr":""}`},
		"not found":    {"exec nosuchprogram 2>/dev/null", core.Failed, `{"failed":true,"succeeded":false,"return_code":127,"stdout":"","stderr":""}`},
		"number":       {"echo 5; echo true >&2", core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":5,"stderr":true}`},
		"object":       {`echo '{"a": [1, null]}'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":{"a":[1,null]},"stderr":""}`},
		"JSON text":    {`echo '"quoted"'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"quoted","stderr":""}`},
		"one newline":  {`printf 'a\r\n\r\n'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"a\r\n","stderr":""}`},
		"not UTF-8":    {`printf 'a\377b'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"a\ufffdb","stderr":""}`},
		"JSON, no UTF": {`printf '["a\377b"]'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":["a\ufffdb"],"stderr":""}`},
		"zero bytes":   {`printf 'a\000b'`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"a\u0000b","stderr":""}`},
		"big number":   {`echo 1e999`, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"1e999","stderr":""}`},
		"terminated":   {"kill -TERM $$", core.Abandoned, `{"failed":true,"succeeded":false,"return_code":-15,"stdout":"","stderr":""}`},
		"killed":       {"kill -9 $$", core.TimedOut, `{"failed":true,"succeeded":false,"return_code":-9,"stdout":"","stderr":"","error":"The command was ended by SIGKILL, which was not sent by this server"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, t.Context(), runner(testConfig(), "local-shell-cmd"), shellCall(c.cmd, nil))
			wantResult(t, got, c.status, c.want)
		})
	}
}

func TestShellStreamsRawBytesAndTellsWhereItRuns(t *testing.T) {
	c := shellCall(`printf 'a\377b'; echo err >&2; echo " $$"`, nil)
	run(t, t.Context(), runner(testConfig(), "local-shell-cmd"), c)
	o := c.Output.(*output)
	if want := fmt.Sprintf("a\xffb %d\n", o.info.Group); o.stdout.String() != want || o.stderr.String() != "err\n" {
		t.Errorf("streamed %q and %q, want %q and err", o.stdout.String(), o.stderr.String(), want)
	}
	if o.info.PID != os.Getpid() || o.info.StartTick == 0 || o.info.Boot == "" || o.info.Hostname == "" {
		t.Errorf("started with %+v, want every field", o.info)
	}
}

func TestShellLargeOutput(t *testing.T) {
	const size = 10 << 20
	for _, limit := range []int{0, 1000} {
		cfg := testConfig()
		cfg.MaxOutput = limit
		c := shellCall(fmt.Sprintf("head -c %d /dev/zero | tr '\\0' x; echo done >&2", size), nil)
		got := decode(t, run(t, t.Context(), runner(cfg, "local-shell-cmd"), c).Value)
		kept := size
		if limit > 0 {
			kept = limit
			if got["stdout_truncated"] != float64(size-limit) {
				t.Errorf("stdout_truncated is %v, want %d", got["stdout_truncated"], size-limit)
			}
		}
		if text, _ := got["stdout"].(string); len(text) != kept || got["stderr"] != "done" {
			t.Errorf("kept %d bytes, want %d; stderr %v", len(text), kept, got["stderr"])
		}
		if streamed := c.Output.(*output).stdout.Len(); streamed != size {
			t.Errorf("streamed %d bytes, want all %d", streamed, size)
		}
	}
}

func TestShellEnvironment(t *testing.T) {
	cfg := testConfig()
	cfg.Env = []string{"PATH=" + os.Getenv("PATH"), "A=base", "B=base", "ST2_ACTION_PACK_NAME=base"}
	c := shellCall(`echo "$A|$B|$C|$N|$ST2_ACTION_PACK_NAME|$ST2_ACTION_EXECUTION_ID"`, map[string]any{
		"env": map[string]any{"B": "param", "C": "param", "N": int64(5), "ST2_ACTION_PACK_NAME": "param", "ST2_ACTION_EXECUTION_ID": "param"},
	})
	c.Env = []string{"ST2_ACTION_PACK_NAME=core"}
	got := decode(t, run(t, t.Context(), runner(cfg, "local-shell-cmd"), c).Value)
	if want := "base|param|param|5|core|" + c.ID; got["stdout"] != want {
		t.Errorf("got %v, want %s", got["stdout"], want)
	}
	for _, bad := range []map[string]any{{"A=B": "x"}, {"": "x"}, {"A": "x\x00y"}} {
		_, err := runner(cfg, "local-shell-cmd").Run(t.Context(), shellCall("true", map[string]any{"env": bad}))
		wantError(t, err, core.Invalid, "environment variable")
	}
}

func TestShellDirectory(t *testing.T) {
	dir := t.TempDir()
	got := decode(t, run(t, t.Context(), runner(testConfig(), "local-shell-cmd"), shellCall("pwd", map[string]any{"cwd": dir})).Value)
	if got["stdout"] != dir {
		t.Errorf("ran in %v, want %s", got["stdout"], dir)
	}
	_, err := runner(testConfig(), "local-shell-cmd").Run(t.Context(), shellCall("pwd", map[string]any{"cwd": "/no/where"}))
	wantError(t, err, core.Invalid, "/no/where")
	_, err = runner(testConfig(), "local-shell-cmd").Run(t.Context(), shellCall("echo \x00", nil))
	wantError(t, err, core.Invalid, "NUL")
	_, err = runner(testConfig(), "local-shell-cmd").Run(t.Context(), shellCall(": "+strings.Repeat("x", 200_000), nil))
	wantError(t, err, core.Invalid, "128 KiB")
}

func TestShellEnds(t *testing.T) {
	const busy = "echo up; sh -c 'sleep 100 & sleep 100' & setsid sleep 100 & sleep 100"
	for name, c := range map[string]struct {
		cause  error // nil: the timeout parameter
		cmd    string
		status core.Status
		code   float64
		text   string
	}{
		"timeout":       {nil, busy, core.TimedOut, -9, "Action failed to complete in 1 seconds"},
		"cancel":        {core.ErrCanceled, busy, core.Canceled, -15, "canceled by user"},
		"cancel, deaf":  {core.ErrCanceled, "trap '' TERM; echo up; while :; do sleep 100; done", core.Canceled, -9, "canceled by user"},
		"drain":         {core.ErrDrained, busy, core.Abandoned, -15, "shutting down"},
		"lease lost":    {errors.New("lease lost"), busy, core.Abandoned, -15, "lease lost"},
		"late deadline": {context.DeadlineExceeded, busy, core.TimedOut, -9, "Action failed to complete in 60 seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			call := shellCall(c.cmd, nil)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if c.cause == nil {
				call.RunnerParams["timeout"] = int64(1)
			} else {
				go func() { <-call.Output.(*output).printed; cancel(c.cause) }()
			}
			got := run(t, ctx, runner(testConfig(), "local-shell-cmd"), call)
			value := decode(t, got.Value)
			text, _ := value["error"].(string)
			if got.Status != c.status || value["return_code"] != c.code || !strings.Contains(text, c.text) || value["stdout"] != "up" {
				t.Errorf("%s %s, want %s with %v, %q and what was printed", got.Status, got.Value, c.status, c.code, c.text)
			}
			noneLeft(t, call.ID)
		})
	}
}

func TestShellDoesNotWaitForDaemons(t *testing.T) {
	c := shellCall("sleep 100 & echo started", nil)
	began := time.Now()
	got := run(t, t.Context(), runner(testConfig(), "local-shell-cmd"), c)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	wantResult(t, got, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"started","stderr":"","output_left_open":true}`)
	if err := (proc.Ender{}).End(t.Context(), mark(c.ID)); err != nil {
		t.Error(err)
	}
}

func TestShellSudo(t *testing.T) {
	if out, err := exec.Command("sudo", "-n", "true").CombinedOutput(); err != nil {
		t.Fatalf("this test needs sudo without a password (root has it): %v: %s", err, out)
	}
	for name, c := range map[string]struct {
		systemUser string
		params     map[string]any
		want       string
	}{
		"own user":              {"", nil, "%s"},
		"root":                  {"nobody", map[string]any{"sudo": true}, "root"},
		"root, with a password": {"", map[string]any{"sudo": true, "sudo_password": "secret"}, "root"},
		"system user":           {"nobody", nil, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.SystemUser = c.systemUser
			c.params = merged(c.params, map[string]any{"env": map[string]any{"KEEP": "kept"}})
			call := shellCall(`echo "$(id -un) $KEEP 'it'" $(cat); exit 4`, c.params)
			got := run(t, t.Context(), runner(cfg, "local-shell-cmd"), call)
			me, err := exec.Command("id", "-un").Output()
			if err != nil {
				t.Fatal(err)
			}
			user := strings.ReplaceAll(c.want, "%s", strings.TrimSpace(string(me)))
			value := decode(t, got.Value)
			words := user + " kept 'it'"
			if text, _ := value["stdout"].(string); !strings.HasPrefix(text, words) || value["return_code"] != 4.0 {
				t.Errorf("got %s, want %q and 4", got.Value, words)
			}
		})
	}
}

func merged(maps ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range maps {
		for name, v := range m {
			out[name] = v
		}
	}
	return out
}

func TestShellCancelReachesBehindSudo(t *testing.T) {
	cfg := testConfig()
	cfg.SystemUser = "nobody"
	c := shellCall("echo up; sleep 100 & setsid sleep 100", nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-c.Output.(*output).printed; cancel(core.ErrCanceled) }()
	if got := run(t, ctx, runner(cfg, "local-shell-cmd"), c); got.Status != core.Canceled {
		t.Errorf("%s %s, want canceled", got.Status, got.Value)
	}
	noneLeft(t, c.ID)
}

// A sudo that asks for a password cannot be had as root: this one speaks its lines.
func TestShellSudoPassword(t *testing.T) {
	sudo := filepath.Join(t.TempDir(), "sudo")
	script := `#!/bin/sh
tr '\0' ' ' </proc/$$/cmdline >>"$0.args"
read -r password
test "$password" = right && { echo in; exit 0; }
echo "sudo: 1 incorrect password attempt" >&2
exit 1
`
	if err := os.WriteFile(sudo, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig()
	cfg.Sudo = sudo
	r := runner(cfg, "local-shell-cmd")
	right := run(t, t.Context(), r, shellCall("id", map[string]any{"sudo": true, "sudo_password": "right"}))
	wantResult(t, right, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"in","stderr":""}`)
	wrong := run(t, t.Context(), r, shellCall("id", map[string]any{"sudo": true, "sudo_password": "wrong"}))
	wantResult(t, wrong, core.Failed, `{"failed":true,"succeeded":false,"return_code":-1,"stdout":"","stderr":"sudo: 1 incorrect password attempt",
		"error":"sudo did not accept sudo_password; stderr has its words"}`)
	args, err := os.ReadFile(sudo + ".args")
	if err != nil || !strings.Contains(string(args), "-S -E -- bash -c id") || strings.Contains(string(args), "right") || strings.Contains(string(args), "wrong") {
		t.Errorf("sudo was called as %q (%v), want no password in it", args, err)
	}
}

func TestShellCmdWithoutEntryPoint(t *testing.T) {
	c := shellCall("true", nil)
	c.Action.EntryPoint = "x.sh"
	_, err := runner(testConfig(), "local-shell-cmd").Run(t.Context(), c)
	wantError(t, err, core.Invalid, "entry_point")
}

func TestForUser(t *testing.T) {
	for _, c := range []struct {
		otherUser string
		params    map[string]any
		want      string
	}{
		{"", nil, "it's"},
		{"", map[string]any{"sudo": true}, `sudo -E -- bash -c 'it'"'"'s'` + "\nexit $?"},
		{"", map[string]any{"sudo_password": "p"}, "it's"},
		{"stanley", map[string]any{"sudo": true, "sudo_password": "p"}, `sudo -S -E -- bash -c 'it'"'"'s'` + "\nexit $?"},
		{"stanley", nil, `sudo -E -H -u stanley -- bash -c 'it'"'"'s'` + "\nexit $?"},
		{"stanley", map[string]any{"sudo_password": "p"}, `sudo -S -E -H -u stanley -- bash -c 'it'"'"'s'` + "\nexit $?"},
	} {
		if got, _ := (shell{sudo: "sudo", otherUser: c.otherUser}).forUser("it's", c.params); got != c.want {
			t.Errorf("%q %v: got %q, want %q", c.otherUser, c.params, got, c.want)
		}
	}
}

func scriptCall(t *testing.T, script string) core.Call {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "actions", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "actions", "sub", "it's.sh"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	c := shellCall("", nil)
	delete(c.RunnerParams, "cmd")
	c.Dir = dir
	c.Action = &core.Action{Pack: "p", Name: "a", EntryPoint: "sub/it's.sh", Parameters: core.Parameters{
		{Name: "name", Schema: core.Schema{"type": "string"}},
		{Name: "list", Schema: core.Schema{"type": "array", "position": int64(0)}},
		{Name: "sudo", Schema: core.Schema{"immutable": true}}, // of the runner: no argument
	}}
	c.Params = map[string]any{"name": "n 1", "list": []any{"a", "b"}}
	return c
}

func TestScriptRuns(t *testing.T) {
	for _, script := range []string{"#!/bin/bash\nprintf '%s|' \"$@\"", "printf '%s|' \"$@\""} {
		c := scriptCall(t, script)
		got := run(t, t.Context(), runner(testConfig(), "local-shell-script"), c)
		wantResult(t, got, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"--name=n 1|a,b|","stderr":""}`)
		info, err := os.Stat(filepath.Join(c.Dir, "actions", c.Action.EntryPoint))
		if err != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("mode %v, %v; want 0755", info.Mode(), err)
		}
	}
}

func TestScriptEntryPoint(t *testing.T) {
	c := scriptCall(t, "#!/bin/sh\ntrue\n")
	outside := filepath.Join(t.TempDir(), "outside.sh")
	if err := os.WriteFile(outside, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(c.Dir, "actions", "link.sh")); err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(filepath.Join(c.Dir, "actions"), outside)
	if err != nil {
		t.Fatal(err)
	}
	for entry, words := range map[string]string{
		"": "needs an entry_point", "missing.sh": "does not exist", up: "leads out of the pack", "link.sh": "leads out of the pack",
	} {
		c.Action.EntryPoint = entry
		_, err := runner(testConfig(), "local-shell-script").Run(t.Context(), c)
		wantError(t, err, core.Invalid, words)
	}
	c.RunnerParams["content_version"] = "v1"
	_, err = runner(testConfig(), "local-shell-script").Run(t.Context(), c)
	wantError(t, err, core.Invalid, "content_version")
}

// helperServer runs an action until it is killed, as a server is.
func helperServer() {
	c := shellCall("setsid sleep 100 & sleep 100 & echo up; wait", nil)
	c.ID = os.Getenv("BUILTIN_HELPER")
	go func() { <-c.Output.(*output).printed; fmt.Println("up") }()
	Runners(testConfig())["local-shell-cmd"].Run(context.Background(), c)
}

func TestOrphansAreFoundAfterACrash(t *testing.T) {
	id := newID()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), "BUILTIN_HELPER="+id)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("helper said %q, %v", line, err)
	}
	server.Process.Kill()
	server.Wait()
	if left, err := proc.Survivors(mark(id)); err != nil || len(left) != 3 {
		t.Errorf("found %v, %v; want the shell and two sleeps", left, err)
	}
	if err := (proc.Ender{Grace: time.Second}).End(t.Context(), mark(id)); err != nil {
		t.Error(err)
	}
	noneLeft(t, id)
}

func TestMergeEnv(t *testing.T) {
	got := mergeEnv([]string{"A=1", "B=2"}, []string{"B=3", "C=4", "C=5"})
	if diff := cmp.Diff([]string{"A=1", "B=3", "C=5"}, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkShellTrue(b *testing.B) {
	r := runner(testConfig(), "local-shell-cmd")
	c := shellCall("true", nil)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			call := c
			call.Output = newOutput()
			if got, err := r.Run(context.Background(), call); err != nil || got.Status != core.Succeeded {
				b.Errorf("%v %s", err, got.Value)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}
