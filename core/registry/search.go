package registry

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Search finds the packs that have query in their names, then those that have it in their
// keywords, then those in whose descriptions it is; capital letters do not matter. An
// empty query finds all. Indexes that do not answer are told beside what the others have.
// st2: pack-index reference, fetching.
func (r *Registry) Search(ctx context.Context, query string) ([]Listed, []Status) {
	copies := r.all(ctx, r.options.MaxAge)
	query = strings.ToLower(strings.TrimSpace(query))
	var found []Listed
	for _, l := range merge(copies) {
		if l.rank(query) < nowhere {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b Listed) int { return cmp.Compare(a.rank(query), b.rank(query)) })
	return found, statuses(copies)
}

// Where a query was found, best first.
const (
	isName = iota
	inName
	inKeywords
	inDescription
	nowhere
)

func (l Listed) rank(query string) int {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), query) }
	switch {
	case l.Name == query:
		return isName
	case has(l.Name):
		return inName
	case slices.ContainsFunc(l.Keywords, has):
		return inKeywords
	case has(l.Description):
		return inDescription
	}
	return nowhere
}

// ParseSpec takes NAME or NAME=VERSION apart; a v before the version is dropped. The
// version is empty when none is asked for. The error is Invalid.
func ParseSpec(spec string) (name, version string, err error) {
	name, version, asked := strings.Cut(spec, "=")
	if !nameForm.MatchString(name) {
		return "", "", core.Errorf(core.Invalid, "%q is no name of a pack: small letters, digits and _", name)
	}
	version = strings.TrimPrefix(version, "v")
	if asked && !versionForm.MatchString(version) {
		return "", "", core.Errorf(core.Invalid, "version %q needs three numbers, as in %s=1.0.0", version, name)
	}
	return name, version, nil
}

// Offer is a version of a pack that can be fetched.
type Offer struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Release Release  `json:"release"`         // its URL is absolute and without a password
	Index   string   `json:"index"`           // its URL, without a password
	Notes   []string `json:"notes,omitempty"` // what somebody should know before they take it

	url *url.URL // of the archive
}

// Find picks a version of a pack, the newest that is no pre-release when version is empty.
// The first index that has the name decides, and is asked anew. So that nobody gets
// another pack of the same name because an index is away, Find does not look past one that
// does not answer and of which no older copy is held.
//
// Errors are NotFound, which name what there is, and Unavailable.
func (r *Registry) Find(ctx context.Context, name, version string) (*Offer, error) {
	copies := r.all(ctx, 0)
	var notes []string
	for i, c := range copies {
		if c.index == nil {
			return nil, core.Errorf(core.Unavailable, "the pack %q cannot be looked up: the index %s is asked before others, and %w", name, c.name(), c.err)
		}
		if c.err != nil {
			notes = append(notes, "the index "+c.name()+" "+c.status().Message)
		}
		if l, ok := c.index.Packs[name]; ok {
			o, err := offer(name, version, l, c)
			if err == nil {
				o.Notes = append(notes, shadowed(name, copies[i+1:])...)
			}
			return o, err
		}
	}
	return nil, unknown(name, copies)
}

// shadowed tells which later indexes list a name too.
func shadowed(name string, later []copied) []string {
	var notes []string
	for _, c := range later {
		if c.index == nil {
			continue
		}
		if _, too := c.index.Packs[name]; too {
			notes = append(notes, "the index "+c.name()+" has a pack "+name+" too; it comes later and is not used")
		}
	}
	return notes
}

func unknown(name string, copies []copied) error {
	if len(copies) == 0 {
		return core.Errorf(core.NotFound, "no record of the %q pack: there is no index to look in; name one under registries: in the server's configuration, or install a folder, an archive or a URL", name)
	}
	var names []string
	for _, l := range merge(copies) {
		names = append(names, l.Name)
	}
	if near := core.Nearest(name, names); near != "" {
		return core.Errorf(core.NotFound, "no record of the %q pack in the index; did you mean %q?", name, near)
	}
	return core.Errorf(core.NotFound, "no record of the %q pack in the index", name)
}

// maxTold is how many versions an error names.
const maxTold = 10

func offer(name, version string, l Listing, c copied) (*Offer, error) {
	versions := l.versions()
	if version == "" {
		version = newest(versions)
	}
	release, ok := l.Versions[version]
	if !ok {
		told := strings.Join(versions[:min(len(versions), maxTold)], ", ")
		return nil, core.Errorf(core.NotFound, "%s has no version %s in %s; there are %s", name, version, c.name(), told)
	}
	u, err := resolve(c.url, release.URL)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "the index %s: packs.%s.versions.%s.url: %w", c.name(), name, version, err)
	}
	release.URL = u.Redacted()
	return &Offer{Name: name, Version: version, Release: release, Index: c.name(), url: u}, nil
}

// resolve makes an archive's address absolute. Only an index that is a file itself may
// point at files.
func resolve(index *url.URL, address string) (*url.URL, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	u = index.ResolveReference(u)
	if u.Scheme == "file" && index.Scheme != "file" {
		return nil, errors.New("an index on the network may not point at files of this machine")
	}
	return u, nil
}
