package api_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func TestFilesThatComeWithAnAction(t *testing.T) {
	w := newWorld(t, nil)
	const written = "core.st2.action.file_written"
	post := func(status int, name, files string) reply {
		t.Helper()
		return w.ok(status, nil, "POST", "/v1/actions", `{"name":"`+name+`","pack":"test","runner_type":"echo","entry_point":"sub/x.sh","parameters":{},"data_files":`+files+`}`)
	}
	r := post(400, "early", `[{"file_path":"x.sh","content":""}]`)
	if !strings.Contains(r.body, `Content pack \"test\" is not found or doesn't contain actions directory`) {
		t.Error(r.body)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "actions"), 0o755); err != nil {
		t.Fatal(err)
	}
	post(400, "outside", `[{"file_path":"../../x.sh","content":""}]`)
	post(400, "odd", `{"x.sh":""}`)

	post(201, "unwatched", `[{"file_path":"sub/x.sh","content":"one"}]`)
	w.update(func(tx *store.Tx) error {
		if err := w.router.Declare(t.Context(), tx, &core.TriggerType{Pack: "core", Name: "st2.action.file_written"}); err != nil {
			return err
		}
		return tx.Rules().Put(t.Context(), &core.Rule{ID: core.DeriveID("rule"), Pack: "test", Name: "written", Enabled: true,
			Trigger: core.RuleTrigger{Type: written, Ref: written}, Action: core.RuleAction{Ref: "test.echo"}})
	})
	w.ok(200, nil, "PUT", "/v1/actions/test.unwatched", `{"name":"unwatched","pack":"test","runner_type":"echo","entry_point":"sub/x.sh","parameters":{},"data_files":[{"file_path":"sub/x.sh","content":"two"}]}`)

	file := filepath.Join(w.dir, "actions", "sub", "x.sh")
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "two" {
		t.Errorf("the file holds %q, %v", raw, err)
	}
	is, _, err := w.store.Instances().List(t.Context(), store.Query{Where: []store.Is{{Index: store.ByTrigger, Value: written}}})
	if err != nil || len(is) != 1 {
		t.Fatalf("%d instances, %v", len(is), err)
	}
	var p struct {
		Ref  string `json:"ref"`
		Path string `json:"file_path"`
		Host struct {
			Name string `json:"hostname"`
		} `json:"host_info"`
	}
	if err := json.Unmarshal(is[0].Payload, &p); err != nil || p.Ref != "test.unwatched" || p.Path != file || p.Host.Name == "" {
		t.Errorf("payload %s", is[0].Payload)
	}
}
