package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestWorkflowsPage holds docs/workflows.md against the story that runs it: each command
// line of the page is a line of the story, and each file shown is a file of it.
func TestWorkflowsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/workflows.md")
	if err != nil {
		t.Fatal(err)
	}
	story, err := txtar.ParseFile("testdata/script/seeing.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range story.Files {
		files[f.Name] = strings.TrimSpace(string(f.Data))
	}
	script := "\n" + string(story.Comment)
	commands, shown := 0, 0
	for i, block := range strings.Split(string(page), "```") {
		if i%2 == 0 {
			continue
		}
		if name, text, ok := strings.Cut(strings.TrimPrefix(block, "yaml\n# "), "\n"); ok && strings.HasPrefix(block, "yaml\n# ") {
			if shown++; strings.TrimSpace(text) != files[name] {
				t.Errorf("%s is not the file of the story:\n%s", name, text)
			}
		}
		for line := range strings.Lines(block) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				if commands++; !strings.Contains(script, "exec "+command) {
					t.Errorf("the story does not run: %s", command)
				}
			}
		}
	}
	if commands < 10 || shown < 3 {
		t.Errorf("the page shows %d commands and %d files", commands, shown)
	}
}
