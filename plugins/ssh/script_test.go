package ssh

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/ssh/sshdtest"
)

// scriptCall asks for a script that has a lib directory; dir is where it is uploaded below.
func scriptCall(t *testing.T, s *sshdtest.Server, script string, more values) (c core.Call, dir string) {
	t.Helper()
	pack, dir := t.TempDir(), t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(pack, "actions", "sub", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("it's.sh", script, 0o600)
	write("lib/words.sh", "words='from lib'\n", 0o644)
	write("lib/deep/er/tool", "#!/bin/sh\nprintf 'tool\\000\\377'\n", 0o755)
	write("lib/__pycache__/x.pyc", "old", 0o644)
	c = call(s, "", more)
	delete(c.RunnerParams, "cmd")
	c.RunnerParams["dir"] = dir
	c.Dir = pack
	c.Action = &core.Action{Pack: "p", Name: "a", EntryPoint: "sub/it's.sh", Parameters: core.Parameters{
		{Name: "name", Schema: core.Schema{"type": "string"}},
		{Name: "list", Schema: core.Schema{"type": "array", "position": int64(0)}},
	}}
	c.Params = values{"name": "n 1", "list": []any{"a", "b"}}
	return c, dir
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

const script = `#!/bin/bash
here=$(dirname "$0")
. "$here/lib/words.sh"
mkdir "$here/made" && touch "$here/made/file"
printf '%s|' "$@" "$words" "$("$here/lib/deep/er/tool" | od -An -c | tr -d ' ')" "$(find "$here" -name '*.pyc')" "$PWD"
`

func TestScript(t *testing.T) {
	s := server(t)
	c := carrier(t, s, Config{})
	for name, more := range map[string]values{"plain": {"cwd": "/"}, "sudo": {"cwd": "/", "sudo": true}} {
		t.Run(name, func(t *testing.T) {
			needRoot(t, more)
			call, dir := scriptCall(t, s, script, more)
			want := `{"127.0.0.1":{"failed":false,"succeeded":true,"return_code":0,"stdout":"--name=n 1|a,b|from lib|tool\\0377||/|","stderr":""}}`
			wantResult(t, run1(t, t.Context(), c, call), core.Succeeded, want)
			if n := entries(t, dir); n != 0 {
				t.Errorf("%d left in the upload directory", n)
			}
		})
	}
}

// Several names of one machine do not step on each other's upload.
func TestScriptOnManyHosts(t *testing.T) {
	s := server(t)
	call, dir := scriptCall(t, s, script, values{"hosts": s.Addr(1) + "," + s.Addr(2) + "," + s.Addr(3)})
	got := run1(t, t.Context(), carrier(t, s, Config{}), call)
	if n := entries(t, dir); got.Status != core.Succeeded || len(hostsOf(t, got)) != 3 || n != 0 {
		t.Errorf("%s %s, %d left", got.Status, got.Value, n)
	}
}

func TestCanceledScriptIsTakenAway(t *testing.T) {
	s := server(t)
	call, dir := scriptCall(t, s, "#!/bin/sh\necho up\nsleep 100\n", nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-call.Output.(*output).printed; cancel(core.ErrCanceled) }()
	got := run1(t, ctx, carrier(t, s, Config{Grace: 100 * time.Millisecond}), call)
	if n, l := entries(t, dir), left(t, call.ID); got.Status != core.Canceled || n != 0 || len(l) > 0 {
		t.Errorf("%s %s; %d files and %q left", got.Status, got.Value, n, l)
	}
}

func TestScriptThatCannotBeCopied(t *testing.T) {
	s := server(t)
	call, _ := scriptCall(t, s, script, values{})
	call.RunnerParams["dir"] = "/dev/null/x"
	got := run1(t, t.Context(), carrier(t, s, Config{}), call)
	var value struct {
		Failed     bool   `json:"failed"`
		ReturnCode int    `json:"return_code"`
		Error      string `json:"error"`
	}
	if err := json.Unmarshal(got.Value, &value); err != nil || !value.Failed || value.ReturnCode != 255 ||
		!strings.Contains(value.Error, s.Addr(1)+": the script could not be copied there: mkdir:") || got.Status != core.Failed {
		t.Errorf("%s %s", got.Status, got.Value)
	}
}

func TestScriptEntryPoint(t *testing.T) {
	s := server(t)
	call, _ := scriptCall(t, s, script, nil)
	r := carrier(t, s, Config{}).Runners()["remote-shell-script"]
	for entry, words := range map[string]string{"": "needs an entry_point", "missing.sh": "does not exist", "../../../etc/passwd": ""} {
		call.Action.EntryPoint = entry
		_, err := r.Run(t.Context(), call)
		wantError(t, err, words)
		wantField(t, err, "entry_point")
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(call.Dir, "actions", "sub", "lib", "link")); err != nil {
		t.Fatal(err)
	}
	call.Action.EntryPoint = "sub/it's.sh"
	_, err := r.Run(t.Context(), call)
	wantError(t, err, "lib directory", "escapes")
}
