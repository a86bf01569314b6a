package registry_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/registry"
)

// describe reads a pack.yaml of lines "key: value".
func describe(fsys fs.FS, dir string) (core.Pack, error) {
	raw, err := fs.ReadFile(fsys, "pack.yaml")
	if err != nil {
		return core.Pack{}, err
	}
	facts := map[string]string{"ref": path.Base(dir)}
	for line := range strings.Lines(string(raw)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			return core.Pack{}, core.Errorf(core.Invalid, "%s/pack.yaml: %q is no key with a value", dir, line)
		}
		facts[key] = value
	}
	p := core.Pack{Ref: facts["ref"], Version: facts["version"], Description: facts["description"]}
	if facts["http"] != "" {
		p.Permissions = &core.Permissions{HTTP: []string{facts["http"]}}
	}
	return p, nil
}

// writePack makes a folder a pack with one more file.
func writePack(t *testing.T, dir, manifest, code string) {
	t.Helper()
	for name, text := range map[string]string{"pack.yaml": manifest, "main.go": code} {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func build(t *testing.T, b registry.Building) []string {
	t.Helper()
	b.Describe = describe
	built, err := registry.Build(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range built {
		got = append(got, fmt.Sprintf("%s %s %s %v", v.Name, v.Version, v.Release.URL, v.New))
	}
	return got
}

func buildError(b registry.Building) error {
	b.Describe = describe
	_, err := registry.Build(b)
	return err
}

func wantBuilt(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("built %q, want %q", got, want)
	}
}

// contents reads all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(raw)
	}
	return all
}

// An index that was built is served, found in, and fetched from.
func TestBuild(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	writePack(t, filepath.Join(dir, "hello"), "ref: hello\nversion: 1.0.0\ndescription: old\nhttp: *\n", "one")
	writePack(t, filepath.Join(dir, "other"), "ref: other\nversion: 0.1.0+b.1\n", "other")
	if err := os.Mkdir(filepath.Join(dir, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	wantBuilt(t, build(t, registry.Building{Dir: dir, Out: out, Name: "ours"}),
		"hello 1.0.0 hello-1.0.0.tar.gz true", "other 0.1.0+b.1 other-0.1.0+b.1.tar.gz true")
	first := contents(t, out)

	wantBuilt(t, build(t, registry.Building{Dir: dir, Out: out}),
		"hello 1.0.0 hello-1.0.0.tar.gz false", "other 0.1.0+b.1 other-0.1.0+b.1.tar.gz false")
	if again := contents(t, out); len(again) != 3 || fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("built again, the folder differs: %q", again)
	}

	writePack(t, filepath.Join(dir, "hello"), "ref: hello\nversion: 1.1.0\ndescription: new\n", "two")
	if err := os.RemoveAll(filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	wantBuilt(t, build(t, registry.Building{Dir: dir, Out: out, URL: "https://example.com/packs"}),
		"hello 1.1.0 https://example.com/packs/hello-1.1.0.tar.gz true")
	x, err := registry.ParseIndex([]byte(contents(t, out)["index.json"]))
	if err != nil || x.Name != "ours" || len(x.Packs) != 2 || len(x.Packs["hello"].Versions) != 2 || x.Packs["hello"].Description != "new" {
		t.Errorf("the index is %+v, error %v", x, err)
	}
	if p := x.Packs["hello"].Versions["1.0.0"].Permissions; p == nil || !slices.Equal(p.HTTP, []string{"*"}) {
		t.Errorf("permissions %v", p)
	}
	fetchOld(t, out)
}

// fetchOld fetches hello 1.0.0 from a folder that is served.
func fetchOld(t *testing.T, out string) {
	t.Helper()
	s := httptest.NewServer(http.FileServer(http.Dir(out)))
	defer s.Close()
	r := open(t, registry.Options{Indexes: []string{s.URL + "/"}})
	o, err := r.Find(t.Context(), "hello", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.tar.gz")
	if _, err := r.Fetch(t.Context(), o, file); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := filepath.Join(t.TempDir(), "hello")
	if _, err := registry.Unpack(f, dir, o.Release.SHA256, registry.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir)["main.go"]; got != "one" {
		t.Errorf("main.go holds %q", got)
	}
}

// What is published stays what it is.
func TestBuildKeepsVersions(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "hello")
	writePack(t, folder, "ref: hello\nversion: 1.0.0\n", "one")
	build(t, registry.Building{Dir: dir})
	before := contents(t, folder)
	writePack(t, folder, "ref: hello\nversion: 1.0.0\n", "two")
	err := buildError(registry.Building{Dir: dir})
	if core.KindOf(err) != core.Conflict || !strings.Contains(err.Error(), "hello 1.0.0 is published already with other content") || !strings.Contains(err.Error(), "raise its version") {
		t.Errorf("error %v, want Conflict", err)
	}
	wantOnly(t, dir, "hello", "hello-1.0.0.tar.gz", "index.json")

	writePack(t, folder, before["pack.yaml"], before["main.go"])
	recompress(t, filepath.Join(dir, "hello-1.0.0.tar.gz"), filepath.Join(dir, "index.json"))
	archive := filepath.Join(dir, "hello-1.0.0.tar.gz")
	published, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	wantBuilt(t, build(t, registry.Building{Dir: dir}), "hello 1.0.0 hello-1.0.0.tar.gz false")
	if now, err := os.ReadFile(archive); err != nil || !bytes.Equal(now, published) {
		t.Errorf("the published archive was replaced, error %v", err)
	}

	if err := os.Remove(archive); err != nil {
		t.Fatal(err)
	}
	if err := buildError(registry.Building{Dir: dir}); core.KindOf(err) != core.Conflict {
		t.Errorf("without the published archive: error %v, want Conflict", err)
	}
}

// recompress publishes an archive as another Go would have made it.
func recompress(t *testing.T, file, index string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	zw, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zw.Write(plain); err != nil || zw.Close() != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	doc = bytes.ReplaceAll(doc, []byte(sumOf(t, raw)), []byte(sumOf(t, b.Bytes())))
	if err := errors.Join(os.WriteFile(file, b.Bytes(), 0o644), os.WriteFile(index, doc, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func sumOf(t *testing.T, raw []byte) string {
	t.Helper()
	sum, err := registry.Unpack(bytes.NewReader(raw), filepath.Join(t.TempDir(), "x"), "", registry.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return sum.SHA256
}

// Archives are published as they are, whatever they are called.
func TestBuildFromArchives(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	raw := gzipped(t, tarred(t, file{name: "top/pack.yaml", text: "ref: hello\nversion: 2.0.0\n"}))
	if err := os.WriteFile(filepath.Join(dir, "some.tar.gz"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	wantBuilt(t, build(t, registry.Building{Dir: dir, Out: out}), "hello 2.0.0 hello-2.0.0.tar.gz true")
	wantOnly(t, out, "hello-2.0.0.tar.gz", "index.json")
	if contents(t, out)["hello-2.0.0.tar.gz"] != string(raw) {
		t.Error("the archive was changed")
	}
}

// Nothing is written unless all packs are in order, and all that is wrong is told.
func TestBuildRefuses(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	if err := buildError(registry.Building{Dir: dir, Out: out}); !strings.Contains(fmt.Sprint(err), "holds no packs") {
		t.Errorf("error %v", err)
	}
	writePack(t, filepath.Join(dir, "good"), "ref: good\nversion: 1.0.0\n", "")
	writePack(t, filepath.Join(dir, "broken"), "ref\n", "")
	writePack(t, filepath.Join(dir, "nameless"), "version: 1.0.0\n", "")
	if err := os.WriteFile(filepath.Join(dir, "no.tar.gz"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := buildError(registry.Building{Dir: dir, Out: out})
	for _, want := range []string{
		filepath.Join(dir, "broken") + `/pack.yaml: "ref\n" is no key`, "add the line ref: nameless",
		filepath.Join(dir, "no.tar.gz") + ": the archive is no tar.gz",
	} {
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want Invalid with %q", err, want)
		}
	}
	wantOnly(t, out)
	for address, want := range map[string]string{"example.com": "is no address", "https://example.com/?a": "needs to end with its path", "ftp://x/": "none of http"} {
		if err := buildError(registry.Building{Dir: dir, Out: out, URL: address}); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "index.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := buildError(registry.Building{Dir: dir, Out: out}); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "index.json is there already and cannot be kept: format: is missing") {
		t.Errorf("error %v", err)
	}
}

func TestPackage(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "hello"), t.TempDir()
	writePack(t, dir, "ref: hello\nversion: 1.0.0\n", "one")
	made, err := registry.Package(dir, out, describe)
	if err != nil || made.File != filepath.Join(out, "hello-1.0.0.tar.gz") || made.Pack.Ref != "hello" {
		t.Fatalf("made %+v, error %v", made, err)
	}
	named, err := registry.Package(dir, filepath.Join(out, "x.tar.gz"), describe)
	if err != nil || named.Sum != made.Sum {
		t.Errorf("made %+v, error %v; want the sum %v", named, err, made.Sum)
	}
	if _, err := registry.Package(dir, dir, describe); err != nil { // its own folder
		t.Error(err)
	}
	again, err := registry.Package(dir, dir, describe)
	if err != nil || again.Sum != made.Sum {
		t.Errorf("made %+v, error %v; want the sum %v", again, err, made.Sum)
	}
	wantOnly(t, dir, "hello-1.0.0.tar.gz", "main.go", "pack.yaml")
	wantOnly(t, out, "hello-1.0.0.tar.gz", "x.tar.gz")
}
