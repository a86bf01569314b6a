package client

import (
	"net/url"
	"strings"
)

// Object is one resource as the server gave it: strings, bools, json.Numbers, []any and map[string]any.
type Object map[string]any

// Lookup returns the value at a dotted path such as "action.ref". A key that itself
// contains the dots wins.
func (o Object) Lookup(path string) (any, bool) {
	if v, ok := o[path]; ok {
		return v, true
	}
	head, rest, dotted := strings.Cut(path, ".")
	if !dotted {
		return nil, false
	}
	inner, ok := o[head].(map[string]any)
	if !ok {
		return nil, false
	}
	return Object(inner).Lookup(rest)
}

// String returns the string at a dotted path, "" when there is none.
func (o Object) String(path string) string {
	v, _ := o.Lookup(path)
	s, _ := v.(string)
	return s
}

// Object returns the object at a dotted path, nil when there is none.
func (o Object) Object(path string) Object {
	v, _ := o.Lookup(path)
	m, _ := v.(map[string]any)
	return m
}

// ID is the resource's id.
func (o Object) ID() string { return o.String("id") }

// Path joins segments to a request path, escaping each. Slashes inside a segment stay,
// because the names of webhooks have them.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		for part := range strings.SplitSeq(strings.Trim(s, "/"), "/") {
			b.WriteString("/" + url.PathEscape(part))
		}
	}
	return b.String()
}
