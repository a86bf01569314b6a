package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits on documents, aliases written out.
const (
	maxDepth  = 200
	maxValues = 1_000_000
)

// ParseYAML reads one YAML document; an empty one is null. The error is a *Fault. The
// faults beside the value are warnings: keys given twice.
func ParseYAML(data []byte) (*Value, []*Fault, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root yaml.Node
	if err := dec.Decode(&root); err == io.EOF {
		return &Value{Line: 1, Column: 1}, nil, nil
	} else if err != nil {
		return nil, nil, syntaxFault(data, err)
	}
	if err := dec.Decode(new(yaml.Node)); err != io.EOF {
		return nil, nil, moreFault(data, err)
	}
	r := &reader{known: map[*yaml.Node]*Value{}}
	v := r.value(root.Content[0])
	if r.fault != nil {
		return nil, nil, r.fault
	}
	return v, r.warnings, nil
}

func moreFault(data []byte, err error) *Fault {
	if err != nil {
		return syntaxFault(data, err)
	}
	return &Fault{Line: 1, Column: 1, Text: "the file holds several documents; put each into a file of its own"}
}

var errorForm = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxFault takes the line from the parser's error; the column is where that line begins.
func syntaxFault(data []byte, err error) *Fault {
	f := &Fault{Line: 1, Column: 1, Text: err.Error()}
	if m := errorForm.FindStringSubmatch(err.Error()); m != nil {
		f.Text = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			f.Line = n
		}
	}
	lines := strings.Split(string(data), "\n")
	if f.Line <= len(lines) {
		line := lines[f.Line-1]
		f.Column = len(line) - len(strings.TrimLeft(line, " \t")) + 1
	}
	return f
}

// reader turns the parser's nodes into values. The first fault wins.
type reader struct {
	known    map[*yaml.Node]*Value // nil while a node is being read
	depth    int
	fault    error
	warnings []*Fault
}

func (r *reader) fail(n *yaml.Node, format string, args ...any) *Value {
	if r.fault == nil {
		r.fault = &Fault{Line: n.Line, Column: n.Column, Text: fmt.Sprintf(format, args...)}
	}
	return &Value{Line: n.Line, Column: n.Column}
}

func (r *reader) value(n *yaml.Node) *Value {
	if r.fault != nil {
		return &Value{}
	}
	if v, begun := r.known[n]; begun {
		if v == nil {
			return r.fail(n, "the anchor %q holds itself", n.Anchor)
		}
		return v
	}
	if r.depth++; r.depth > maxDepth {
		return r.fail(n, "nested too deeply; %d levels are the limit", maxDepth)
	}
	r.known[n] = nil
	v := r.read(n)
	r.known[n] = v
	r.depth--
	if v.measure(); v.size > maxValues {
		return r.fail(n, "too many values, aliases written out; %d are the limit", maxValues)
	}
	return v
}

func (v *Value) measure() {
	v.size = 1
	for _, item := range v.Items {
		v.size = min(v.size+item.size, maxValues+1)
	}
	for _, f := range v.Fields {
		v.size = min(v.size+f.Value.size, maxValues+1)
	}
}

func (r *reader) read(n *yaml.Node) *Value {
	v := &Value{Line: n.Line, Column: n.Column}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias)
	case yaml.SequenceNode:
		v.Kind = List
		for _, item := range n.Content {
			v.Items = append(v.Items, r.value(item))
		}
	case yaml.MappingNode:
		v.Kind = Object
		r.fields(v, n)
	case yaml.ScalarNode:
		scalar, err := scalarOf(n)
		if err != nil {
			return r.fail(n, "%v", err)
		}
		v.Scalar = scalar
	}
	return v
}

// fields reads a mapping; what << brings in comes first and gives way to the rest.
func (r *reader) fields(v *Value, n *yaml.Node) {
	at := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			r.merge(v, at, n.Content[i+1])
		}
	}
	own := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if isMerge(key) {
			continue
		}
		name, err := keyOf(key)
		if err != nil {
			r.fail(key, "%v", err)
			return
		}
		if own[name] {
			r.warnings = append(r.warnings, &Fault{Line: key.Line, Column: key.Column,
				Text: fmt.Sprintf("the key %q is given twice; the last value counts", name)})
		}
		own[name] = true
		v.put(at, Field{Name: name, Line: key.Line, Column: key.Column, Value: r.value(n.Content[i+1])})
	}
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style&quoted == 0
}

func (r *reader) merge(v *Value, at map[string]int, n *yaml.Node) {
	from := r.value(n)
	sources := []*Value{from}
	if from.Kind == List {
		sources = from.Items
	}
	for _, source := range sources {
		if source.Kind != Object {
			r.fail(n, "<< takes an object, or a list of objects")
			return
		}
		for _, f := range source.Fields {
			if _, ok := at[f.Name]; !ok {
				v.put(at, f)
			}
		}
	}
}

// keyOf returns a key as the text it becomes in JSON.
func keyOf(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		return "", errors.New("a key needs to be a text")
	}
	scalar, err := scalarOf(n)
	switch s := scalar.(type) {
	case string:
		return s, err
	case json.Number:
		return string(s), err
	case nil:
		return "null", err
	}
	return fmt.Sprint(scalar), err
}
