package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/registry"
)

var digest = strings.Repeat("0123456789abcdef", 4)

// release is the JSON of a release, with fields that say otherwise.
func release(changes string) string {
	return fmt.Sprintf(`{"url": "hello-1.0.0.tar.gz", "sha256": %q, "size": 10 %s}`, digest, changes)
}

func index(packs string) string { return `{"format": 1, "name": "ours", "packs": {` + packs + `}}` }

func pack(version, release string) string {
	return fmt.Sprintf(`"hello": {"description": "Says hello", "keywords": ["greeting"], "versions": {%q: %s}}`, version, release)
}

func TestParseIndex(t *testing.T) {
	x, err := registry.ParseIndex([]byte(index(pack("1.0.0", release(`, "unknown": 1,
		"permissions": {"http": ["https://api.example.com"], "kv": {"read": ["team.*"]}}, "runtime": {"type": "wasm"}`)))))
	if err != nil {
		t.Fatal(err)
	}
	want := &registry.Index{Format: 1, Name: "ours", Packs: map[string]registry.Listing{"hello": {
		Description: "Says hello", Keywords: []string{"greeting"},
		Versions: map[string]registry.Release{"1.0.0": {
			URL: "hello-1.0.0.tar.gz", SHA256: digest, Size: 10,
			Permissions: &core.Permissions{HTTP: []string{"https://api.example.com"}, KV: core.KVAccess{Read: []string{"team.*"}}},
			Runtime:     &core.Runtime{Type: "wasm"},
		}},
	}}}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Error(diff)
	}
	if x, err := registry.ParseIndex([]byte(`{"format": 1, "packs": {}}`)); err != nil || len(x.Packs) != 0 {
		t.Errorf("an empty index: %v, %v", x, err)
	}
}

func TestParseIndexRefuses(t *testing.T) {
	in := "packs.hello.versions.1.0.0"
	cases := map[string]string{ // document: what is said of it
		``:                                  "the index is no JSON",
		`<html>`:                            "the index is no JSON",
		`null`:                              "the index: null does not fit here",
		`[]`:                                "the index: an array does not fit here",
		`{}`:                                "format: is missing: this is no index of packs",
		`{"metadata":{},"packs":{}}`:        "format: is missing: this is no index of Petrel's",
		`{"format": 2}`:                     "format: 2 is not known here, only 1 is",
		`{"format": "1"}`:                   "format: a string does not fit here",
		`{"format": 1}`:                     "packs: is missing",
		`{"format":1,"packs":[]}`:           "packs: an array does not fit here",
		index(`"hello": null`):              "packs.hello: null does not fit here",
		index(`"Hello": {}`):                `packs.Hello: "Hello" cannot be the reference of a pack`,
		index(`"_global": {}`):              `packs._global: "_global" cannot be the reference`,
		index(`"hello": {}`):                "packs.hello.versions: is missing or empty",
		index(`"hello": {"keywords": "x"}`): "packs.hello.keywords: a string does not fit here",
		index(`"hello": {"versions": []}`):  "packs.hello.versions: an array does not fit here",
		index(pack("1.0", release(""))):     `packs.hello.versions.1.0: version "1.0" needs three numbers`,
		index(pack("1.0.0", "3")):           in + ": a number does not fit here",
		index(pack("1.0.0", "{}")):          in + ".sha256: \"\" is not 64 hex digits",
		index(pack("1.0.0", release(`, "size": 0`))):                    in + ".size: 0 is not the size of an archive",
		index(pack("1.0.0", release(`, "size": "10"`))):                 in + ".size: a string does not fit here",
		index(pack("1.0.0", release(`, "sha256": "AB"`))):               in + `.sha256: "AB" is not 64 hex digits in small letters`,
		index(pack("1.0.0", release(`, "url": ""`))):                    in + ".url: is missing",
		index(pack("1.0.0", release(`, "url": "git://x/y"`))):           in + `.url: "git" is none of http, https, file`,
		index(pack("1.0.0", release(`, "url": "https:x"`))):             in + `.url: "https" is none of`,
		index(pack("1.0.0", release(`, "url": "http://a:b@[::1"`))):     in + ".url: missing ']' in host",
		index(pack("1.0.0", release(`, "permissions": {"http": "*"}`))): in + ".permissions.http: a string does not fit here",
	}
	for doc, want := range cases {
		_, err := registry.ParseIndex([]byte(doc))
		if core.KindOf(err) != core.Invalid || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: error %v, want Invalid with %q", doc, err, want)
		}
	}
}

// An index tells all that is wrong with it, as far as somebody can read it.
func TestParseIndexTellsAll(t *testing.T) {
	var packs []string
	for i := range 30 {
		packs = append(packs, fmt.Sprintf(`"p%02d": {}`, i))
	}
	_, err := registry.ParseIndex([]byte(index(strings.Join(packs, ","))))
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != 11 || !strings.HasPrefix(lines[9], "packs.p09.versions") || lines[10] != "and 20 more faults" {
		t.Errorf("error %v", err)
	}
}

// FuzzParseIndex: what is taken can be published and read again.
func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(index(pack("1.0.0", release(`, "permissions": {"kv": {"read": ["a"]}}, "runtime": {"type": "process", "command": ["bin/x"]}`)))))
	f.Add([]byte(index(pack("1.0.0-rc.1+5", release(`, "url": "https://u:p@h:1/a?b#c"`)))))
	f.Add([]byte(`{"format": 1, "packs": {"a": null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := registry.ParseIndex(data)
		if err != nil {
			if core.KindOf(err) != core.Invalid {
				t.Fatalf("error %v of kind %v", err, core.KindOf(err))
			}
			return
		}
		raw, err := x.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := registry.ParseIndex(raw)
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		if raw2, err := again.Encode(); err != nil || string(raw) != string(raw2) {
			t.Errorf("published again it differs, error %v:\n%s\n%s", err, raw, raw2)
		}
	})
}
