package jsonpath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/jsonpath"
)

const document = `{"trigger": {
	"body": {"a": {"b": 1, "x": 9}, "k.l": "dotted", "with space": "spaced", "it's": "quoted", "null": null},
	"headers": {"X-Y": "dashed", "where2": 2},
	"list": [{"x": 1, "y": "p"}, {"x": 2}, {"y": "q", "x": {"x": 3}}],
	"text": "añb", "number": 7, "empty": [], "@at": "at"
}}`

func TestFind(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"trigger.body.a.b", `[1]`},
		{"trigger.number", `[7]`},
		{"trigger.headers['X-Y']", `["dashed"]`},
		{"trigger.headers.X-Y", `["dashed"]`},
		{`trigger.headers["X-Y"]`, `["dashed"]`},
		{`trigger.body["k.l"]`, `["dotted"]`},
		{`trigger.body.'with space'`, `["spaced"]`},
		{`trigger.body."with space"`, `["spaced"]`},
		{`trigger.body['it\'s']`, `["quoted"]`},
		{"trigger.@at", `["at"]`},
		{"trigger.headers.where2", `[2]`},
		{"['trigger'].number", `[7]`},
		{" trigger . number ", `[7]`},
		{"trigger.body.null", `[null]`},
		{"trigger.nope", `[]`},
		{"trigger.nope.deeper", `[]`},
		{"trigger.number.deeper", `[]`},
		{"nope", `[]`},

		{"trigger.list[0].x", `[1]`},
		{"trigger.list[-2].x", `[2]`},
		{"trigger.list[3]", `[]`},
		{"trigger.list[-4]", `[]`},
		{"trigger.text[1]", `["ñ"]`},
		{"trigger.number[0]", `[]`},
		{"trigger.headers[0]", `[]`},
		{"trigger.list[*].x", `[1, 2, {"x": 3}]`},
		{"trigger.list[*].y", `["p", "q"]`},
		{"trigger.list[1:].x", `[2, {"x": 3}]`},
		{"trigger.list[:1].x", `[1]`},
		{"trigger.list[0:3:2].y", `["p", "q"]`},
		{"trigger.list[::-1].y", `["q", "p"]`},
		{"trigger.list[-2:-1].x", `[2]`},
		{"trigger.list[1:0].x", `[]`},
		{"trigger.empty[*]", `[]`},
		{"trigger.headers[*]", `[{"X-Y": "dashed", "where2": 2}]`},
		{"trigger.text[*]", `["añb"]`},
		{"trigger.list.x", `[]`},

		{"trigger.headers.*", `["dashed", 2]`},
		{"trigger.list.*", `[]`},
		{"trigger.number,text", `[7, "añb"]`},
		{"trigger['text', 'nope', 'number']", `["añb", 7]`},
		{"trigger..y", `["p", "q"]`},
		{"trigger.list..x", `[1, 2, {"x": 3}, 3]`},
		{"$..b", `[1]`},
		{"trigger..list[0].x", `[1]`},
		{"trigger.list[*]..x..x", `[3]`},

		{"$", document},
		{"trigger.body.$.trigger.number", `[7]`},
		{"trigger.number.`this`", `[7]`},
		{"trigger.headers.X-Y.`parent`.where2", `[2]`},
		{"`parent`", `[]`},
		{"trigger.list[*] where y", `[{"x": 1, "y": "p"}, {"y": "q", "x": {"x": 3}}]`},
		{"trigger.(list[*] where y).x", `[1, {"x": 3}]`},
		{"(trigger.number) | (trigger.text)", `[7, "añb"]`},
		{"trigger.number|text", `[7, "añb"]`},
		{"(((trigger))).number", `[7]`},
	} {
		t.Run(c.path, func(t *testing.T) {
			found, err := find(t, c.path, document)
			if err != nil {
				t.Fatal(err)
			}
			want := value(t, c.want)
			if c.path == "$" {
				want = expr.NewList(want)
			}
			if eq, err := expr.Equal(nil, want, expr.NewList(found...)); !eq || err != nil {
				text, _ := expr.Repr(nil, expr.NewList(found...))
				t.Errorf("found %s, want %s", text, c.want)
			}
		})
	}
}

func find(t *testing.T, path, doc string) ([]expr.Value, error) {
	t.Helper()
	p, err := jsonpath.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Find(nil, value(t, doc))
}

func value(t *testing.T, text string) expr.Value {
	t.Helper()
	v, err := expr.FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFirst(t *testing.T) {
	p, err := jsonpath.Compile("trigger.list[*].x")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok, err := p.First(nil, value(t, document)); v != int64(1) || !ok || err != nil {
		t.Errorf("got %v, %v, %v; want 1", v, ok, err)
	}
	if v, ok, err := p.First(nil, value(t, `{}`)); ok || err != nil {
		t.Errorf("got %v, %v, %v; want nothing", v, ok, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		path, want string
		pos        int
	}{
		{"[[", "Parse error at 1:1 near token [ ([)", 1},
		{"trigger.[", "Parse error at 1:9: the path ends too early", 9},
		{"trigger.0", "Parse error at 1:8 near token 0 (NUMBER)", 8},
		{"trigger.1a", "Parse error at 1:8 near token 1 (NUMBER)", 8},
		{"trigger.", "Parse error at 1:8: the path ends too early", 8},
		{"", "Parse error at 1:0: the path ends too early", 0},
		{".a", "Parse error at 1:0 near token . (.)", 0},
		{"..a", "Parse error at 1:0 near token .. (DOUBLEDOT)", 0},
		{"a b", "Parse error at 1:2 near token b (ID)", 2},
		{"a]", "Parse error at 1:1 near token ] (])", 1},
		{"a[]", "Parse error at 1:2 near token ] (])", 2},
		{"a[1", "Parse error at 1:3: the path ends too early", 3},
		{"a[1 2]", "Parse error at 1:4 near token 2 (NUMBER)", 4},
		{"a['x", "Error at 1:2: the quote ' is never closed", 2},
		{"a.b!", "Error at 1:3: Unexpected character: !", 3},
		{"a.ñ", "Error at 1:2: Unexpected character: ñ", 2},
		{"a\n.b?", "Error at 2:2: Unexpected character: ?", 4},
		{"(a", "Parse error at 1:2: the path ends too early", 2},
		{"`len`", "Unknown named operator `len` at 1:0; there are `this` and `parent`", 0},
		{"a[::0]", "slice step cannot be zero at 1:5", 5},
		{"a[99999999999]", "the number 99999999999 at 1:2 is too large", 2},
		{strings.Repeat("(", 1000), "parentheses nest deeper than 100 levels", 100},
	} {
		t.Run(c.path[:min(len(c.path), 20)], func(t *testing.T) {
			_, err := jsonpath.Compile(c.path)
			var parse *jsonpath.ParseError
			if !errors.As(err, &parse) {
				t.Fatalf("got %v, want a ParseError", err)
			}
			if parse.Msg != c.want || parse.Pos != c.pos {
				t.Errorf("got %q at %d, want %q at %d", parse.Msg, parse.Pos, c.want, c.pos)
			}
			if class := expr.ClassOf(err); class != "Exception" {
				t.Errorf("class %q, want Exception", class)
			}
		})
	}
}

// A path may lead to far more places than the document has values.
func TestBudgetEndsTheSearch(t *testing.T) {
	p, err := jsonpath.Compile("$" + strings.Repeat("..*", 12))
	if err != nil {
		t.Fatal(err)
	}
	deep := value(t, strings.Repeat(`{"a":`, 60)+"1"+strings.Repeat("}", 60))
	_, err = p.Find(expr.NewBudget(t.Context(), expr.Limits{Steps: 100_000}), deep)
	if expr.ClassOf(err) != expr.BudgetError {
		t.Errorf("got %v, want the budget's error", err)
	}
}

func FuzzCompile(f *testing.F) {
	doc, err := expr.FromJSON([]byte(document))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"trigger..x[0:2].'a b'", "a,b|c where `parent`", "$[*]['x\\'']", "((a)..*)[-1:]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := jsonpath.Compile(path)
		if err != nil {
			var parse *jsonpath.ParseError
			if !errors.As(err, &parse) || parse.Pos < 0 || parse.Pos > len([]rune(path)) {
				t.Fatalf("%q: %v is no ParseError inside the path", path, err)
			}
			return
		}
		b := func() *expr.Budget { return expr.NewBudget(t.Context(), expr.Limits{Steps: 50_000}) }
		all, err := p.Find(b(), doc)
		if err != nil {
			return
		}
		_, ok, err := p.First(b(), doc)
		if err != nil || ok != (len(all) > 0) {
			t.Fatalf("%q: First says %v (%v), Find finds %d", path, ok, err, len(all))
		}
	})
}
