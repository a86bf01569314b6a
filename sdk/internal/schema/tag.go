package schema

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// tags adds to n what the tags of its field say.
func (r *reader) tags(n *node, f reflect.StructField, path string) {
	n.doc = f.Tag.Get("doc")
	n.required = r.flag(n, f, path, "required")
	if n.required && f.Type.Kind() == reflect.Pointer {
		r.fault(path, "a pointer is a field that may be absent: it cannot be required")
	}
	if text, ok := f.Tag.Lookup("enum"); ok {
		if n.kind == "" || n.kind == "object" || n.kind == "array" {
			r.fault(path, "an enum is of text, numbers or flags, this is a %v", f.Type)
			return
		}
		for part := range strings.SplitSeq(text, ",") {
			n.enum = append(n.enum, r.value(f.Type, path, "enum", strings.TrimSpace(part)))
		}
	}
	if text, ok := f.Tag.Lookup("default"); ok {
		n.initial = r.value(f.Type, path, "default", text)
		if n.enum != nil && !slices.ContainsFunc(n.enum, func(e json.RawMessage) bool { return string(e) == string(n.initial) }) {
			r.fault(path, "its default %s is not in its enum", n.initial)
		}
	}
	r.flag(n, f, path, "secret")
	if text, ok := f.Tag.Lookup("position"); ok {
		at, err := strconv.Atoi(text)
		if err != nil || at < 0 {
			r.fault(path, "position %q is no whole number from 0 on", text)
		} else {
			n.marks = append(n.marks, word{"position", at})
		}
	}
	if r.flag(n, f, path, "immutable") && n.initial == nil {
		r.fault(path, "it is immutable and has no default, so it could never be anything")
	}
}

// flag adds a mark that is true or false.
func (r *reader) flag(n *node, f reflect.StructField, path, name string) bool {
	text, ok := f.Tag.Lookup(name)
	if !ok {
		return false
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		r.fault(path, "%s %q is neither true nor false", name, text)
	}
	if on {
		n.marks = append(n.marks, word{name, true})
	}
	return on
}

// value reads a value in a tag, which fits the field's type: text as it stands, or JSON.
func (r *reader) value(t reflect.Type, path, tag, text string) json.RawMessage {
	quoted := mustJSON(text)
	if json.Unmarshal(quoted, reflect.New(t).Interface()) == nil && pointed(t).Kind() != reflect.Interface {
		return quoted
	}
	if json.Valid([]byte(text)) && json.Unmarshal([]byte(text), reflect.New(t).Interface()) == nil {
		return mustJSON(json.RawMessage(text)) // compact
	}
	if pointed(t).Kind() == reflect.Interface {
		return quoted
	}
	r.fault(path, "%s %q is no %v", tag, text, t)
	return quoted
}

// positions are to be 0, 1, 2 and so on.
func (r *reader) positions(n *node, path string) {
	names := map[int]string{}
	for _, f := range n.fields {
		for _, m := range f.node.marks {
			at, ok := m.value.(int)
			if !ok {
				continue
			}
			if other, taken := names[at]; taken {
				r.fault(under(path, f.name), "%s has position %d too", other, at)
			}
			names[at] = f.name
		}
	}
	for at := range len(names) {
		if _, ok := names[at]; !ok {
			r.fault(under(path, "position"), "nothing stands at %d, though %d fields have a position", at, len(names))
			return
		}
	}
}
