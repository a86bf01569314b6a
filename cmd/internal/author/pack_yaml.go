package author

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/core/pack/document"
)

// mapping is a YAML mapping whose keys stand in the order in which they were added.
type mapping struct {
	node *yaml.Node
	err  error
}

func newMapping() *mapping { return &mapping{node: &yaml.Node{Kind: yaml.MappingNode}} }

// set adds a key with a scalar or a mapping.
func (m *mapping) set(key string, value any) {
	var n *yaml.Node
	switch v := value.(type) {
	case *mapping:
		n, m.err = v.node, firstError(m.err, v.err)
	case []*mapping:
		n = &yaml.Node{Kind: yaml.SequenceNode}
		for _, each := range v {
			n.Content, m.err = append(n.Content, each.node), firstError(m.err, each.err)
		}
	default:
		n = m.scalar(value)
	}
	m.node.Content = append(m.node.Content, m.scalar(key), n)
}

// text adds a key unless its text is empty.
func (m *mapping) text(key, value string) {
	if value != "" {
		m.set(key, value)
	}
}

// json adds a key with a JSON object unless that is empty.
func (m *mapping) json(key string, raw json.RawMessage) {
	inner := newMapping()
	if inner.members(raw) {
		m.set(key, inner)
	} else if inner.err != nil {
		m.err = firstError(m.err, fmt.Errorf("%s: %w", key, inner.err))
	}
}

// members adds those of a JSON object in their order, and reports whether there are any.
func (m *mapping) members(raw json.RawMessage) bool {
	if len(bytes.TrimSpace(raw)) == 0 {
		return false
	}
	v, err := document.ParseJSON(raw)
	if err == nil && v.Kind != document.Object && !v.IsNull() {
		err = fmt.Errorf("needs to be an object, got %s", v.TypeName())
	}
	if err != nil {
		m.err = firstError(m.err, err)
		return false
	}
	m.node.Content = append(m.node.Content, m.value(v).Content...)
	return len(v.Fields) > 0
}

// value is a JSON value as YAML.
func (m *mapping) value(v *document.Value) *yaml.Node {
	switch v.Kind {
	case document.Object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range v.Fields {
			n.Content = append(n.Content, m.scalar(f.Name), m.value(f.Value))
		}
		return n
	case document.List:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, item := range v.Items {
			n.Content = append(n.Content, m.value(item))
		}
		return n
	}
	return m.scalar(v.Scalar)
}

// scalar writes texts plainly where the reader of packs takes them for that text again.
func (m *mapping) scalar(v any) *yaml.Node {
	if number, ok := v.(json.Number); ok {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: yamlNumber(number)}
	}
	n := &yaml.Node{}
	m.err = firstError(m.err, n.Encode(v))
	if text, ok := v.(string); ok && !survives(n, text) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// survives reports whether the reader of packs finds the text again when it is written in
// the style that the node has.
func survives(n *yaml.Node, text string) bool {
	written, err := yaml.Marshal(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "it"}, n}})
	if err != nil {
		return false
	}
	v, _, err := document.ParseYAML(written)
	return err == nil && v.Field("it") != nil && v.Field("it").Value.Scalar == any(text)
}

// yamlNumber writes a number so that YAML has it as one: 1e3 would be a text.
func yamlNumber(n json.Number) string {
	if readsAs(n.String(), n) {
		return n.String()
	}
	f, _ := n.Float64() // of JSON: it is a number
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// readsAs reports whether the reader of packs takes a plain text for the value.
func readsAs(text string, value any) bool {
	v, _, err := document.ParseYAML([]byte(text))
	return err == nil && v.Kind == document.Scalar && v.Scalar == value
}

// bytes is the file that holds the mapping below a first line.
func (m *mapping) bytes(first string) ([]byte, error) {
	if m.err != nil {
		return nil, m.err
	}
	var b bytes.Buffer
	b.WriteString(first + "\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m.node); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
