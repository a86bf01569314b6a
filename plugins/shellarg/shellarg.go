// Package shellarg makes words of a shell's command line: quoted, and in the form in which
// StackStorm passes an action's parameters to scripts.
package shellarg

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// Quote makes s one word of a POSIX shell.
func Quote(s string) string {
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

// Line is the script with the arguments of a call: named ones in the order of the action's
// parameters, then positional ones. Errors are Invalid and name the parameter.
// st2: runners reference 1.2.
func Line(script string, c core.Call) (string, error) {
	words := []string{Quote(script)}
	for _, p := range c.Action.Parameters {
		if _, ok := positionOf(p.Schema); ok {
			continue
		}
		operator, _ := c.RunnerParams["kwarg_op"].(string)
		word, err := namedArgument(operator+p.Name, c.Params[p.Name])
		if err != nil {
			return "", argumentError(p.Name, err)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	positional, err := Positional(c)
	for _, text := range positional {
		words = append(words, Quote(text))
	}
	return strings.Join(words, " "), err
}

func argumentError(name string, err error) error {
	return core.FieldErrorf(name, "parameter %q cannot be made an argument: %w", name, err)
}

func positionOf(s core.Schema) (float64, bool) { return Number(s["position"]) }

// namedArgument returns "" for what is left out: null, "" and false.
func namedArgument(key string, v any) (string, error) {
	switch v {
	case nil, "", false:
		return "", nil
	case true:
		return Quote(key), nil
	}
	text, err := Text(v)
	return Quote(key) + "=" + Quote(text), err
}

// Positional returns the positional arguments, not quoted: every parameter with a position
// has its slot, also when it has no value.
func Positional(c core.Call) ([]string, error) {
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
		var err error
		if words[i], err = positionalText(p.Schema.Text("type"), c.Params[p.Name]); err != nil {
			return nil, argumentError(p.Name, err)
		}
	}
	return words, nil
}

func positionalText(kind string, v any) (string, error) {
	switch kind {
	case "string", "number", "float":
		if v == nil {
			return "", nil
		}
		return Text(v)
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
	return Text(v)
}

func commaJoined(items []any) (string, error) {
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = Text(item); err != nil {
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
	f, ok := Number(v)
	return ok && f == 0
}

// Text is Python's str(v), in which StackStorm passes values to programs.
func Text(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	value, err := expr.FromGo(v)
	if err != nil {
		return "", err
	}
	return expr.Str(nil, value)
}

// Number returns a number in any of the forms parameters and schemas hold it in.
func Number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}
