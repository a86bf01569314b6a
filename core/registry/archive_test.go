package registry_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/registry"
)

// hello is a pack with everything that is left out of an archive, and what is not.
func hello() fstest.MapFS {
	files := fstest.MapFS{"bin/hello": {Data: []byte("\x7fELF"), Mode: 0o700}}
	for _, name := range []string{
		"pack.yaml", "main.go", "actions/greet.yaml", "rules/a.tar.gz", "actions/tests.yaml",
		"hello-1.0.0.tar.gz", ".git/HEAD", ".sdk/go.mod", ".petrel/out", "actions/.hidden",
		"main_test.go", "testdata/x", "lib/testdata/y", "__pycache__/z", "lib/a.pyc",
	} {
		files[name] = &fstest.MapFile{Data: []byte(name), Mode: 0o640, ModTime: time.Unix(1700000000, 0)}
	}
	return files
}

func packed(t testing.TB, fsys fs.FS) ([]byte, registry.Sum) {
	t.Helper()
	var b bytes.Buffer
	sum, err := registry.Pack(&b, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), sum
}

func TestPackAndUnpack(t *testing.T) {
	raw, sum := packed(t, hello())
	dir := filepath.Join(t.TempDir(), "installed", "hello")
	got, err := registry.Unpack(bytes.NewReader(raw), dir, strings.ToUpper(sum.SHA256), registry.DefaultLimits())
	if err != nil || got != sum || sum.Size != int64(len(raw)) {
		t.Fatalf("Unpack = %v, %v; want %v", got, err, sum)
	}
	want := []string{"actions/greet.yaml 644", "actions/tests.yaml 644", "bin/hello 755", "main.go 644", "pack.yaml 644", "rules/a.tar.gz 644"}
	if files := listing(t, dir); !slices.Equal(files, want) {
		t.Errorf("unpacked %q, want %q", files, want)
	}
	wantOnly(t, filepath.Dir(dir), "hello")
}

// listing names the files below dir and their modes, but for what umask takes.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		mode := " 644"
		if info.Mode()&0o100 != 0 {
			mode = " 755"
		}
		files = append(files, name+mode)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// wantOnly checks that a folder holds these names and no leftovers.
func wantOnly(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("%s holds %q, want %q", dir, got, names)
	}
}

// The same content makes the same archive, from other folders and at other times.
func TestPackIsReproducible(t *testing.T) {
	_, want := packed(t, hello())
	later := hello()
	for _, f := range later {
		f.ModTime = f.ModTime.Add(time.Hour)
		if f.Mode == 0o640 {
			f.Mode = 0o600
		}
	}
	later[".git/index"] = &fstest.MapFile{Data: []byte("other")}
	if _, got := packed(t, later); got != want {
		t.Errorf("the archive changed: %v, want %v", got, want)
	}
	later["main.go"].Data = []byte("package other")
	if _, got := packed(t, later); got == want {
		t.Error("other content made the same archive")
	}
}

func TestPackRefuses(t *testing.T) {
	twins := hello()
	twins["actions/Greet.yaml"] = &fstest.MapFile{}
	linked := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "notes")); err != nil {
		t.Fatal(err)
	}
	for want, fsys := range map[string]fs.FS{
		`"actions/Greet.yaml" and "actions/greet.yaml" in the archive differ only in capital letters`: twins,
		"notes is no plain file": os.DirFS(linked),
	} {
		if _, err := registry.Pack(io.Discard, fsys); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want Invalid with %q", err, want)
		}
	}
}

// file is an entry of an archive made by hand.
type file struct {
	name string
	kind byte // tar.TypeReg when zero
	text string
}

func tarred(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	tw := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: 0o644, Size: int64(len(f.text))}
		switch f.kind {
		case 0:
			h.Typeflag = tar.TypeReg
		case tar.TypeSymlink, tar.TypeLink:
			h.Linkname, h.Size = f.text, 0
		case tar.TypeXGlobalHeader:
			h = &tar.Header{Typeflag: f.kind, PAXRecords: map[string]string{"comment": f.text}}
		}
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(tw, f.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := zw.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var manifest = file{name: "pack.yaml", text: "name: hello"}

// Archives as others make them are packs too.
func TestUnpackTakes(t *testing.T) {
	cases := map[string][]file{
		"tar of .":       {{name: "./", kind: tar.TypeDir}, {name: "./pack.yaml"}, {name: "./actions/", kind: tar.TypeDir}, {name: "./actions/a.yaml"}},
		"one folder":     {{name: "hello-1/", kind: tar.TypeDir}, {name: "hello-1/pack.yaml"}, {name: "hello-1/actions/a.yaml"}},
		"git archive":    {{kind: tar.TypeXGlobalHeader, text: "c0ffee"}, {name: "x/pack.yaml"}, {name: "x/actions/a.yaml"}},
		"folder is late": {manifest, {name: "actions/a.yaml"}, {name: "actions", kind: tar.TypeDir}, {name: "actions/", kind: tar.TypeDir}},
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			dir := filepath.Join(parent, "hello")
			if _, err := registry.Unpack(bytes.NewReader(gzipped(t, tarred(t, files...))), dir, "", registry.DefaultLimits()); err != nil {
				t.Fatal(err)
			}
			if got := listing(t, dir); !slices.Equal(got, []string{"actions/a.yaml 644", "pack.yaml 644"}) {
				t.Errorf("unpacked %q", got)
			}
			info, err := os.Stat(dir)
			if err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("the folder has the mode %v, error %v; want 755", info.Mode(), err)
			}
			wantOnly(t, parent, "hello")
		})
	}
}

func TestUnpackRefuses(t *testing.T) {
	small := registry.Limits{Archive: 4096, Bytes: 3 << 20, Entries: 4, Path: 40, Ratio: 100}
	long := strings.Repeat("d/", 30) + "x"
	cases := map[string]struct {
		files []file
		want  string
		kind  core.Kind
	}{
		"nothing":         {nil, "holds no pack.yaml", core.Invalid},
		"two folders":     {[]file{{name: "a/pack.yaml"}, {name: "b/pack.yaml"}}, "holds no pack.yaml", core.Invalid},
		"manifest folder": {[]file{{name: "pack.yaml", kind: tar.TypeDir}}, "holds no pack.yaml", core.Invalid},
		"up":              {[]file{manifest, {name: "../evil"}}, `"../evil" in the archive is no path inside it`, core.Invalid},
		"up later":        {[]file{manifest, {name: "a/../../evil"}}, "is no path inside it", core.Invalid},
		"absolute":        {[]file{manifest, {name: "/etc/evil"}}, "is no path inside it", core.Invalid},
		"backslash":       {[]file{manifest, {name: `a\evil`}}, "backslash", core.Invalid},
		"newline":         {[]file{manifest, {name: "a\nb"}}, "control character", core.Invalid},
		"symlink":         {[]file{manifest, {name: "a", kind: tar.TypeSymlink, text: "/etc"}, {name: "a/evil"}}, `"a" in the archive is a symbolic link`, core.Invalid},
		"link":            {[]file{manifest, {name: "a", kind: tar.TypeLink, text: "pack.yaml"}}, "is a link", core.Invalid},
		"device":          {[]file{manifest, {name: "a", kind: tar.TypeChar}}, "is a device", core.Invalid},
		"pipe":            {[]file{manifest, {name: "a", kind: tar.TypeFifo}}, "is a pipe", core.Invalid},
		"twice":           {[]file{manifest, manifest}, `"pack.yaml" is in the archive twice`, core.Invalid},
		"file and folder": {[]file{manifest, {name: "a"}, {name: "a/b"}}, `"a" is in the archive twice`, core.Invalid},
		"case":            {[]file{manifest, {name: "Pack.YAML"}}, "differ only in capital letters", core.Invalid},
		"case of folders": {[]file{manifest, {name: "a/x"}, {name: "A/y"}}, "differ only in capital letters", core.Invalid},
		"entries":         {[]file{manifest, {name: "a/b/c/d"}}, "more than 4 files and folders", core.TooLarge},
		"long path":       {[]file{manifest, {name: long}}, "longer than 40 bytes", core.TooLarge},
		"bytes":           {[]file{manifest, {name: "a", text: strings.Repeat("0123456789", 1<<19)}}, "unpacks to more than", core.TooLarge},
		"ratio":           {[]file{manifest, {name: "a", text: strings.Repeat("0", 2<<20)}}, "more than 100 times its size", core.TooLarge},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			limits := small
			if name == "bytes" {
				limits.Archive, limits.Ratio = 1<<20, 10_000
			}
			wantRefused(t, gzipped(t, tarred(t, c.files...)), limits, c.kind, c.want)
		})
	}
}

func wantRefused(t *testing.T, raw []byte, limits registry.Limits, kind core.Kind, want string) {
	t.Helper()
	parent := t.TempDir()
	_, err := registry.Unpack(bytes.NewReader(raw), filepath.Join(parent, "in", "hello"), "", limits)
	if err == nil || core.KindOf(err) != kind || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v (%v), want %v with %q", err, core.KindOf(err), kind, want)
	}
	wantOnly(t, filepath.Join(parent, "in"))
	wantOnly(t, parent, "in")
}

// What is no whole archive is refused, wherever it ends.
func TestUnpackRefusesDamaged(t *testing.T) {
	raw, _ := packed(t, hello())
	l := registry.DefaultLimits()
	for n := range raw {
		_, err := registry.Unpack(bytes.NewReader(raw[:n]), filepath.Join(t.TempDir(), "x"), "", l)
		if core.KindOf(err) != core.Invalid {
			t.Fatalf("%d of %d bytes: error %v, want Invalid", n, len(raw), err)
		}
	}
	wantRefused(t, append(slices.Clone(raw), 0), l, core.Invalid, "something follows")
	wantRefused(t, append(slices.Clone(raw), raw...), l, core.Invalid, "something follows")
	wantRefused(t, []byte("<html>Not found</html>"), l, core.Invalid, "no tar.gz")
	l.Archive = int64(len(raw)) - 1
	wantRefused(t, raw, l, core.TooLarge, "the archive is larger than")
}

// A sparse file takes no room in an archive; what it would take on the disk counts.
func TestUnpackRefusesSparse(t *testing.T) {
	pax := func(key, value string) string {
		for n := len(key) + len(value) + 3; ; n++ {
			if s := fmt.Sprintf("%d %s=%s\n", n, key, value); len(s) == n {
				return s
			}
		}
	}
	records := pax("GNU.sparse.major", "0") + pax("GNU.sparse.minor", "1") + pax("GNU.sparse.name", "big") +
		pax("GNU.sparse.size", "1000000000000") + pax("GNU.sparse.map", "0,1") + pax("GNU.sparse.numblocks", "1")
	raw := tarred(t, file{name: "PaxHeaders.0/big", kind: 'V', text: records}, file{name: "x", text: "1"}, manifest)
	raw = patchType(raw, 'V', tar.TypeXHeader)
	wantRefused(t, gzipped(t, raw), registry.DefaultLimits(), core.TooLarge, "unpacks to more than")
}

// patchType changes the first header's type and its check sum.
func patchType(raw []byte, from, to byte) []byte {
	header := raw[:512]
	header[156] = to
	copy(header[148:156], "        ")
	sum := 0
	for _, c := range header {
		sum += int(c)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return raw
}

func TestUnpackChecksTheDigest(t *testing.T) {
	raw, sum := packed(t, hello())
	changed := slices.Clone(raw)
	changed[len(changed)/2] ^= 1 // gzip notices too; the digests are told nevertheless
	for _, archive := range [][]byte{changed, raw[:len(raw)-3]} {
		parent := t.TempDir()
		_, err := registry.Unpack(bytes.NewReader(archive), filepath.Join(parent, "x"), sum.SHA256, registry.DefaultLimits())
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "expected sha256 "+sum.SHA256+", found ") {
			t.Errorf("error %v, want one with both digests", err)
		}
		wantOnly(t, parent)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// That an archive cannot be read is not the archive's fault.
func TestUnpackPassesOnWhyItCannotRead(t *testing.T) {
	raw, _ := packed(t, hello())
	away := errors.New("the store is away")
	for _, n := range []int{0, 5, len(raw) / 2, len(raw)} {
		from := io.MultiReader(bytes.NewReader(raw[:n]), failing{away})
		if _, err := registry.Unpack(from, filepath.Join(t.TempDir(), "x"), "", registry.DefaultLimits()); !errors.Is(err, away) || core.KindOf(err) != core.Internal {
			t.Errorf("after %d bytes: error %v, want %v", n, err, away)
		}
	}
}

func TestUnpackLeavesWhatIsThere(t *testing.T) {
	raw, _ := packed(t, hello())
	dir := t.TempDir()
	if _, err := registry.Unpack(bytes.NewReader(raw), dir, "", registry.DefaultLimits()); core.KindOf(err) != core.Conflict {
		t.Errorf("error %v, want Conflict", err)
	}
	wantOnly(t, dir)
}

func TestRemoveLeftovers(t *testing.T) {
	parent := t.TempDir()
	for _, name := range []string{".unpack-1/pack.yaml", "hello/pack.yaml"} {
		if err := os.MkdirAll(filepath.Join(parent, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{parent, filepath.Join(parent, "missing")} {
		if err := registry.RemoveLeftovers(dir); err != nil {
			t.Error(err)
		}
	}
	wantOnly(t, parent, "hello")
}

// FuzzUnpack: an archive makes a pack within the limits, or nothing at all.
func FuzzUnpack(f *testing.F) {
	raw, _ := packed(f, hello())
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		f.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain, false)
	f.Add(raw, true)
	f.Add(tarred(f, manifest, file{name: "../evil"}, file{name: "a", kind: tar.TypeSymlink, text: ".."}), false)
	f.Add(tarred(f, file{name: "./x/", kind: tar.TypeDir}, file{name: "./x/pack.yaml"}), false)
	limits := registry.Limits{Archive: 1 << 20, Bytes: 1 << 20, Entries: 20, Path: 100, Ratio: 50}
	f.Fuzz(func(t *testing.T, data []byte, zipped bool) {
		if !zipped {
			data = gzipped(t, data)
		}
		parent := t.TempDir()
		dir := filepath.Join(parent, "x")
		if _, err := registry.Unpack(bytes.NewReader(data), dir, "", limits); err != nil {
			wantOnly(t, parent)
			return
		}
		wantOnly(t, parent, "x")
		wantPlain(t, dir, limits)
	})
}

func wantPlain(t *testing.T, dir string, l registry.Limits) {
	var size int64
	entries := -1 // dir itself
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if !e.IsDir() && !info.Mode().IsRegular() {
			t.Errorf("%s is %v", path, info.Mode())
		} else if !e.IsDir() {
			size += info.Size()
		}
		entries++
		return err
	})
	if err != nil || size > l.Bytes || entries > l.Entries {
		t.Errorf("unpacked %d bytes in %d entries, error %v", size, entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pack.yaml")); err != nil {
		t.Error(err)
	}
}
