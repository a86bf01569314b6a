package author

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/expr"
)

func testCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Run workflows offline against scripted results, and compare what comes of them",
		Long: `Run workflows offline against scripted results, and compare what comes of them.

Each FILE is a test in YAML:

  workflow: deploy.yaml           # beside the test; Orquesta, ActionChain or metadata
  input: {host: web1}
  context: {}                     # variables beside the input; st2 is there anyway
  keys: {system.region: eu}       # what st2kv() finds
  results:                        # by task; a task not named succeeds and gives nothing
    check: {result: {stdout: ok}}
    flaky:                        # a list: one for each visit, the last for all later ones
      - {status: failed}
      - {result: {n: 1}, takes: 5}    # seconds; 1 if nothing is said
    each:
      items:                      # of a task with items: one for each item
        - {result: a}
        - {status: failed}
  expect:
    status: succeeded
    output: {n: 1}
    tasks: [check, flaky: failed, flaky, each: failed]   # in the order in which they begin
    errors: [part of a line]      # each error, in order
    inputs: {check: {cmd: uptime}}    # of each action; a list for several

Of expect only status is needed. The exit code is 1 when a test fails.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			failed := 0
			for _, file := range files {
				ok, err := runScript(cmd.OutOrStdout(), file)
				if err != nil {
					fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s\n%s\n", file, indented(err.Error()))
				}
				if err != nil || !ok {
					failed++
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %s failed", failed, counted(len(files), "test"))
			}
			return nil
		},
	}
	return cmd
}

// runScript runs one test, tells what came of it, and reports whether it passed.
func runScript(w io.Writer, file string) (bool, error) {
	s, err := readScript(file)
	if err != nil {
		return false, err
	}
	p, err := playScript(s)
	if err != nil {
		return false, err
	}
	title := s.file
	if s.name != "" {
		title += ": " + s.name
	}
	want, got := p.compare()
	if slices.Equal(want, got) {
		fmt.Fprintf(w, "ok    %s\n", title)
		return true, nil
	}
	fmt.Fprintf(w, "FAIL  %s (- expected, + got)\n", title)
	for _, line := range difference(want, got) {
		fmt.Fprintf(w, "    %s\n", line)
	}
	if s.expect.errors == nil {
		for _, line := range p.errorLines() {
			fmt.Fprintf(w, "    error: %s\n", line)
		}
	}
	return false, nil
}

func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// compare writes down what was expected, and the same of what came.
func (p *play) compare() (want, got []string) {
	e := p.expect
	want, got = []string{"status: " + string(e.status)}, []string{"status: " + string(p.c.Status())}
	if e.output != nil {
		want, got = append(want, "output:"), append(got, "output:")
		want = append(want, jsonLines(e.output)...)
		got = append(got, jsonLines(p.output())...)
	}
	if e.tasks != nil {
		want, got = append(want, "tasks:"), append(got, "tasks:")
		want = append(want, listed(e.tasks)...)
		got = append(got, listed(p.taskLines())...)
	}
	if e.errors != nil {
		want, got = append(want, "errors:"), append(got, "errors:")
		want = append(want, listed(e.errors)...)
		got = append(got, listed(p.foundErrors())...)
	}
	for _, task := range slices.Sorted(maps.Keys(e.inputs)) {
		want, got = append(want, "inputs of "+task+":"), append(got, "inputs of "+task+":")
		want = append(want, inputLines(e.inputs[task])...)
		got = append(got, inputLines(p.inputsOf(task))...)
	}
	return want, got
}

func listed(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = "  " + text
	}
	return out
}

// jsonLines writes a value with its keys sorted.
func jsonLines(v any) []string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("  ", "  ")
	if err := enc.Encode(v); err != nil {
		return []string{"  " + err.Error()}
	}
	return strings.Split("  "+strings.TrimSpace(b.String()), "\n")
}

func inputLines(inputs []any) []string {
	out := make([]string, len(inputs))
	for i, input := range inputs {
		out[i] = "  " + compact(input)
	}
	return out
}

func compact(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func (p *play) output() any {
	out, err := plainInput(p.c.Output())
	if err != nil {
		return err.Error()
	}
	return out
}

// plainInput makes Go's values of an expression's, as JSON has them.
func plainInput(v expr.Value) (any, error) {
	if d, ok := v.(*expr.Dict); v == nil || ok && d == nil {
		return nil, nil
	}
	text, err := expr.CompactJSON(nil, v)
	if err != nil {
		return nil, err
	}
	var out any
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	err = dec.Decode(&out)
	return out, err
}

func (p *play) taskLines() []string {
	out := make([]string, len(p.visits))
	for i, v := range p.visits {
		out[i] = visitLine(v.task, v.status)
	}
	return out
}

func (p *play) errorLines() []string {
	var out []string
	for _, e := range p.c.Errors() {
		out = append(out, e.String())
	}
	return out
}

// foundErrors are the errors, those that hold the expected text as that text.
func (p *play) foundErrors() []string {
	lines := p.errorLines()
	for i, want := range p.expect.errors {
		if i < len(lines) && strings.Contains(lines[i], want) {
			lines[i] = want
		}
	}
	return lines
}

func (p *play) inputsOf(task string) []any {
	var out []any
	for _, v := range p.visits {
		if v.task == task {
			out = append(out, v.inputs...)
		}
	}
	return out
}

// difference marks the lines that only one side has, after a longest common subsequence.
func difference(want, got []string) []string {
	longest := make([][]int, len(want)+1)
	for i := range longest {
		longest[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if want[i] == got[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	var out []string
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			out = append(out, "  "+want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, "- "+want[i])
			i++
		default:
			out = append(out, "+ "+got[j])
			j++
		}
	}
	return out
}
