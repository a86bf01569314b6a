package functions

import (
	"context"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// call runs a StackStorm function and gives the repr of its value, or the class of its error.
func call(t *testing.T, fns map[string]Function, name string, args ...expr.Value) string {
	t.Helper()
	f, ok := fns[name]
	if !ok {
		t.Fatalf("no function %s", name)
	}
	v, err := f.Call(name, &expr.Call{Budget: expr.NewBudget(context.Background(), expr.Limits{}), Args: args})
	if err != nil {
		return expr.ClassOf(err)
	}
	return repr(v)
}

func TestStackStormFunctions(t *testing.T) {
	fns := StackStorm(func(_ *expr.Budget, s string) (string, error) { return "plain " + s, nil })
	lookup := func(v expr.Value, ok bool) expr.Value {
		return expr.NewLookup(func(context.Context, string) (expr.Value, bool, error) { return v, ok, nil })
	}
	for _, c := range []struct {
		name string
		args []expr.Value
		want string
	}{
		{"decrypt_kv", []expr.Value{"abc"}, "'plain abc'"},
		{"decrypt_kv", []expr.Value{lookup("xyz", true)}, "'plain xyz'"},
		{"decrypt_kv", []expr.Value{lookup(nil, false)}, "ValueError"},
		{"use_none", []expr.Value{nil}, "'" + NoneText + "'"},
		{"use_none", []expr.Value{int64(3)}, "3"},
		{"to_human_time_from_seconds", []expr.Value{int64(40 * 86400)}, "'9d0h0m0s'"},
		{"to_human_time_from_seconds", []expr.Value{int64(31 * 86400)}, "'0s'"},
		{"to_human_time_from_seconds", []expr.Value{int64(399999999999)}, "OverflowError"},
		{"to_human_time_from_seconds", []expr.Value{"1"}, "AssertionError"},
		{"version_compare", []expr.Value{"1.0.0-alpha.2", "1.0.0-alpha.10"}, "-1"},
		{"version_compare", []expr.Value{"1.0.0-1", "1.0.0-a"}, "-1"},
		{"version_compare", []expr.Value{"1.0.0", int64(1)}, "TypeError"},
		{"version_match", []expr.Value{"1.0.0", "~1.0"}, "ValueError"},
		{"version_match", []expr.Value{"1.0.0", "!=1.0.1"}, "True"},
		{"version_bump_patch", []expr.Value{"1.2.3-rc.1"}, "'1.2.4'"},
		{"regex_substring", []expr.Value{"a1b2", "[0-9]", int64(5)}, "IndexError"},
		{"regex_replace", []expr.Value{"aaa", "(?<=a)a", "b"}, "'abb'"},
		{"regex_match", []expr.Value{"abc", "("}, "error"},
		{"to_json_string", []expr.Value{expr.DictOf("b", 1.0, "a", nil), nil, true, nil}, `'{"a": null, "b": 1.0}'`},
		{"to_json_string", []expr.Value{expr.NewList(), "\t"}, "'[]'"},
		{"from_json_string", []expr.Value{"[1, 2.0, 99999999999999999999]"}, "[1, 2.0, 99999999999999999999]"},
		{"from_json_string", []expr.Value{"{"}, "JSONDecodeError"},
		{"jsonpath_query", []expr.Value{expr.DictOf("a", nil), "a"}, "[None]"},
		{"json_escape", []expr.Value{"\"x\"\n"}, `'\\"x\\"\\n'`},
		{"basename", []expr.Value{"/a/b/"}, "''"},
		{"dirname", []expr.Value{"//a"}, "'//'"},
	} {
		if got := call(t, fns, c.name, c.args...); got != c.want {
			t.Errorf("%s%s gives %s, want %s", c.name, repr(expr.Tuple(c.args)), got, c.want)
		}
	}
}

func TestRegexIsCutByTheClock(t *testing.T) {
	start := time.Now()
	got := call(t, StackStorm(nil), "regex_match", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", `(a+)+\1$`)
	if got != expr.BudgetError || time.Since(start) > 10*time.Second {
		t.Errorf("gives %s after %s", got, time.Since(start))
	}
}

func TestWorkflowStatusByFunction(t *testing.T) {
	w := &Workflow{
		Vars: expr.NewDict(), Task: expr.DictOf("id", "t1", "route", int64(2)),
		Status: func(task string, route int64) string {
			if task == "t1" && route == 2 {
				return "timeout"
			}
			return ""
		},
	}
	for name, want := range map[string]string{"completed": "True", "failed": "False", "succeeded": "False"} {
		f, _ := w.Function(name)
		v, err := f.Call(name, &expr.Call{})
		if err != nil || repr(v) != want {
			t.Errorf("%s() gives %s %v, want %s", name, repr(v), err, want)
		}
	}
	f, _ := w.Function("task_status")
	if v, err := f.Call("task_status", &expr.Call{Args: []expr.Value{"other"}}); err != nil || v != "null" {
		t.Errorf("task_status('other') gives %v %v", v, err)
	}
}
