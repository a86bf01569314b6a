package registry

import (
	"slices"
	"strings"
)

// Listed is a pack as the first index that has its name lists it.
type Listed struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Author      string   `json:"author,omitempty"`
	Keywords    []string `json:"keywords,omitempty"`
	Version     string   `json:"version"`        // what the bare name stands for
	Versions    []string `json:"versions"`       // all, newest first
	Release     Release  `json:"release"`        // of Version; its URL as the index has it
	Index       string   `json:"index"`          // its URL, without a password
	Also        []string `json:"also,omitempty"` // later indexes that list the name too
}

// merge lists every pack of the indexes, ordered by name.
func merge(copies []copied) []Listed {
	byName := map[string]*Listed{}
	for _, c := range copies {
		if c.index == nil {
			continue
		}
		for name, l := range c.index.Packs {
			if first := byName[name]; first != nil {
				first.Also = append(first.Also, c.name())
				continue
			}
			byName[name] = listed(name, l, c)
		}
	}
	all := make([]Listed, 0, len(byName))
	for _, l := range byName {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Listed) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func listed(name string, l Listing, c copied) *Listed {
	versions := l.versions()
	version := newest(versions)
	return &Listed{
		Name: name, Description: l.Description, Author: l.Author, Keywords: l.Keywords,
		Version: version, Versions: versions, Release: l.Versions[version], Index: c.name(),
	}
}

// versions of a pack, newest first.
func (l Listing) versions() []string {
	all := make([]string, 0, len(l.Versions))
	for v := range l.Versions {
		all = append(all, v)
	}
	newestFirst(all)
	return all
}
