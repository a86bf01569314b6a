package builtin

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestOnlyPlainProgramsRunWithoutAShell(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tool", "echo", "true"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(dir, "tool")
	cases := map[string][]string{
		"tool":                 {tool},
		"  tool  -v a=b x/y:1": {tool, "-v", "a=b", "x/y:1"},
		tool + " 1":            {tool, "1"},
		"true":                 {filepath.Join(dir, "true")},
		"":                     nil,
		"echo hi":              nil, // the shell has its own
		"missing":              nil, // the shell says so best
		"notes":                nil,
		"./tool":               nil, // depends on cwd
		"X=1 tool":             nil,
		"tool; tool":           nil,
		"tool *":               nil,
		"tool $HOME":           nil,
		"tool ~":               nil,
		"tool 'a'":             nil,
		"tool > file":          nil,
		"tool &":               nil,
		"tool\ntool":           nil,
		"tool #x":              nil,
		"tool {a,b}":           nil,
		"tool \\x":             nil,
		"tool \xff":            nil,
	}
	for line, want := range cases {
		got, ok := direct(line, "relative:"+dir)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%q runs as %q, want %q", line, got, want)
		}
	}
}
