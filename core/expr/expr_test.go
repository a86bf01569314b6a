package expr

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"
)

func mustJSON(t *testing.T, text string) Value {
	t.Helper()
	v, err := FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustRepr(t *testing.T, v Value) string {
	t.Helper()
	s, err := Repr(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFromJSONKeepsTypesAndOrder(t *testing.T) {
	for text, want := range map[string]string{
		`{"b": 1, "a": 1.0, "b": 2}`:                       "{'b': 2, 'a': 1.0}",
		`[1e3, -0, 12345678901234567890, 0.1, true, null]`: "[1000.0, 0, 12345678901234567890, 0.1, True, None]",
		`"\u00e9\ud83d\ude00\n\/"`:                         `'é😀\n/'`,
		` [NaN, -Infinity] `:                               "[nan, -inf]",
		`[]`:                                               "[]",
	} {
		if got := mustRepr(t, mustJSON(t, text)); got != want {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
}

func TestFromJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:            "Expecting value: line 1 column 1 (char 0)",
		`[1,]`:        "Expecting value: line 1 column 4 (char 3)",
		"{\n\"a\" 1}": "Expecting ':' delimiter: line 2 column 5 (char 6)",
		`{a: 1}`:      "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
		`[1 2]`:       "Expecting ',' delimiter: line 1 column 4 (char 3)",
		`"abc`:        "Unterminated string starting at: line 1 column 1 (char 0)",
		`1 2`:         "Extra data: line 1 column 3 (char 2)",
		`"\x"`:        "Invalid \\escape: line 1 column 2 (char 1)",
	} {
		_, err := FromJSON([]byte(text))
		var e *Error
		if !errors.As(err, &e) || e.Class != "JSONDecodeError" || e.Msg != want {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

func TestToJSON(t *testing.T) {
	indent := "  "
	v := DictOf("b", NewList(int64(1), 2.5, nil), "a", "é\"\x01😀", "e", NewDict())
	for _, c := range []struct {
		o    JSONOptions
		want string
	}{
		{JSONOptions{}, `{"b": [1, 2.5, null], "a": "\u00e9\"\u0001\ud83d\ude00", "e": {}}`},
		{JSONOptions{SortKeys: true, KeepUnicode: true, ItemSeparator: ",", KeySeparator: ":"}, `{"a":"é\"\u0001😀","b":[1,2.5,null],"e":{}}`},
		{JSONOptions{Indent: &indent}, "{\n  \"b\": [\n    1,\n    2.5,\n    null\n  ],\n  \"a\": \"\\u00e9\\\"\\u0001\\ud83d\\ude00\",\n  \"e\": {}\n}"},
	} {
		got, err := ToJSON(nil, v, c.o)
		if err != nil || got != c.want {
			t.Errorf("%+v gives %s %v, want %s", c.o, got, err, c.want)
		}
	}
	cycle := NewList()
	cycle.Items = append(cycle.Items, cycle)
	if _, err := ToJSON(nil, cycle, JSONOptions{}); ClassOf(err) != "ValueError" {
		t.Errorf("a cycle gives %v", err)
	}
	if _, err := ToJSON(nil, &Set{}, JSONOptions{}); ClassOf(err) != "TypeError" {
		t.Errorf("a set gives %v", err)
	}
}

func TestGoData(t *testing.T) {
	in := map[string]any{"n": json.Number("3"), "f": json.Number("3.0"), "l": []any{"a", nil, true}, "i": 7, "t": time.Unix(0, 0).UTC()}
	v, err := FromGo(in)
	if err != nil || mustRepr(t, v) != "{'f': 3.0, 'i': 7, 'l': ['a', None, True], 'n': 3, 't': '1970-01-01T00:00:00Z'}" {
		t.Errorf("FromGo gives %s %v", mustRepr(t, v), err)
	}
	back, err := ToGo(v)
	want := map[string]any{"n": json.Number("3"), "f": 3.0, "l": []any{"a", nil, true}, "i": json.Number("7"), "t": "1970-01-01T00:00:00Z"}
	if err != nil || !reflect.DeepEqual(back, want) {
		t.Errorf("ToGo gives %v %v", back, err)
	}
	if _, err := ToGo(math.Inf(1)); ClassOf(err) != "ValueError" {
		t.Errorf("infinity gives %v", err)
	}
}

func TestDictKeysAreEqualAcrossTypes(t *testing.T) {
	d := NewDict()
	for i, key := range []Value{int64(1), 1.0, true, "1", Tuple{int64(1)}, Tuple{true}, nil, big.NewInt(0).Lsh(big.NewInt(1), 64), math.Pow(2, 64)} {
		if err := d.Set(key, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := mustRepr(t, d); got != "{1: 2, '1': 3, (1,): 5, None: 6, 18446744073709551616: 8}" {
		t.Errorf("gives %s", got)
	}
	if err := d.Set(NewList(), nil); ClassOf(err) != "TypeError" {
		t.Errorf("a list as a key gives %v", err)
	}
}

func TestDictDeletesAndKeepsOrder(t *testing.T) {
	d := NewDict()
	for i := range int64(100) {
		if err := d.Set(i, i); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(100) {
		if i%7 != 0 {
			if _, ok, err := d.Delete(i); !ok || err != nil {
				t.Fatal(i, ok, err)
			}
		}
	}
	want := "[0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98]"
	if got := mustRepr(t, NewList(d.Keys()...)); got != want || d.Len() != 15 {
		t.Errorf("gives %s (%d)", got, d.Len())
	}
	if v, ok, _ := d.Lookup(int64(98)); !ok || v != int64(98) {
		t.Errorf("98 gives %v %v", v, ok)
	}
}

func TestSharedDataIsNotChanged(t *testing.T) {
	shared := mustJSON(t, `{"l": [1, {"x": 2}]}`).(*Dict)
	l, _ := shared.Get("l")
	if err := l.(*List).Append(nil, int64(3)); !errors.Is(err, ErrFrozen) {
		t.Errorf("append gives %v", err)
	}
	thawer := NewThawer(nil)
	c, err := thawer.Thaw(shared)
	if err != nil {
		t.Fatal(err)
	}
	cl, _ := c.(*Dict).Get("l")
	again, _ := thawer.Thaw(l)
	if cl != again {
		t.Error("one list became two")
	}
	if err := cl.(*List).Append(nil, int64(3)); err != nil {
		t.Fatal(err)
	}
	if mustRepr(t, shared) != "{'l': [1, {'x': 2}]}" || mustRepr(t, c) != "{'l': [1, {'x': 2}, 3]}" {
		t.Errorf("%s became %s", mustRepr(t, shared), mustRepr(t, c))
	}
}

func TestReprOfCycles(t *testing.T) {
	l, d := NewList(), NewDict()
	if err := d.Set("l", l); err != nil {
		t.Fatal(err)
	}
	l.Items = append(l.Items, l, d)
	if got := mustRepr(t, l); got != "[[...], {'l': [...]}]" {
		t.Errorf("gives %s", got)
	}
}

func TestArithmetic(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	for _, c := range []struct {
		op   string
		x, y Value
		want string
	}{
		{"+", int64(math.MaxInt64), int64(1), "9223372036854775808"},
		{"-", int64(math.MinInt64), int64(1), "-9223372036854775809"},
		{"*", int64(math.MinInt64), int64(-1), "9223372036854775808"},
		{"//", int64(math.MinInt64), int64(-1), "9223372036854775808"},
		{"//", int64(-7), int64(2), "-4"},
		{"%", int64(-7), int64(2), "1"},
		{"%", int64(7), int64(-2), "-1"},
		{"%", 5.5, int64(-2), "-0.5"},
		{"//", -5.5, int64(2), "-3.0"},
		{"/", huge, int64(2), "5.902958103587057e+20"},
		{"-", huge, huge, "0"},
		{"**", int64(2), int64(-1), "0.5"},
		{"**", int64(2), int64(64), "18446744073709551616"},
		{"**", int64(-1), huge, "1"},
		{"+", true, true, "2"},
		{"*", "ab", int64(2), "'abab'"},
		{"+", Tuple{int64(1)}, Tuple{}, "(1,)"},
		{"%", "%s %5.1f %x", Tuple{"a", 2.25, int64(255)}, "'a   2.2 ff'"},
		{"%", "%(k)s", DictOf("k", nil), "'None'"},
	} {
		v, err := Binary(nil, c.op, c.x, c.y)
		if err != nil || mustRepr(t, v) != c.want {
			t.Errorf("%s %s %s gives %v %v, want %s", mustRepr(t, c.x), c.op, mustRepr(t, c.y), v, err, c.want)
		}
	}
}

func TestArithmeticRefuses(t *testing.T) {
	for _, c := range []struct {
		op   string
		x, y Value
		want string
	}{
		{"/", int64(1), int64(0), "ZeroDivisionError"},
		{"%", 1.0, int64(0), "ZeroDivisionError"},
		{"+", "a", int64(1), "TypeError"},
		{"-", nil, int64(1), "TypeError"},
		{"**", 10.0, int64(400), "OverflowError"},
		{"+", &Undefined{Kind: Lenient, Name: "x"}, int64(1), "UndefinedError"},
	} {
		if v, err := Binary(nil, c.op, c.x, c.y); ClassOf(err) != c.want {
			t.Errorf("%v %s %v gives %v %v, want %s", c.x, c.op, c.y, v, err, c.want)
		}
	}
}

func TestNumbersCompareExactly(t *testing.T) {
	for _, c := range []struct {
		x, y Value
		less bool
	}{
		{int64(1<<53 + 1), float64(1 << 53), false},
		{float64(1 << 53), int64(1<<53 + 1), true},
		{new(big.Int).Lsh(big.NewInt(1), 70), math.Inf(1), true},
		{math.NaN(), int64(1), false},
	} {
		if got, err := Less(nil, c.x, c.y); err != nil || got != c.less {
			t.Errorf("%v < %v gives %v %v", c.x, c.y, got, err)
		}
	}
	if _, err := Less(nil, int64(1), "a"); ClassOf(err) != "TypeError" {
		t.Errorf("1 < 'a' gives %v", err)
	}
}

func TestBudget(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := NewBudget(ctx, Limits{Steps: 100, Bytes: 1000, Depth: 2})
	if err := b.Grow(900); err != nil {
		t.Fatal(err)
	}
	if err := b.Grow(101); ClassOf(err) != BudgetError {
		t.Errorf("too many bytes give %v", err)
	}
	if err := b.Step(200); ClassOf(err) != BudgetError {
		t.Errorf("too many steps give %v", err)
	}
	if b.Enter() == nil {
		t.Error("Enter spends no step")
	}
	cancel()
	if err := b.Alive(); ClassOf(err) != BudgetError || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	late := NewBudget(context.Background(), Limits{Time: time.Nanosecond})
	for late.Alive() == nil {
	}
	if err := late.Step(lookEvery); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("time gives %v", err)
	}
}

func TestLookup(t *testing.T) {
	var asked []string
	l := NewLookup(func(_ context.Context, key string) (Value, bool, error) {
		asked = append(asked, key)
		return "v", key == "a.b", nil
	})
	at := func(path ...string) Value {
		var v Value = l
		for _, p := range path {
			v, _, _ = v.(*Lookup).Attr(nil, p)
		}
		return v
	}
	if s, err := Str(nil, at("a", "b")); s != "v" || err != nil {
		t.Errorf("a.b gives %q %v", s, err)
	}
	if s, err := Str(nil, at("a")); s != "" || err != nil {
		t.Errorf("a missing key gives %q %v", s, err)
	}
	if eq, err := Equal(nil, "v", at("a", "b")); !eq || err != nil {
		t.Errorf("a.b == 'v' gives %v %v", eq, err)
	}
	if !reflect.DeepEqual(asked, []string{"a.b", "a", "a.b"}) {
		t.Errorf("asked for %v", asked)
	}
}

func TestWalk(t *testing.T) {
	v := mustJSON(t, `{"k": ["a", 1, {"x": "b"}], "n": null}`)
	out, err := Walk(v, func(s string) (Value, error) { return s + "!", nil })
	if err != nil || mustRepr(t, out) != "{'k!': ['a!', 1, {'x!': 'b!'}], 'n!': None}" {
		t.Errorf("gives %s %v", mustRepr(t, out), err)
	}
	var all []string
	if err := Strings(v, func(s string) error { all = append(all, s); return nil }); err != nil || !reflect.DeepEqual(all, []string{"k", "a", "x", "b", "n"}) {
		t.Errorf("Strings gives %v %v", all, err)
	}
}

func TestCacheKeepsTheMostRecent(t *testing.T) {
	c := NewCache[int](2)
	made := 0
	get := func(key string) {
		if _, err := c.Get(key, func() (int, error) { made++; return made, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"a", "b", "a", "c", "a", "b"} {
		get(key)
	}
	if made != 4 || c.Len() != 2 {
		t.Errorf("made %d, kept %d", made, c.Len())
	}
}

func TestSettle(t *testing.T) {
	d := DictOf("a", int64(1))
	v, err := Settle(nil, NewList(&View{d, ItemsView}, &Range{0, 3, 1}, &Generator{Iterator: iterItems(nil, []Value{"x"})}))
	if err != nil || mustRepr(t, v) != "[[('a', 1)], [0, 1, 2], ['x']]" {
		t.Errorf("gives %s %v", mustRepr(t, v), err)
	}
}
