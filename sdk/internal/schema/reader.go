package schema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A reader turns types into nodes and collects faults.
type reader struct {
	within []reflect.Type // the structs being read, outermost first
	faults []error
}

func (r *reader) fault(path, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// object reads a struct.
func (r *reader) object(t reflect.Type, path string) *node {
	n := &node{kind: "object"}
	if slices.Contains(r.within, t) {
		return n // a type within itself: any object from here on
	}
	r.within = append(r.within, t)
	defer func() { r.within = r.within[:len(r.within)-1] }()
	r.members(n, t, path)
	r.positions(n, path)
	return n
}

// members adds the fields of t to n, those of embedded structs as encoding/json does.
func (r *reader) members(n *node, t reflect.Type, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && option == "" {
			continue
		}
		if inner := pointed(f.Type); f.Anonymous && name == "" && inner.Kind() == reflect.Struct && !Opaque(inner) {
			r.members(n, inner, path)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		r.member(n, f, name, option, path)
	}
}

func (r *reader) member(n *node, f reflect.StructField, name, option, path string) {
	at := under(path, name)
	if slices.ContainsFunc(n.fields, func(o field) bool { return o.name == name }) {
		r.fault(at, "two fields have this name")
		return
	}
	if slices.Contains(strings.Split(option, ","), "string") {
		r.fault(at, `the option ",string" of a json tag is not supported: make the field a string`)
	}
	m := r.read(f.Type, at)
	r.tags(m, f, at)
	n.fields = append(n.fields, field{name, m})
	n.promises = n.promises || m.promises || m.required || m.initial != nil || m.enum != nil
}

// read reads any type.
func (r *reader) read(t reflect.Type, path string) *node {
	t = pointed(t)
	switch {
	case t == reflect.TypeFor[time.Duration]():
		r.fault(path, "a time.Duration would be a number of nanoseconds: use sdk.Duration, which is text such as 1m30s")
		return &node{}
	case t == reflect.TypeFor[time.Time]():
		return &node{kind: "string", words: words{{"format", "date-time"}}}
	case has[encoding.TextUnmarshaler](t) || has[encoding.TextMarshaler](t):
		return &node{kind: "string"}
	case has[json.Unmarshaler](t) || has[json.Marshaler](t):
		return &node{}
	}
	if kind, ok := kinds[t.Kind()]; ok {
		return plain(t, kind)
	}
	return r.compound(t, path)
}

func plain(t reflect.Type, kind string) *node {
	n := &node{kind: kind}
	if reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64 {
		n.words = words{{"minimum", 0}}
	}
	return n
}

// compound reads a type that is made of others.
func (r *reader) compound(t reflect.Type, path string) *node {
	switch t.Kind() {
	case reflect.Struct:
		return r.object(t, path)
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return &node{kind: "string", words: words{{"format", "byte"}}} // base64
		}
		elem := r.read(t.Elem(), path+"[]")
		return &node{kind: "array", elem: elem, promises: elem.promises}
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			r.fault(path, "the keys of a JSON object are strings, these are %v", t.Key())
		}
		elem := r.read(t.Elem(), path+".*")
		return &node{kind: "object", elem: elem, promises: elem.promises}
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return &node{}
		}
	}
	r.fault(path, "a %v cannot be read from JSON", t)
	return &node{}
}

// pointed is what a pointer points to.
func pointed(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// has is whether t or a pointer to it implements I.
func has[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

// under is the path of a member.
func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Opaque is whether t writes itself as JSON or text, so that its fields mean nothing.
func Opaque(t reflect.Type) bool {
	return has[encoding.TextUnmarshaler](t) || has[encoding.TextMarshaler](t) || has[json.Unmarshaler](t) || has[json.Marshaler](t)
}
