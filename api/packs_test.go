package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/rules"
)

func (w *world) newInstaller(packs *pack.Registrar, matcher *rules.Engine, keys *datastore.Datastore) *pack.Installer {
	w.t.Helper()
	return pack.NewInstaller(pack.InstallerConfig{
		Registrar: packs, Configs: pack.NewConfigs(pack.ConfigsConfig{Store: w.store, Seal: keys.Keys.Seal, Open: keys.Keys.Open}),
		Folders: &pack.Folders{Root: w.t.TempDir(), Open: w.store.OpenArchive, Unpack: func(archive io.Reader, dir, sha256 string) error {
			_, err := registry.Unpack(archive, dir, sha256, registry.DefaultLimits())
			return err
		}},
		Shipped:    func(ref string) bool { return ref == "core" },
		FolderOf:   func(ref string) string { return map[string]string{"test": "/srv/test"}[ref] },
		DeleteRule: matcher.Delete, DeletePolicy: w.engine.DeletePolicy,
	})
}

// packFiles is the pack birds: lines of its pack.yaml, and name, text pairs.
func packFiles(lines string, pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{"pack.yaml": {Data: []byte("ref: birds\nname: Birds\ndescription: They sing.\nauthor: A\n" + lines)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func (w *world) uploadPacks() (one, two, bad string) {
	w.t.Helper()
	upload := func(fsys fs.FS) string {
		digest, err := w.installer.Receive(w.t.Context(), bytes.NewReader(packed(w.t, fsys)))
		if err != nil {
			w.t.Fatal(err)
		}
		return digest
	}
	const action = "name: sing\nrunner_type: echo\n"
	one = upload(packFiles("version: 1.0.0\n", "actions/sing.yaml", action, "triggers/dawn.yaml", "name: dawn\n",
		"config.schema.yaml", "token: {type: string, secret: true}\nvolume: {type: integer, default: 5}\n"))
	two = upload(packFiles("version: 1.1.0\nruntime: process\npermissions: {http: ['https://a.com']}\n",
		"bin/birds", "code", "actions/sing.yaml", action))
	bad = upload(packFiles("version: one\n", "actions/sing.yaml", "nam: sing\n"))
	return one, two, bad
}

func packed(t testing.TB, fsys fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := registry.Pack(&b, fsys); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestStageAnArchive: as the body itself, and in parts.
func TestStageAnArchive(t *testing.T) {
	w := newWorld(t, nil)
	archive := string(packed(t, packFiles("version: 2.0.0\n", "actions/sing.yaml", "name: sing\nrunner_type: echo\n")))
	for _, kind := range []string{"application/gzip", "application/octet-stream"} {
		if r := w.send("POST", "/v1/packs/stage", archive, "Content-Type: "+kind); r.status != 200 || !strings.Contains(r.body, `"version":"2.0.0"`) {
			t.Errorf("%s: %d %s", kind, r.status, r.body)
		}
	}
	archive = string(packed(t, packFiles("version: 2.1.0\n")))
	sum := sha256.Sum256([]byte(archive))
	digest := hex.EncodeToString(sum[:])
	part := func(want string) {
		t.Helper()
		if r := w.send("PUT", "/v1/packs/stage/"+digest+"/0", archive, "Content-Type: application/octet-stream"); r.status != 200 || r.body != want {
			t.Errorf("a part: %d %s", r.status, r.body)
		}
	}
	part(`{"known":false}`)
	w.ok(200, nil, "POST", "/v1/packs/stage", `{"digest":"`+digest+`"}`)
	part(`{"known":true}`)
}

// TestStageFromURL: what came is held against the SHA-256 that was promised.
func TestStageFromURL(t *testing.T) {
	archive := packed(t, packFiles("version: 2.0.0\n"))
	mux := http.NewServeMux()
	mux.HandleFunc("/birds.tar.gz", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(archive) })
	from := httptest.NewServer(mux)
	defer from.Close()
	w := newWorld(t, nil)
	sum := sha256.Sum256(archive)
	for _, c := range []struct {
		source, sha256 string
		status         int
	}{
		{from.URL + "/birds.tar.gz", "", 200},
		{from.URL + "/birds.tar.gz", hex.EncodeToString(sum[:]), 200},
		{from.URL + "/birds.tar.gz", strings.Repeat("0", 64), 400},
		{from.URL + "/none.tar.gz", "", 404},
		{"file:///etc/passwd", "", 400},
		{"/etc/passwd", "", 400},
		{"birds", "", 404},
		{"birds=x", "", 400},
	} {
		r := w.send("POST", "/v1/packs/stage", fmt.Sprintf(`{"source":%q,"sha256":%q}`, c.source, c.sha256))
		if r.status != c.status {
			t.Errorf("%s %.8s: %d, want %d: %s", c.source, c.sha256, r.status, c.status, r.body)
		}
	}
	if packs, err := w.store.Packs().All(t.Context()); err != nil || len(packs) != 1 {
		t.Errorf("there are %d packs, %v", len(packs), err)
	}
}

// TestFilesOfInstalledPacksStay: they are those of the archive, on every server.
func TestFilesOfInstalledPacksStay(t *testing.T) {
	w := newWorld(t, nil)
	r := w.send("POST", "/v1/packs/stage", string(packed(t, packFiles("version: 2.0.0\n", "actions/sing.yaml", "name: sing\nrunner_type: echo\n"))), "Content-Type: application/gzip")
	var staged struct{ Digest string }
	if err := json.Unmarshal([]byte(r.body), &staged); err != nil || r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	w.ok(201, nil, "POST", "/v1/packs/stage/"+staged.Digest+"/install", `{"accept":true}`)
	for _, c := range [][3]string{
		{"POST", "/v1/actions", `{"name":"cry","pack":"birds","runner_type":"echo","data_files":[{"file_path":"a","content":"b"}]}`},
		{"DELETE", "/v1/actions/birds.sing", `{"remove_files":true}`},
	} {
		if r := w.send(c[0], c[1], c[2]); r.status != 400 || !strings.Contains(r.body, "archive") {
			t.Errorf("%s %s: %d %s", c[0], c[1], r.status, r.body)
		}
	}
}

func TestFolderPacksAreNotInstalledOver(t *testing.T) {
	w := newWorld(t, nil)
	fsys := packFiles("version: 2.0.0\n")
	fsys["pack.yaml"].Data = bytes.Replace(fsys["pack.yaml"].Data, []byte("birds"), []byte("test"), 1)
	r := w.send("POST", "/v1/packs/stage", string(packed(t, fsys)), "Content-Type: application/gzip")
	if r.status != 409 || !strings.Contains(r.body, "/srv/test") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := w.send("DELETE", "/v1/packs/test", ""); r.status != 409 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if _, err := w.store.Packs().Get(t.Context(), "test"); core.KindOf(err) == core.NotFound {
		t.Error("it is gone")
	}
}
