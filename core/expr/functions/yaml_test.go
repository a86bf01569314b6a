package functions

import (
	"bufio"
	"os"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
)

// cases reads a JSON Lines file of cases measured with PyYAML 6.0.
func cases(t *testing.T, name string) []*expr.Dict {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []*expr.Dict
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		v, err := expr.FromJSON(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v.(*expr.Dict))
	}
	return out
}

func TestToYAMLString(t *testing.T) {
	f := StackStorm(nil)["to_yaml_string"]
	for _, c := range cases(t, "yaml_dump.jsonl") {
		call := &expr.Call{Args: []expr.Value{member(c, "value"), member(c, "indent"), member(c, "unicode")}}
		got, err := f.Call("to_yaml_string", call)
		if err != nil || got != member(c, "text") {
			t.Errorf("%v\n gives %q %v\n want  %q", repr(member(c, "value")), got, err, member(c, "text"))
		}
	}
}

func TestFromYAMLString(t *testing.T) {
	f := StackStorm(nil)["from_yaml_string"]
	for _, c := range cases(t, "yaml_load.jsonl") {
		got, err := f.Call("from_yaml_string", &expr.Call{Args: []expr.Value{member(c, "text")}})
		if want := member(c, "error"); want != nil {
			if expr.ClassOf(err) != want {
				t.Errorf("%q gives %s %v, want %s", member(c, "text"), repr(got), err, want)
			}
			continue
		}
		if err != nil || repr(got) != member(c, "repr") {
			t.Errorf("%q gives %s %v, want %s", member(c, "text"), repr(got), err, member(c, "repr"))
		}
	}
}

func TestYAMLSharesAndCycles(t *testing.T) {
	shared := expr.NewList(int64(1))
	cycle := expr.NewList()
	cycle.Items = append(cycle.Items, cycle)
	for want, v := range map[string]expr.Value{
		"- &id001\n  - 1\n- *id001\n": expr.NewList(shared, shared),
		"&id001\n- *id001\n":          cycle,
	} {
		got, err := toYAMLString(nil, []expr.Value{v, nil, true})
		if err != nil || got != want {
			t.Errorf("gives %q %v, want %q", got, err, want)
		}
	}
}

func repr(v expr.Value) string {
	s, err := expr.Repr(nil, v)
	if err != nil {
		return err.Error()
	}
	return s
}
