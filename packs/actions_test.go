package packs_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

// differ holds the lines of testdata/actions.txt that the packs leave or add on purpose.
func differ() (left, added map[string]string) {
	const grep = "linux.netstat_grep cmd inherited string "
	left = map[string]string{
		"linux.wait_for_ssh password string - - -":                                    "is a secret here",
		grep + "=for pid in {{pids}}; do netstat -pant | grep $pid; done; exit 0 I -": "grep refuses brackets",
	}
	added = map[string]string{
		"core.windows_cmd winrm-cmd -":             "an old name",
		"core.windows_cmd cmd string - R -":        "an old name",
		"linux.wait_for_ssh password string - S -": "is a secret here",
		grep + "=for pid in {{pids | join(' ')}}; do netstat -pant | grep $pid; done; exit 0 I -": "grep refuses brackets",
	}
	return left, added
}

// st2: bundled-packs reference, core and linux: refs, runners, entry points, parameters.
func TestActionsAreThoseOfStackStorm(t *testing.T) {
	want, got := referenceActions(t), shippedActions(t)
	left, added := differ()
	for line := range left {
		want = slices.DeleteFunc(want, func(l string) bool { return l == line })
	}
	for line := range added {
		want = append(want, line)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

// referenceActions reads one line per action and one per parameter.
func referenceActions(t *testing.T) []string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "actions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	ref := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		parameter, found := strings.CutPrefix(s.Text(), "\t")
		if !found {
			ref, _, _ = strings.Cut(s.Text(), " ")
			lines = append(lines, s.Text())
			continue
		}
		lines = append(lines, ref+" "+strings.ReplaceAll(parameter, "\t", " "))
	}
	return lines
}

func shippedActions(t *testing.T) []string {
	t.Helper()
	var lines []string
	contents := shipped(t)
	for _, pack := range []string{"core", "linux"} {
		for _, a := range contents[pack].Actions {
			entry := a.EntryPoint
			if entry == "" {
				entry = "-"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s", a.Ref(), a.Runner, entry))
			for _, p := range a.Parameters {
				lines = append(lines, a.Ref()+" "+describe(p, runnerParameter(a.Runner, p.Name)))
			}
		}
	}
	return lines
}

// runnerParameter is what the action's runner says of a parameter, nil if it has none.
func runnerParameter(runner, name string) core.Schema {
	for _, rt := range runnerTypes() {
		if rt.Name == runner {
			s, _ := rt.Parameters.Get(name)
			return s
		}
	}
	return nil
}

// describe is a parameter in the words of testdata/actions.txt.
func describe(p core.Parameter, inherited core.Schema) string {
	kind, fallback, enum := p.Schema.Text("type"), "-", "-"
	if kind == "" && inherited != nil {
		kind = "inherited " + inherited.Text("type")
	}
	if kind == "" {
		kind = "untyped"
	}
	if v, ok := p.Schema["default"]; ok {
		fallback = "=" + fmt.Sprint(v)
	}
	if v, ok := p.Schema["enum"]; ok {
		text, _ := json.Marshal(v) // a list of strings
		enum = strings.ReplaceAll(string(text), ",", ", ")
	}
	return strings.Join([]string{p.Name, kind, fallback, flags(p.Schema), enum}, " ")
}

func flags(s core.Schema) string {
	var all []string
	for _, f := range []struct{ letter, name string }{{"R", "required"}, {"I", "immutable"}, {"S", "secret"}} {
		if s.Flag(f.name) {
			all = append(all, f.letter)
		}
	}
	if v, ok := s["position"]; ok {
		all = append(all, fmt.Sprintf("p%v", v))
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, " ")
}
