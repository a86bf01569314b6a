package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"sort"
	"strings"
	"time"
)

// FromGo makes a frozen Value of Go data: maps with string keys (in key order), slices, json.Number,
// numbers, strings, bools, nil, time.Time (as RFC 3339 text), json.RawMessage, and Values themselves.
func FromGo(x any) (Value, error) {
	v, err := fromGo(x, 0)
	return Freeze(v), err
}

func fromGo(x any, depth int) (Value, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	switch v := x.(type) {
	case nil, bool, int64, string, float64, Markup, *List, Tuple, *Dict, *Set, *Undefined, Object:
		return v, nil
	case *big.Int:
		return Int(v), nil
	case int:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint64:
		return Int(new(big.Int).SetUint64(v)), nil
	case float32:
		return float64(v), nil
	case json.Number:
		return numberValue(string(v), strings.ContainsAny(string(v), ".eE"))
	case json.RawMessage:
		return FromJSON(v)
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	}
	return fromGoContainer(x, depth)
}

func fromGoContainer(x any, depth int) (Value, error) {
	switch v := x.(type) {
	case map[string]any:
		return fromGoMap(v, depth)
	case map[string]string:
		return fromGoMap(widenMap(v), depth)
	case []any:
		l := &List{Items: make([]Value, len(v))}
		for i, item := range v {
			c, err := fromGo(item, depth+1)
			if err != nil {
				return nil, err
			}
			l.Items[i] = c
		}
		return l, nil
	case []string:
		l := NewList()
		for _, s := range v {
			l.Items = append(l.Items, s)
		}
		return l, nil
	}
	data, err := json.Marshal(x)
	if err != nil {
		return nil, fmt.Errorf("expression value of Go type %T: %w", x, err)
	}
	return FromJSON(data)
}

func widenMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func fromGoMap(m map[string]any, depth int) (Value, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	d := NewDict()
	for _, k := range keys {
		v, err := fromGo(m[k], depth+1)
		if err != nil {
			return nil, err
		}
		d.put(k, k, v)
	}
	return d, nil
}

// ToGo makes plain Go data of v: map[string]any, []any, string, bool, nil, json.Number for ints
// and float64. Keys become text as in JSON, sets and tuples lists; TypeError for functions and the like.
func ToGo(v Value) (any, error) { return toGo(v, 0) }

func toGo(v Value, depth int) (any, error) {
	if err := nesting(depth); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case nil, bool, string:
		return x, nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, Errorf("ValueError", "%s has no place in JSON", FloatText(x))
		}
		return x, nil
	case int64, *big.Int:
		s, err := Repr(nil, x)
		return json.Number(s), err
	case Markup:
		return string(x), nil
	case *List:
		return toGoItems(x.Items, depth)
	case Tuple:
		return toGoItems(x, depth)
	case *Set:
		return toGoItems(x.Items(), depth)
	case *Dict:
		return toGoMap(x, depth)
	case *Undefined:
		return nil, x.Err()
	case Resolver:
		r, err := x.Resolve(nil)
		if err != nil {
			return nil, err
		}
		return toGo(r, depth+1)
	}
	return nil, Errorf("TypeError", "Object of type %s is not JSON serializable", TypeName(v))
}

func toGoItems(items []Value, depth int) (any, error) {
	out := make([]any, len(items))
	for i, item := range items {
		c, err := toGo(item, depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func toGoMap(d *Dict, depth int) (any, error) {
	out := make(map[string]any, d.Len())
	for k, v := range d.All() {
		name, err := jsonKey(k)
		if err != nil {
			return nil, err
		}
		c, err := toGo(v, depth+1)
		if err != nil {
			return nil, err
		}
		out[name] = c
	}
	return out, nil
}
