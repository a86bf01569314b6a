package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// NoneText stands for null where an expression can only give text; the Jinja filter
// use_none writes it and casts turn it back.
const NoneText = "%*****__%NONE%__*****%"

// Cast brings v to the declared type name, "" for none: what templates make is text, and
// this is how it becomes a number or a list again. Null stays null. Numbers come out as
// int64 or float64, at any depth; a whole number beyond int64 stays a json.Number.
// st2: metadata reference 3.2, casting.
func Cast(v any, typ string) (any, error) {
	if v == nil || v == NoneText {
		return nil, nil
	}
	switch typ {
	case "string":
		return castString(v)
	case "integer":
		return castInteger(v)
	case "number":
		return castNumber(v)
	case "boolean":
		return castBoolean(v)
	case "array", "object":
		return castContainer(v)
	}
	return Plain(v), nil
}

func castString(v any) (any, error) {
	if _, ok := v.(string); !ok {
		return nil, core.Errorf(core.Invalid, "%s is no text; put it in quotes", repr(v))
	}
	return v, nil
}

// castInteger cuts fractions off numbers, as Python's int() does, but not off text.
func castInteger(v any) (any, error) {
	switch t := v.(type) {
	case bool:
		return map[bool]int64{true: 1}[t], nil
	case string:
		n, ok := parseNumber(pythonDigits(t))
		if !ok || !n.whole {
			return nil, core.Errorf(core.Invalid, "invalid literal for int() with base 10: %s", repr(t))
		}
		return n.plain(), nil
	}
	n, ok := numberOf(v)
	switch {
	case !ok:
		return nil, core.Errorf(core.Invalid, "%s is no number", repr(v))
	case n.whole:
		return n.plain(), nil
	case math.IsInf(n.float, 0) || math.IsNaN(n.float):
		return nil, core.Errorf(core.Invalid, "%s has no whole part", repr(v))
	}
	whole, _ := new(big.Float).SetFloat64(n.float).Int(nil)
	return bigNumber(whole).plain(), nil
}

func castNumber(v any) (any, error) {
	switch t := v.(type) {
	case bool:
		return map[bool]float64{true: 1}[t], nil
	case string:
		f, err := strconv.ParseFloat(pythonDigits(t), 64)
		if errors.Is(err, strconv.ErrSyntax) || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, core.Errorf(core.Invalid, "could not convert string to float: %s", repr(t))
		}
		return f, nil
	}
	n, ok := numberOf(v)
	if !ok {
		return nil, core.Errorf(core.Invalid, "%s is no number", repr(v))
	}
	return n.float, nil
}

// pythonDigits drops what Python allows around and between digits: white space, a plus
// and single underscores. What is no decimal number comes back as one that cannot be read.
func pythonDigits(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	odd := strings.Trim(s, "0123456789_+-.eE") != "" || strings.Contains(s, "__")
	if odd || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.HasPrefix(s, "+") {
		return "?"
	}
	return strings.ReplaceAll(s, "_", "")
}

// castBoolean reads text as a Python literal after giving it Python's capital letter:
// true and TRUE are True, while yes is nothing.
func castBoolean(v any) (any, error) {
	s, ok := v.(string)
	if !ok || s == "" {
		return Plain(v), nil
	}
	word := strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
	b, err := ParseLiteral(word)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "%s is no boolean; use true or false", repr(s))
	}
	return b, nil
}

// castContainer reads text as JSON, else as a Python literal.
func castContainer(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return Plain(v), nil
	}
	if decoded, err := decodeJSON(s); err == nil {
		return Plain(decoded), nil
	}
	literal, err := ParseLiteral(s)
	if err != nil {
		return nil, fmt.Errorf("neither JSON nor a Python literal: %w", err)
	}
	return literal, nil
}

func decodeJSON(s string) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(s)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more follows the JSON value")
	}
	return v, nil
}

// Plain returns v with each json.Number in it turned to an int64 or float64, where it
// fits one. It copies what it changes.
func Plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := parseNumber(string(v)); ok {
			return n.plain()
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Plain(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = Plain(v[k])
		}
		return out
	}
	return v
}

func (n number) plain() any {
	switch {
	case n.whole && n.big == nil:
		return n.small
	case n.whole && n.big.IsInt64():
		return n.big.Int64()
	case n.whole:
		return json.Number(n.big.String())
	}
	return n.float
}
