package author

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// packVerb runs a command line of `petrel pack` and returns what it printed.
func packVerb(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "petrel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(PackCommand(nil))
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"pack"}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// offline lets Go fetch nothing, and find nothing that was fetched before.
func offline(t *testing.T) {
	t.Helper()
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOTOOLCHAIN", "local")
	t.Setenv("GOMODCACHE", t.TempDir())
}

// must is packVerb that has to succeed and to print what fits the pattern.
func must(t *testing.T, pattern string, args ...string) {
	t.Helper()
	out, err := packVerb(t, args...)
	if err != nil || !regexp.MustCompile(pattern).MatchString(out) {
		t.Fatalf("pack %s: %v\n%s\nwant %s", strings.Join(args, " "), err, out, pattern)
	}
}

// mustFail is packVerb that has to fail with a text in its error or in what it printed.
func mustFail(t *testing.T, want string, args ...string) {
	t.Helper()
	out, err := packVerb(t, args...)
	if err == nil || !strings.Contains(out+err.Error(), want) {
		t.Fatalf("pack %s: %v\n%s\nwant %s", strings.Join(args, " "), err, out, want)
	}
}

// edit replaces a text in a file.
func edit(t *testing.T, file, old, new string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPackStory makes a pack of each runtime from nothing, changes its code and brings it
// back in step.
func TestPackStory(t *testing.T) {
	for runtime, code := range map[string]string{"wasm": "hello.wasm", "process": "bin/hello"} {
		t.Run(runtime, func(t *testing.T) {
			t.Chdir(t.TempDir())
			offline(t)
			must(t, `^Made the pack hello in hello\. Now:\n  petrel pack build hello\n`, "new", "hello", "--runtime", runtime)
			mustFail(t, "hello is there already and holds files", "new", "hello")
			must(t, `(?m)^compiled  `+code+`  [0-9.]+ MiB in [0-9.]+ s\nwrote     actions/greet.yaml\nhello 0\.1\.0: 1 action, 0 sensors, 0 trigger types, `+runtime+`$`, "build", "hello")
			before, err := os.ReadFile(filepath.Join("hello", code))
			if err != nil {
				t.Fatal(err)
			}
			must(t, `^compiled [^\n]+\nhello 0\.1\.0`, "build", "hello")
			after, err := os.ReadFile(filepath.Join("hello", code))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the same source makes another %s (%v)", code, err)
			}
			must(t, `(?s)^ok .*in step   hello 0\.1\.0: 1 action`, "test", "hello")

			edit(t, "hello/main.go", "Greets somebody.", "Greets anybody.")
			mustFail(t, "stale     "+code+": not what the code compiles to\nstale     actions/greet.yaml: not what the code says", "test", "hello")
			edit(t, "hello/main.go", `"Hello, "`, `"Bye, "`)
			mustFail(t, "the pack's tests failed", "test", "hello")
			edit(t, "hello/main.go", `"greet", `, `"welcome", `)
			must(t, `wrote     actions/welcome.yaml\nremoved   actions/greet.yaml\n`, "build", "hello")
			edit(t, "hello/main.go", "return Greeted", "retrun Greeted")
			mustFail(t, "the code does not compile:\n  ", "build", "hello")
			mustFail(t, "main.go:", "build", "hello")
		})
	}
}
