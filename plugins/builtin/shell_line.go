package builtin

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// quote makes s one word of a POSIX shell.
func quote(s string) string {
	if s == "" {
		return "''"
	}
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_@%+=:,./-", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}

// scriptLine is the script with its arguments: named ones in the order of the action's
// parameters, then positional ones. st2: runners reference 1.2.
func scriptLine(script string, c core.Call) (string, error) {
	words := []string{quote(script)}
	for _, p := range c.Action.Parameters {
		if _, ok := positionOf(p.Schema); ok {
			continue
		}
		word, err := namedArgument(textOf(c.RunnerParams, "kwarg_op")+p.Name, c.Params[p.Name])
		if err != nil {
			return "", argumentError(p.Name, err)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	positional, err := positionalArguments(c)
	return strings.Join(append(words, positional...), " "), err
}

func argumentError(name string, err error) error {
	return core.FieldErrorf(name, "parameter %q cannot be made an argument: %w", name, err)
}

func positionOf(s core.Schema) (float64, bool) { return asFloat(s["position"]) }

// namedArgument returns "" for what is left out: null, "" and false.
func namedArgument(key string, v any) (string, error) {
	switch v {
	case nil, "", false:
		return "", nil
	case true:
		return quote(key), nil
	}
	text, err := pyText(v)
	return quote(key) + "=" + quote(text), err
}

// positionalArguments gives every parameter with a position its slot, also when it has no value.
func positionalArguments(c core.Call) ([]string, error) {
	var ordered []core.Parameter
	for _, p := range c.Action.Parameters {
		if _, ok := positionOf(p.Schema); ok {
			ordered = append(ordered, p)
		}
	}
	slices.SortStableFunc(ordered, func(a, b core.Parameter) int {
		x, _ := positionOf(a.Schema)
		y, _ := positionOf(b.Schema)
		return int(x) - int(y)
	})
	words := make([]string, len(ordered))
	for i, p := range ordered {
		text, err := positionalText(p.Schema.Text("type"), c.Params[p.Name])
		if err != nil {
			return nil, argumentError(p.Name, err)
		}
		words[i] = quote(text)
	}
	return words, nil
}

func positionalText(kind string, v any) (string, error) {
	switch kind {
	case "string", "number", "float":
		if v == nil {
			return "", nil
		}
		return pyText(v)
	case "boolean":
		switch v {
		case true:
			return "1", nil
		case false:
			return "0", nil
		}
	}
	if falsy(v) {
		return "", nil // st2: the positional integer 0 is an empty argument
	}
	switch x := v.(type) {
	case []any:
		if kind == "array" {
			return commaJoined(x)
		}
	case map[string]any:
		if kind == "object" {
			b, err := json.Marshal(x)
			return string(b), err
		}
	}
	return pyText(v)
}

func commaJoined(items []any) (string, error) {
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = pyText(item); err != nil {
			return "", err
		}
	}
	return strings.Join(texts, ","), nil
}

// falsy is what Python takes for false.
func falsy(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case bool:
		return !x
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	f, ok := asFloat(v)
	return ok && f == 0
}
