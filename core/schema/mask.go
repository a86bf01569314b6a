package schema

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// Masked is what is shown in place of a secret.
const Masked = "********"

// shortSecret is the length, in bytes, below which a secret is not looked for in text:
// hiding each "1" of an output tells more about the secret than it hides.
const shortSecret = 3

// Mask returns a copy of values in which each value declared secret, at any depth, is
// [Masked]. A secret object or list is replaced whole.
func Mask(values map[string]any, params core.Parameters) map[string]any {
	masked, _ := walkSecrets(values, paramSchemas(params), func(any) any { return Masked }).(map[string]any)
	return masked
}

// MaskValue masks v by the schema of the whole value, such as an action's output_schema.
func MaskValue(v any, schema core.Schema) any {
	return walkSecrets(v, schema, func(any) any { return Masked })
}

// Secrets returns the texts inside values that are declared secret, to look for elsewhere.
func Secrets(values map[string]any, params core.Parameters) []string {
	var found []string
	walkSecrets(values, paramSchemas(params), func(secret any) any {
		found = append(found, texts(secret)...)
		return secret
	})
	return found
}

func paramSchemas(params core.Parameters) core.Schema {
	properties := make(map[string]any, len(params))
	for _, p := range params {
		properties[p.Name] = p.Schema
	}
	return core.Schema{"properties": properties}
}

// walkSecrets returns v with each secret in it replaced.
func walkSecrets(v any, schema map[string]any, replace func(any) any) any {
	if schema["secret"] == true {
		return replace(v)
	}
	switch v := v.(type) {
	case map[string]any:
		return walkObject(v, schema, replace)
	case []any:
		return walkList(v, schema["items"], replace)
	}
	return v
}

func walkObject(object map[string]any, schema map[string]any, replace func(any) any) map[string]any {
	if object == nil {
		return nil
	}
	properties, _ := asSchema(schema["properties"])
	others, _ := asSchema(schema["additionalProperties"])
	out := make(map[string]any, len(object))
	for name, v := range object {
		sub, ok := asSchema(properties[name])
		if !ok {
			sub = others
		}
		out[name] = walkSecrets(v, sub, replace)
	}
	return out
}

func walkList(list []any, items any, replace func(any) any) []any {
	each, _ := asSchema(items)
	places, _ := items.([]any)
	out := make([]any, len(list))
	for i, v := range list {
		sub := each
		if i < len(places) {
			sub, _ = asSchema(places[i])
		}
		out[i] = walkSecrets(v, sub, replace)
	}
	return out
}

// texts lists every text and number inside a secret.
func texts(v any) []string {
	switch v := v.(type) {
	case nil, bool:
		return nil
	case string:
		return []string{v}
	case []any:
		var found []string
		for _, item := range v {
			found = append(found, texts(item)...)
		}
		return found
	case map[string]any:
		var found []string
		for _, name := range sortedKeys(v) {
			found = append(found, texts(v[name])...)
		}
		return found
	}
	return []string{reprNumber(v)}
}

// Masker replaces known secrets inside text. It is safe for concurrent use. Of text in
// pieces each is masked for itself: who cuts it keeps back what [Masker.Beginning] says.
type Masker struct {
	forms    []string // all that is looked for
	long     []string // looked for one after the other
	replacer *strings.Replacer
}

// longSecret is the length, in bytes, from which a Replacer may take minutes: the time that
// it needs to begin with grows with the square of it.
const longSecret = 4 << 10

// MaskerOf looks for the values of secret parameters; nil when there are none.
func MaskerOf(values map[string]any, params core.Parameters) *Masker {
	secrets := Secrets(values, params)
	if len(secrets) == 0 {
		return nil
	}
	return NewMasker(secrets)
}

// NewMasker looks for secrets as they are and as they stand inside a JSON text. Those
// shorter than three bytes are left out.
func NewMasker(secrets []string) *Masker {
	var forms []string
	for _, s := range secrets {
		if len(s) < shortSecret {
			continue
		}
		forms = append(forms, s)
		quoted, err := json.Marshal(s)
		if inner := string(quoted[1 : len(quoted)-1]); err == nil && inner != s {
			forms = append(forms, inner)
		}
	}
	// A secret that holds another goes first, or its remains would show.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	m := &Masker{forms: slices.Compact(forms)}
	pairs := make([]string, 0, 2*len(m.forms))
	for _, s := range m.forms {
		if len(s) >= longSecret {
			m.long = append(m.long, s)
			continue
		}
		pairs = append(pairs, s, Masked)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

// Mask returns text with each secret replaced by [Masked].
func (m *Masker) Mask(text string) string {
	for _, s := range m.long {
		text = strings.ReplaceAll(text, s, Masked)
	}
	return m.replacer.Replace(text)
}

// MaskJSON masks the texts inside a JSON value, names of members among them, however they
// are escaped.
func (m *Masker) MaskJSON(value []byte) []byte {
	out := make([]byte, 0, len(value))
	for len(value) > 0 {
		start := bytes.IndexByte(value, '"')
		if start < 0 {
			break
		}
		end := start + textLen(value[start:])
		out = append(out, value[:start]...)
		out = append(out, m.maskText(value[start:end])...)
		value = value[end:]
	}
	return append(out, value...)
}

// maskText masks a JSON string.
func (m *Masker) maskText(quoted []byte) []byte {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return []byte(`""`) // no JSON: nothing is surely hidden
	}
	masked := m.Mask(text)
	if masked == text {
		return quoted
	}
	out, _ := json.Marshal(masked) // a string has a JSON form
	return out
}

// textLen is the length of the JSON string that b begins with, quotes and all.
func textLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// Beginning is the length of the longest end of text that a secret begins with.
func (m *Masker) Beginning(text string) int {
	longest := 0
	for _, s := range m.forms {
		longest = max(longest, overlap(text, s[:min(len(s)-1, len(text))]))
	}
	return longest
}

// overlap is the length of the longest end of text that start begins with; start is no
// longer than text. It takes as long as start is (by Knuth, Morris and Pratt): a pack's code
// chooses both texts, and could make the server compare for minutes.
func overlap(text, start string) int {
	border, n := make([]int, len(start)), 0 // of each beginning of start: the longest end that it begins with
	for i := 1; i < len(start); i++ {
		n = extended(border, start, n, start[i])
		border[i] = n
	}
	n = 0
	for _, c := range []byte(text[len(text)-len(start):]) {
		n = extended(border, start, n, c)
	}
	return n
}

// extended is how much of start an end of a text is that was n of it before c followed.
func extended(border []int, start string, n int, c byte) int {
	for n > 0 && start[n] != c {
		n = border[n-1]
	}
	if start[n] == c {
		n++
	}
	return n
}
