package render

import "io"

const (
	propertyWidth = 20
	valueWidth    = 60
)

// Property is one line of a property table.
type Property struct {
	Name  string
	Value any
}

// Properties writes one object as a table of two columns. Objects and lists are laid out
// as JSON; nothing, empty objects and empty lists are blank.
func Properties(w io.Writer, properties []Property) error {
	rows := make([][]string, len(properties))
	for i, p := range properties {
		rows[i] = []string{p.Name, propertyText(p.Value)}
	}
	return Table(w, []Column{{Name: "Property", Max: propertyWidth}, {Name: "Value", Max: valueWidth}}, rows)
}

func propertyText(v any) string {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return ""
		}
		return jsonText(v)
	case []any:
		if len(v) == 0 {
			return ""
		}
		return jsonText(v)
	}
	return Cell(v)
}
