package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

// maxDepth is how deep the objects and lists of a body may nest.
const maxDepth = 100

// json returns the request's body as JSON, nil when it is empty. Forms become objects
// whose values are lists of texts. The bytes are the request's own: they are good until
// the handler returns. Errors are Invalid. st2: rest-api reference, content type.
func (c *call) json() (json.RawMessage, error) {
	kind := string(c.Request().Header.ContentType())
	media, _, _ := mime.ParseMediaType(kind)
	switch {
	case kind == "", media == "application/json", media == "text/plain":
		return checkedJSON(bytes.TrimSpace(c.Request().Body()))
	case media == "application/x-www-form-urlencoded":
		return c.form()
	case media == "multipart/form-data":
		return c.multipart()
	}
	return nil, unparsed("Unsupported Content-Type: \"%s\"", kind)
}

func unparsed(format string, args ...any) error {
	return core.Errorf(core.Invalid, "Failed to parse request body: "+format, args...)
}

// checkedJSON returns a body that is one JSON value of bounded depth in UTF-8.
func checkedJSON(b []byte) (json.RawMessage, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if depthOf(b) > maxDepth {
		return nil, unparsed("objects and lists nest deeper than %d levels, the most this server takes", maxDepth)
	}
	if !utf8.Valid(b) {
		return nil, unparsed("it is not UTF-8")
	}
	if json.Valid(b) {
		return b, nil
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(b, new(json.RawMessage))
	if errors.As(err, &syntax) {
		before := b[:min(int(syntax.Offset), len(b))]
		line := bytes.Count(before, []byte{'\n'}) + 1
		column := len(before) - bytes.LastIndexByte(before, '\n') - 1
		return nil, unparsed("%v: line %d column %d", err, line, max(column, 1))
	}
	return nil, unparsed("%v", err)
}

// depthOf returns how deep objects and lists nest, looking at brackets outside of texts.
func depthOf(b []byte) int {
	depth, deepest := 0, 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		case '"':
			i = endOfText(b, i)
		}
	}
	return deepest
}

// endOfText returns the index of the quote that closes the JSON text opening at i.
func endOfText(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// formValues keeps a form's fields in the order they came.
type formValues struct {
	names  []string
	values map[string][]string
}

func (f *formValues) add(name, value string) {
	if f.values == nil {
		f.values = map[string][]string{}
	}
	if _, ok := f.values[name]; !ok {
		f.names = append(f.names, name)
	}
	f.values[name] = append(f.values[name], strings.ToValidUTF8(value, "\uFFFD"))
}

func (f *formValues) json() (json.RawMessage, error) {
	b := []byte{'{'}
	for i, name := range f.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, strings.ToValidUTF8(name, "\uFFFD")), ':')
		values, err := json.Marshal(f.values[name])
		if err != nil {
			return nil, err
		}
		b = append(b, values...)
	}
	return append(b, '}'), nil
}

// form reads an urlencoded body. st2 differs: blank values are kept, not dropped.
func (c *call) form() (json.RawMessage, error) {
	var f formValues
	c.Request().PostArgs().VisitAll(func(name, value []byte) { f.add(string(name), string(value)) })
	return f.json()
}

func (c *call) multipart() (json.RawMessage, error) {
	m, err := c.MultipartForm()
	if err != nil {
		return nil, unparsed("%v", err)
	}
	for name := range m.File {
		return nil, unparsed("the field \"%s\" is a file; only texts are taken", name)
	}
	var f formValues
	names := make([]string, 0, len(m.Value))
	for name := range m.Value {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range m.Value[name] {
			f.add(name, v)
		}
	}
	return f.json()
}

// kindOfJSON names a JSON value's type.
func kindOfJSON(raw []byte) string {
	if len(raw) == 0 {
		return "null"
	}
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// rawObject returns the body as a JSON object of its own memory. An empty body counts
// as {}. The error is Invalid.
func (c *call) rawObject() (json.RawMessage, error) {
	raw, err := c.json()
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	if kind := kindOfJSON(raw); kind != "object" {
		return nil, core.Errorf(core.Invalid, "Input body needs to be an object, got: %s", kind)
	}
	return bytes.Clone(raw), nil
}

// object reads the body into v after checking it against a schema. Errors are Invalid,
// in the words of Python's jsonschema.
func (c *call) object(check *schema.Object, v any) error {
	raw, err := c.rawObject()
	if err != nil {
		return err
	}
	whole := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&whole); err != nil {
		return unparsed("%v", err)
	}
	if err := check.Check(whole); err != nil {
		return err
	}
	return readInto(raw, v)
}

// content reads an action, a rule or a trigger type. One that names no pack goes to the
// pack given. Errors are Invalid.
func content[T any](c *call, parse func(data []byte, file string) (*T, error), packOf func(*T) *string, otherwise string) (*T, error) {
	raw, err := c.rawObject()
	if err != nil {
		return nil, err
	}
	v, err := parse(raw, "")
	if err != nil {
		return nil, err
	}
	var named struct {
		Pack string `json:"pack"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, unparsed("%v", err)
	}
	if named.Pack == "" {
		*packOf(v) = otherwise
	}
	return v, nil
}

// readInto decodes JSON that has been checked; raw parts of v may point into it.
func readInto(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := dec.Decode(v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return core.FieldErrorf(wrong.Field, "%s needs to be of type %s, got %s", wrong.Field, wrong.Type, wrong.Value)
	case err != nil:
		return core.Errorf(core.Invalid, "%w", fmt.Errorf("the body does not have the form it needs: %w", err))
	}
	return nil
}
