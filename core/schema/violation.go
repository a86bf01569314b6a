package schema

import (
	"cmp"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Violation is one way in which a value breaks its schema.
type Violation struct {
	Path    []string // to the value at fault, or the missing property; list items by index
	Keyword string   // of the schema: "type", "required", "additionalProperties", …
	Text    string   // as Python's jsonschema words it
	Extra   []string // the unexpected names, of "additionalProperties"

	context []Violation // of "anyOf" and "oneOf": what is wrong with each branch
	typed   bool        // the value has the type its schema asks for
}

// Field returns the dotted path of the field at fault, down to the unexpected name
// where it is about one.
func (v Violation) Field() string {
	field := strings.Join(v.Path, ".")
	if len(v.Extra) > 0 {
		field = joinField(field, v.Extra[0])
	}
	return field
}

// best returns the violation to tell a person about, as an error; nil for none. It picks
// as Python's jsonschema does: the shallowest, and of a choice of schemas of which none
// fits, what is wrong with the branch that came furthest.
func best(found []Violation) error {
	if len(found) == 0 {
		return nil
	}
	top := found[0]
	for _, v := range found[1:] {
		if v.relevance(top) > 0 {
			top = v
		}
	}
	for len(top.context) > 0 {
		next, ok := leastRelevant(top.context)
		if !ok {
			break
		}
		top = next
	}
	return core.FieldErrorf(top.Field(), "%s", top.Text)
}

// leastRelevant returns the one that stands out below all others, if one does.
func leastRelevant(found []Violation) (least Violation, ok bool) {
	least, ok = found[0], true
	for _, v := range found[1:] {
		switch r := v.relevance(least); {
		case r < 0:
			least, ok = v, true
		case r == 0:
			ok = false
		}
	}
	return least, ok
}

// relevance compares v with w: positive if v tells more of what is wrong.
func (v Violation) relevance(w Violation) int {
	return cmp.Or(
		cmp.Compare(len(w.Path), len(v.Path)),
		comparePaths(v.Path, w.Path),
		compareBools(!v.weak(), !w.weak()),
		compareBools(!v.typed, !w.typed),
	)
}

func (v Violation) weak() bool { return v.Keyword == "anyOf" || v.Keyword == "oneOf" }

// comparePaths compares paths step by step, indexes of lists as numbers.
func comparePaths(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if isIndex(a[i]) && isIndex(b[i]) && len(a[i]) != len(b[i]) {
			return cmp.Compare(len(a[i]), len(b[i]))
		}
		if c := strings.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

func isIndex(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
