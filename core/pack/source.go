package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack/document"
	"github.com/petrelhq/petrel/core/schema"
)

// source is one document being read, with what is wrong with it. A document from a file
// gets every fault told with its place; one from a request the first, in the words of
// StackStorm's API.
type source struct {
	file     string // to show; empty for a request
	name     string // relative to the pack
	value    *document.Value
	faults   []placed
	warnings []string
}

// placed is an error with its place, to sort by.
type placed struct {
	line, column int
	err          error
}

// newSource reads data, as YAML if it comes from a file, else as JSON.
func newSource(data []byte, file string) (*source, error) {
	s := &source{file: file, name: file}
	if file != "" {
		if !s.parse(data) {
			return nil, s.err()
		}
		return s, nil
	}
	v, err := document.ParseJSON(data)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "Failed to parse request body: %w", err)
	}
	s.value = v
	return s, nil
}

func (s *source) parse(data []byte) bool {
	v, warnings, err := document.ParseYAML(data)
	if err != nil {
		var f *document.Fault
		errors.As(err, &f)
		s.add(f.Line, f.Column, "", f.Text)
		return false
	}
	s.value = v
	for _, w := range warnings {
		s.warnings = append(s.warnings, fmt.Sprintf("%s:%s", s.file, w))
	}
	return true
}

// fail records a fault of the field at path.
func (s *source) fail(path []string, format string, args ...any) {
	line, column := s.value.Place(path)
	s.add(line, column, strings.Join(path, "."), fmt.Sprintf(format, args...))
}

func (s *source) add(line, column int, field, text string) {
	if s.file != "" {
		text = fmt.Sprintf("%s:%d:%d: %s", s.file, line, column, text)
	}
	s.faults = append(s.faults, placed{line, column, core.FieldErrorf(field, "%s", text)})
}

// failAll records errors that name their field, below a path.
func (s *source) failAll(path []string, errs []error) {
	for _, err := range errs {
		var e *core.Error
		if errors.As(err, &e) {
			s.fail(append(slices.Clone(path), strings.Split(e.Field, ".")...), "%s", e.Msg)
		}
	}
}

func (s *source) warn(path []string, format string, args ...any) {
	line, column := s.value.Place(path)
	s.warnings = append(s.warnings, fmt.Sprintf("%s:%d:%d: %s", s.file, line, column, fmt.Sprintf(format, args...)))
}

// errors returns the faults in the order of their places.
func (s *source) errors() []error {
	slices.SortStableFunc(s.faults, func(a, b placed) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	errs := make([]error, len(s.faults))
	for i, f := range s.faults {
		errs[i] = f.err
	}
	return errs
}

// err returns all faults of a file, or the first of a request.
func (s *source) err() error {
	errs := s.errors()
	if s.file == "" && len(errs) > 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// fill checks the document against its shape and decodes it into one of core's nouns,
// which holds the defaults. It reports whether the form was right.
func (s *source) fill(form *shape, into any) bool {
	v := s.value.Interface()
	if _, ok := v.(map[string]any); !ok {
		s.failNoObject(form)
		return false
	}
	if s.file == "" {
		if err := form.object.Check(v); err != nil {
			s.faults = append(s.faults, placed{err: err})
			return false
		}
	} else if found := form.object.Violations(v); len(found) > 0 {
		for _, f := range found {
			s.failForm(form, f)
		}
		return false
	}
	s.warnOfIgnored(form.schema, s.value, nil)
	return s.decode(form.schema, into)
}

func (s *source) failNoObject(form *shape) {
	if s.file == "" {
		s.fail(nil, "Input body needs to be an object, got: %s", s.value.TypeName())
		return
	}
	s.fail(nil, "%s needs to be an object of key: value, got %s", form.noun, s.value.TypeName())
}

// failForm words a violation for the author of a file.
func (s *source) failForm(form *shape, v schema.Violation) {
	switch v.Keyword {
	case "additionalProperties":
		for _, name := range v.Extra {
			s.fail(append(slices.Clone(v.Path), name), "%q is not a key of %s%s",
				name, owner(form, v.Path), schema.DidYouMean(name, known(form.at(v.Path))))
		}
	case "required":
		last := len(v.Path) - 1
		s.fail(v.Path, "%q is missing; %s needs it", v.Path[last], owner(form, v.Path[:last]))
	default:
		s.fail(v.Path, "%s: %s", strings.Join(v.Path, "."), v.Text)
	}
}

func owner(form *shape, path []string) string {
	if len(path) == 0 {
		return form.noun
	}
	return fmt.Sprintf("%q of %s", strings.Join(path, "."), form.noun)
}

// warnOfIgnored tells of keys that StackStorm tolerates and that mean nothing.
func (s *source) warnOfIgnored(form map[string]any, v *document.Value, path []string) {
	if s.file == "" || form == nil {
		return
	}
	for i, item := range v.Items {
		s.warnOfIgnored(below(form, ""), item, append(path, fmt.Sprint(i)))
	}
	for _, f := range v.Fields {
		at := append(path, f.Name)
		if names := known(form); tolerates(form) && !slices.Contains(names, f.Name) {
			s.warn(at, "%q means nothing here and is ignored%s", strings.Join(at, "."), schema.DidYouMean(f.Name, names))
			continue
		}
		s.warnOfIgnored(below(form, f.Name), f.Value, at)
	}
}

// decode drops keys that are null, which is as good as absent, and decodes the rest.
func (s *source) decode(form map[string]any, into any) bool {
	raw, err := withoutNulls(form, s.value).MarshalJSON()
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		err = dec.Decode(into)
	}
	if err != nil {
		s.fail(nil, "%v", err)
	}
	return err == nil
}

// withoutNulls drops the null fields the form declares; what it says nothing of, such as
// the pattern of a search or the parameters of an action, keeps its nulls.
func withoutNulls(form map[string]any, v *document.Value) *document.Value {
	if form == nil {
		return v
	}
	out := *v
	out.Items, out.Fields = nil, nil
	for _, item := range v.Items {
		out.Items = append(out.Items, withoutNulls(below(form, ""), item))
	}
	for _, f := range v.Fields {
		declared := slices.Contains(known(form), f.Name)
		if declared && f.Value.IsNull() {
			continue
		}
		f.Value = withoutNulls(below(form, f.Name), f.Value)
		out.Fields = append(out.Fields, f)
	}
	return &out
}
