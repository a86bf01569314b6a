package author

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite the sessions with what the commands print now")

// TestWorkflows runs the tests of workflows in testdata/workflows, which are the ones that
// docs/workflows.md shows too.
func TestWorkflows(t *testing.T) {
	t.Chdir("testdata/workflows")
	files, err := filepath.Glob("*.test.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of workflows: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.yaml"), func(t *testing.T) {
			var out bytes.Buffer
			if ok, err := runScript(&out, file); !ok {
				t.Errorf("%v\n%s", err, out.String())
			}
		})
	}
}

// TestSessions runs the lines that begin with "$ " in testdata/sessions.txt and compares
// what they print and return.
func TestSessions(t *testing.T) {
	golden, err := filepath.Abs("testdata/sessions.txt")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata/workflows")
	var got strings.Builder
	for line := range strings.Lines(string(script)) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			got.WriteString(line + session(strings.Fields(command)) + "\n")
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(script), got.String()); diff != "" {
		t.Errorf("the sessions differ (-want +got; rewrite with -update if this is right):\n%s", diff)
	}
}

func session(args []string) string {
	root := &cobra.Command{Use: "petrel", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(WorkflowCommand())
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args[1:])
	if err := root.Execute(); err != nil {
		fmt.Fprintf(&out, "error: %v\n", err)
	}
	return out.String()
}
