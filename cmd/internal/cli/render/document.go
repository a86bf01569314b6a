package render

import (
	"bytes"
	"encoding/json"
	"io"
)

// JSON writes v with four blanks of indent and sorted keys.
func JSON(w io.Writer, v any) error {
	_, err := io.WriteString(w, jsonText(v)+"\n")
	return err
}

// jsonText cannot fail: its values came out of a JSON document.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return string(bytes.TrimRight(b.Bytes(), "\n"))
}

// YAML writes v as a document: block style, four blanks of indent, sorted keys, and an
// empty line after it.
func YAML(w io.Writer, v any) error {
	y := yamlWriter{step: 4}
	y.document(v)
	_, err := io.WriteString(w, y.out.String()+"\n\n")
	return err
}
