package workflow

import (
	"encoding/json"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// Steps of another workflow, and of a newer version, are refused.
func TestForeignStepsAreRefused(t *testing.T) {
	spec, err := Parse("w.yaml", []byte("version: 1.0\ntasks:\n  a: {action: x.y}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{
		`[["run",{"t":"nope"}]]`, `[["became",{"e":3,"s":"failed"}]]`, `[["unstage",{"q":9}]]`, `[["scope",{"f":7}]]`, `[["item",{"q":1}]]`,
	} {
		var s Step
		if err := json.Unmarshal([]byte(raw), &s); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(spec, Env{}, s); core.KindOf(err) != core.Internal || err == nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{`[["novel",{}]]`, `[["run"]]`, `[["run",5]]`, `{}`} {
		if err := json.Unmarshal([]byte(raw), new(Step)); err == nil {
			t.Errorf("%s is read", raw)
		}
	}
}

// A step and the one after it, taken together, do what both do.
func TestStepsAdd(t *testing.T) {
	spec, err := Parse("w.yaml", []byte("version: 1.0\ntasks:\n  a: {action: x.y, next: [{publish: x=1, do: b}]}\n  b: {action: x.y}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	first, sum := c.Snapshot(), Step{}
	for _, ev := range []Event{StatusRequest{core.Running}, TaskUpdate{Task: "a", Status: core.Running}, TaskUpdate{Task: "a", Status: core.Succeeded}} {
		s, err := c.Update(ev)
		if err != nil || s.Empty() {
			t.Fatalf("%v: %v, empty %v", ev, err, s.Empty())
		}
		sum = sum.And(s)
	}
	again, err := Restore(spec, Env{}, first, sum)
	if err != nil {
		t.Fatal(err)
	}
	if p := sameState(again, c); p != "" {
		t.Error(p)
	}
}
