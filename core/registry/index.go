package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// format is the version of the index document that this package reads and writes. Fields
// may be added to it; readers ignore those they do not know.
const format = 1

// Index is a document that lists packs.
type Index struct {
	Format int                `json:"format"`
	Name   string             `json:"name,omitempty"`
	Packs  map[string]Listing `json:"packs"` // by reference
}

// Listing is a pack in an index. The texts are those of its newest version.
type Listing struct {
	Description string             `json:"description,omitempty"`
	Author      string             `json:"author,omitempty"`
	Keywords    []string           `json:"keywords,omitempty"`
	Versions    map[string]Release `json:"versions"` // at least one
}

// Release is one version of a pack. What it says of the pack is for those who choose;
// what counts is the pack.yaml in the archive.
type Release struct {
	URL         string            `json:"url"`    // of the archive: http, https or file, or relative to the index
	SHA256      string            `json:"sha256"` // of the archive, 64 hex digits in small letters
	Size        int64             `json:"size"`   // of the archive, in bytes
	Permissions *core.Permissions `json:"permissions,omitempty"`
	Runtime     *core.Runtime     `json:"runtime,omitempty"`
}

// maxFaults is how much that is wrong with an index is told at once.
const maxFaults = 10

// reading is one ParseIndex under way.
type reading struct{ faults []error }

// ParseIndex reads an index document. The error is Invalid and names each field at fault
// by its path, such as packs.hello.versions.1.2.0.sha256.
func ParseIndex(raw []byte) (*Index, error) {
	var doc struct {
		Format *int                       `json:"format"`
		Name   string                     `json:"name"`
		Packs  map[string]json.RawMessage `json:"packs"`
	}
	r := &reading{}
	ok := r.decode("", raw, &doc)
	switch {
	case !ok:
	case doc.Format == nil && doc.Packs == nil:
		r.fail("format", "is missing: this is no index of packs")
	case doc.Format == nil:
		r.fail("format", "is missing: this is no index of Petrel's (one of StackStorm's lists repositories, which are not read)")
	case *doc.Format != format:
		r.fail("format", "%d is not known here, only %d is; a newer Petrel may read it", *doc.Format, format)
	case doc.Packs == nil:
		r.fail("packs", "is missing; it is an object of packs by their reference")
	default:
		x := &Index{Format: format, Name: doc.Name, Packs: map[string]Listing{}}
		for _, name := range slices.Sorted(maps.Keys(doc.Packs)) {
			x.Packs[name] = r.listing(name, doc.Packs[name])
		}
		if len(r.faults) == 0 {
			return x, nil
		}
	}
	return nil, r.err()
}

func (r *reading) fail(field, format string, args ...any) {
	r.faults = append(r.faults, core.FieldErrorf(field, "%s: %s", field, fmt.Sprintf(format, args...)))
}

func (r *reading) err() error {
	if len(r.faults) > maxFaults {
		more := fmt.Errorf("and %d more faults", len(r.faults)-maxFaults)
		r.faults = append(r.faults[:maxFaults:maxFaults], more)
	}
	return core.Errorf(core.Invalid, "%w", errors.Join(r.faults...))
}

// decode reads one object of the document and reports whether that went well.
func (r *reading) decode(at string, raw []byte, into any) bool {
	err := json.Unmarshal(raw, into)
	var mistyped *json.UnmarshalTypeError
	switch {
	case err == nil && string(bytes.TrimSpace(raw)) != "null":
		return true
	case err == nil:
		mistyped = &json.UnmarshalTypeError{Value: "null"}
	case !errors.As(err, &mistyped):
		r.faults = append(r.faults, core.Errorf(core.Invalid, "the index is no JSON: %w", err))
		return false
	}
	field := strings.Trim(at+"."+mistyped.Field, ".")
	if field == "" {
		field = "the index"
	}
	r.fail(field, "%s does not fit here", article(mistyped.Value))
	return false
}

func article(value string) string {
	switch value {
	case "null":
		return value
	case "array", "object":
		return "an " + value
	}
	return "a " + value
}

// The names of packs. st2: metadata reference 1, names.
var nameForm = regexp.MustCompile(`^[a-z0-9_]+$`)

func (r *reading) listing(name string, raw json.RawMessage) Listing {
	at := "packs." + name
	var doc struct {
		Description string                     `json:"description"`
		Author      string                     `json:"author"`
		Keywords    []string                   `json:"keywords"`
		Versions    map[string]json.RawMessage `json:"versions"`
	}
	if !nameForm.MatchString(name) || name == "_global" {
		r.fail(at, "%q cannot be the reference of a pack: small letters, digits and _", name)
	}
	if !r.decode(at, raw, &doc) {
		return Listing{}
	}
	if len(doc.Versions) == 0 {
		r.fail(at+".versions", "is missing or empty; a pack has at least one version")
	}
	l := Listing{Description: doc.Description, Author: doc.Author, Keywords: doc.Keywords, Versions: map[string]Release{}}
	for _, version := range slices.Sorted(maps.Keys(doc.Versions)) {
		l.Versions[version] = r.release(at+".versions."+version, version, doc.Versions[version])
	}
	return l
}

func (r *reading) release(at, version string, raw json.RawMessage) Release {
	var v Release
	if !r.decode(at, raw, &v) {
		return v
	}
	if !versionForm.MatchString(version) {
		r.fail(at, "version %q needs three numbers, such as 1.0.0", version)
	}
	if !isSHA256(v.SHA256) {
		r.fail(at+".sha256", "%q is not 64 hex digits in small letters", v.SHA256)
	}
	if v.Size <= 0 {
		r.fail(at+".size", "%d is not the size of an archive in bytes", v.Size)
	}
	if _, err := parseURL(v.URL); err != nil {
		r.fail(at+".url", "%v", err)
	}
	return v
}

// parseURL reads the address of an archive, absolute or relative.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return nil, errors.New("is missing")
	case err != nil:
		return nil, errors.Unwrap(err) // without the address, which may hold a password
	case u.Scheme != "" && !slices.Contains(schemes, u.Scheme) || u.Opaque != "":
		return nil, fmt.Errorf("%q is none of http, https, file, nor relative", u.Scheme)
	}
	return u, nil
}

// schemes are those of addresses that can be fetched.
var schemes = []string{"http", "https", "file"}

// Encode writes the index as it is published: the same content gives the same bytes.
func (x *Index) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(x); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
