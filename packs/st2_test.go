package packs_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/pack"
)

// st2: bundled-packs reference, st2: what its actions on keys are called and take.
func TestActionsOnKeysAreThoseOfStackStorm(t *testing.T) {
	c, errs := pack.Read(os.DirFS("st2"), "st2")
	if len(errs) > 0 || len(c.Warnings) > 0 {
		t.Fatal(errs, c.Warnings)
	}
	got := map[string]string{}
	for _, a := range c.Actions {
		line := a.Runner + " " + a.EntryPoint
		for _, p := range a.Parameters {
			line += fmt.Sprintf(" %s:%v", p.Name, p.Schema["type"])
			if v, ok := p.Schema["default"]; ok {
				line += fmt.Sprintf("=%v", v)
			}
			if p.Schema.Flag("required") {
				line += "!"
			}
		}
		got[a.Ref()] = line
	}
	want := map[string]string{
		"st2.kv.delete":      "python-script kv_delete.py key:string!",
		"st2.kv.get":         "python-script kv_get.py key:string! decompress:boolean decrypt:boolean=false",
		"st2.kv.get_object":  "python-script kv_get_object.py key:string! decompress:boolean decrypt:boolean=false",
		"st2.kv.grep":        "python-script kv_grep.py query:string! prefix:boolean=false",
		"st2.kv.grep_object": "python-script kv_grep_object.py query:string! prefix:boolean=false",
		"st2.kv.set":         "python-script kv_set.py key:string! value:string! ttl:integer compress:boolean",
		"st2.kv.set_object":  "python-script kv_set_object.py key:string! value:object! ttl:integer",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
