package author

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/sdk/wire"
)

// watcher is what some code brings: two sensors, one of them polled, that share a type.
func watcher() wire.Pack {
	return wire.Pack{
		Version: wire.Version, Name: "demo",
		Actions: []wire.Action{
			{
				Name: "check", Description: "Asks an endpoint: now.", Idempotent: true,
				Parameters: json.RawMessage(`{"url":{"type":"string","required":true,"position":0},"method":{"type":"string","enum":["GET","no"],"default":"no"}}`),
				Output:     json.RawMessage(`{"up":{"type":"boolean"}}`),
			},
			{Name: "list"},
		},
		Triggers: []wire.TriggerType{
			{Name: "down", Description: "It is down.", Payload: json.RawMessage(`{"type":"object","properties":{"since":{"type":"string"}}}`)},
			{Name: "up"},
			{Name: "by_hand"},
		},
		Sensors: []wire.Sensor{
			{Name: "endpoints", Description: "Looks.", Triggers: []string{"down", "up"}, Interval: 30},
			{Name: "waits", Triggers: []string{"up"}},
		},
		Config: json.RawMessage(`{"token":{"type":"string","secret":true}}`),
	}
}

// folderOfDemo makes a pack whose code watcher describes.
func folderOfDemo(t *testing.T, files map[string]string) *packFolder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	files = maps.Clone(files)
	if files == nil {
		files = map[string]string{}
	}
	files["pack.yaml"] = "ref: demo\nname: demo\ndescription: d\nversion: 1.0.0\nauthor: me\nruntime: wasm\n"
	files["demo.wasm"] = "code"
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := openPack(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestMetadata compares what is written of some code with testdata/metadata.txt, and reads
// it as the server does.
func TestMetadata(t *testing.T) {
	f := folderOfDemo(t, nil)
	files, err := metadata(f, watcher())
	if err != nil {
		t.Fatal(err)
	}
	got := &txtar.Archive{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		got.Files = append(got.Files, txtar.File{Name: name, Data: files[name]})
	}
	golden := filepath.Join("testdata", "metadata.txt")
	if *update {
		if err := os.WriteFile(golden, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
		t.Errorf("the metadata differs (-want +got; rewrite with -update if this is right):\n%s", diff)
	}
	applyTo(t, f, files)
	content, faults := pack.Read(os.DirFS(f.dir), "demo")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if s := summary(content); s != "demo 1.0.0: 2 actions, 2 sensors, 4 trigger types, wasm" {
		t.Error(s)
	}
	if a := content.Actions[0]; a.Runner != core.RuntimeWASM || !a.Idempotent || !a.Enabled {
		t.Errorf("%+v", a)
	}
	if s := content.Sensors[0]; s.PollInterval != 30 || !slices.Equal(s.TriggerTypes, []string{"demo.down", "demo.up"}) {
		t.Errorf("%+v", s)
	}
}

func applyTo(t *testing.T, f *packFolder, files map[string][]byte) []change {
	t.Helper()
	changes, err := compare(f.dir, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if err := c.apply(f.dir); err != nil {
			t.Fatal(err)
		}
	}
	return changes
}

// TestMetadataFollowsTheCode: what is right is not written again, what the author wrote
// stays, what is gone goes.
func TestMetadataFollowsTheCode(t *testing.T) {
	f := folderOfDemo(t, map[string]string{
		"actions/list.yaml": "name: list\nrunner_type: wasm\ndescription: by hand\n",
		"actions/more.yaml": "name: more\nrunner_type: noop\n",
		"sensors/old.yaml":  generatedLine + "\nclass_name: old\n",
	})
	files, err := metadata(f, watcher())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"wrote actions/check.yaml, kept actions/list.yaml, wrote config.schema.yaml, wrote sensors/endpoints.yaml, wrote sensors/waits.yaml, wrote triggers/by_hand.yaml, removed sensors/old.yaml",
		"same actions/check.yaml, kept actions/list.yaml, same config.schema.yaml, same sensors/endpoints.yaml, same sensors/waits.yaml, same triggers/by_hand.yaml",
	} {
		if got := told(applyTo(t, f, files)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got, want := told(applyTo(t, f, nil)), "removed config.schema.yaml, removed actions/check.yaml, removed sensors/endpoints.yaml, removed sensors/waits.yaml, removed triggers/by_hand.yaml"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); got != "actions demo.wasm pack.yaml" {
		t.Errorf("left are %s", got)
	}
}

func told(changes []change) string {
	var all []string
	for _, c := range changes {
		all = append(all, string(c.fate)+" "+c.file)
	}
	return strings.Join(all, ", ")
}

func TestMetadataRefusesWhatNoFileCanBeOf(t *testing.T) {
	f := folderOfDemo(t, nil)
	for _, c := range []struct {
		brings wire.Pack
		want   string
	}{
		{wire.Pack{Name: "other"}, `the code calls the pack "other", and pack.yaml calls it "demo"; make them the same`},
		{wire.Pack{Actions: []wire.Action{{Name: "../../etc/passwd"}}}, `actions: the code names "../../etc/passwd", which cannot be the name of a file`},
		{wire.Pack{Actions: []wire.Action{{Name: "a"}, {Name: "a"}}}, `actions/a.yaml: the code brings two of that name`},
		{wire.Pack{Actions: []wire.Action{{Name: "a", Parameters: json.RawMessage(`[1]`)}}}, `actions/a.yaml: parameters: needs to be an object, got array`},
		{wire.Pack{Config: json.RawMessage(`{"a":`)}, `config.schema.yaml: `},
	} {
		if _, err := metadata(f, c.brings); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
