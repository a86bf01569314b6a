package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/sdk/client"
)

// readObject reads a file that describes one resource.
func readObject(path string) (client.Object, error) {
	v, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: the file must hold one object (name: value pairs), not %s", path, kindOf(v))
	}
	return m, nil
}

// readDocument reads a JSON or YAML file. st2: cli.md, create FILE.
func readDocument(path string) (any, error) {
	extension := filepath.Ext(path)
	if !slices.Contains([]string{".json", ".yaml", ".yml"}, extension) {
		// StackStorm's words
		return nil, fmt.Errorf("Unsupported meta type %s, file %s. Allowed: ['.json', '.yaml', '.yml']", extension, path)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("File %q does not exist.", path) // StackStorm's words
	}
	if err != nil {
		return nil, err
	}
	var v any
	if extension == ".json" {
		v, err = readJSON(data)
	} else {
		err = yaml.Unmarshal(data, &v)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return jsonValue(v), nil
}

func readJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, column := position(data, syntax.Offset)
		return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
	}
	return v, err
}

func position(data []byte, offset int64) (line, column int) {
	before := data[:min(int(offset), len(data))]
	line = bytes.Count(before, []byte("\n")) + 1
	return line, len(before) - bytes.LastIndexByte(before, '\n') - 1
}

// jsonValue makes of what YAML can say what JSON can: keys become strings, dates text.
func jsonValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = jsonValue(value)
		}
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[fmt.Sprint(key)] = jsonValue(value)
		}
		return m
	case []any:
		for i, value := range v {
			v[i] = jsonValue(value)
		}
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339Nano)
	}
	return v
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a single value"
}

// readObjects reads a file with one object or a list of them.
func readObjects(path string) ([]client.Object, error) {
	v, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	objects := make([]client.Object, len(list))
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: entry %d must be an object (name: value pairs), not %s", path, i+1, kindOf(item))
		}
		objects[i] = m
	}
	return objects, nil
}
