package schema_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/sdk/internal/schema"
)

type inner struct {
	Name string `json:"name" required:"true"`
	N    int    `json:"n" default:"3"`
}

type base struct {
	ID string `json:"id" position:"0"`
}

type tree struct {
	Kids []*tree `json:"kids"`
}

type level string

// own writes itself as JSON.
type own struct{ list []int }

func (o *own) UnmarshalJSON(raw []byte) error { return json.Unmarshal(raw, &o.list) }

func TestProperties(t *testing.T) {
	for name, c := range map[string]struct {
		of   any
		want string
	}{
		"nothing": {struct{}{}, ``},
		"plain": {struct {
			A string
			B int  `json:"b"`
			C uint `json:"c,omitempty"`
			D float32
			E bool
			f int
			G string `json:"-"`
		}{}, `{"A":{"type":"string"},"b":{"type":"integer"},"c":{"type":"integer","minimum":0},"D":{"type":"number"},"E":{"type":"boolean"}}`},
		"tags": {struct {
			A level  `json:"a" doc:"What" required:"true" enum:"low, high" position:"0"`
			B string `json:"b" secret:"true" default:""`
			C int    `json:"c" default:"4" enum:"2,4" immutable:"true" secret:"false"`
		}{}, `{"a":{"type":"string","description":"What","enum":["low","high"],"required":true,"position":0},` +
			`"b":{"type":"string","default":"","secret":true},` +
			`"c":{"type":"integer","default":4,"enum":[2,4],"immutable":true}}`},
		"pointers": {&struct {
			A *int    `json:"a" default:"1"`
			B **inner `json:"b"`
		}{}, `{"a":{"type":"integer","default":1},"b":{"type":"object","properties":{"name":{"type":"string","required":true},"n":{"type":"integer","default":3}}}}`},
		"containers": {struct {
			A []string           `json:"a" default:"[\"x\", \"y\"]"`
			B [2]inner           `json:"b"`
			C map[level][]int    `json:"c" default:"{}"`
			D map[string]any     `json:"d"`
			E any                `json:"e" default:"text"`
			F json.RawMessage    `json:"f"`
			G []byte             `json:"g"`
			H map[string]float64 `json:"h"`
		}{}, `{"a":{"type":"array","items":{"type":"string"},"default":["x","y"]},` +
			`"b":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","required":true},"n":{"type":"integer","default":3}}}},` +
			`"c":{"type":"object","additionalProperties":{"type":"array","items":{"type":"integer"}},"default":{}},` +
			`"d":{"type":"object","additionalProperties":{}},"e":{"default":"text"},"f":{},` +
			`"g":{"type":"string","format":"byte"},"h":{"type":"object","additionalProperties":{"type":"number"}}}`},
		"writes itself": {struct {
			A time.Time  `json:"a"`
			B netip.Addr `json:"b" default:"::1"`
			C *level     `json:"c"`
			D big.Int    `json:"d"`
			E own        `json:"e" default:"[1]"`
		}{}, `{"a":{"type":"string","format":"date-time"},"b":{"type":"string","default":"::1"},"c":{"type":"string"},` +
			`"d":{"type":"string"},"e":{"default":[1]}}`},
		"embedded": {struct {
			base
			*inner
			Named inner `json:"named"`
		}{}, `{"id":{"type":"string","position":0},"name":{"type":"string","required":true},"n":{"type":"integer","default":3},` +
			`"named":{"type":"object","properties":{"name":{"type":"string","required":true},"n":{"type":"integer","default":3}}}}`},
		"within itself": {tree{}, `{"kids":{"type":"array","items":{"type":"object"}}}`},
	} {
		s, err := schema.Read(reflect.TypeOf(c.of))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(s.Properties()); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestFaults(t *testing.T) {
	s, err := schema.Read(reflect.TypeFor[struct {
		A    int `json:"a" default:"many"`
		B    int `json:"Same"`
		Same int
		C    time.Duration     `json:"c"`
		D    func()            `json:"d"`
		E    map[int]string    `json:"e"`
		F    []chan int        `json:"f"`
		G    string            `json:"g" required:"perhaps"`
		H    string            `json:"h" enum:"x,y" default:"z"`
		I    []string          `json:"i" enum:"x,y"`
		J    *string           `json:"j" required:"true"`
		K    string            `json:"k" position:"first"`
		L    string            `json:"l" position:"4"`
		M    string            `json:"m" position:"4"`
		N    string            `json:"n" immutable:"true"`
		O    int               `json:"o,string"`
		P    int               `json:"p" enum:"1,two"`
		Q    map[string]nested `json:"q"`
	}]())
	if s == nil || err == nil {
		t.Fatal("Read found nothing wrong")
	}
	for _, want := range []string{
		`a: default "many" is no int`, `Same: two fields have this name`, `c: a time.Duration would be`,
		`d: a func() cannot`, `e: the keys of a JSON object are strings, these are int`, `f[]: a chan int cannot`,
		`g: required "perhaps" is neither`, `h: its default "z" is not in its enum`, `i: an enum is of`,
		`j: a pointer is`, `k: position "first" is no`, `m: l has position 4 too`, `position: nothing stands at 0`,
		`n: it is immutable and has no default`, `o: the option ",string"`, `p: enum "two" is no int`,
		`q.*.z: a complex128 cannot`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not among\n%v", want, err)
		}
	}
	if _, err := schema.Read(reflect.TypeFor[string]()); err == nil || !strings.Contains(err.Error(), "string is no struct") {
		t.Errorf("a string: %v", err)
	}
}

type nested struct {
	Z complex128 `json:"z"`
}

type input struct {
	Name   string           `json:"name" required:"true"`
	Level  level            `json:"level" enum:"low,high" default:"low"`
	Real   float64          `json:"real" enum:"1,2.5"`
	Maybe  *int             `json:"maybe"`
	Inner  *inner           `json:"inner"`
	Inners []inner          `json:"inners"`
	Map    map[string]inner `json:"map"`
}

func TestDecode(t *testing.T) {
	five := 5
	for raw, want := range map[string]input{
		`{"name":"n"}`:                    {Name: "n", Level: "low"},
		` {"name": "n", "level": null} `:  {Name: "n"},
		`{"name":"n","real":1.0,"x":[1]}`: {Name: "n", Level: "low", Real: 1},
		`{"name":"n","level":"high","maybe":5,"inner":{"name":"i"},"inners":[{"name":"j","n":0}],"map":{"k":{"name":"l"}}}`: {
			Name: "n", Level: "high", Maybe: &five, Inner: &inner{"i", 3}, Inners: []inner{{"j", 0}}, Map: map[string]inner{"k": {"l", 3}},
		},
		`{"name":"n","inner":null,"inners":null,"map":null}`: {Name: "n", Level: "low"},
	} {
		var got input
		if err := read[input](t).Decode(json.RawMessage(raw), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", raw, got, err, want)
		}
	}
	var none struct{}
	for _, raw := range []string{"", " ", "null", "{}", `{"more":1}`} {
		if err := read[struct{}](t).Decode(json.RawMessage(raw), &none); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		``:                                "name: it is required",
		`{"name":null}`:                   "name: it is required",
		`{"name":5}`:                      "name: a JSON number is no string",
		`[]`:                              "parameters: want a JSON object",
		`{"name":`:                        "parameters: unexpected end",
		`{"name":"n","level":"middle"}`:   `level: "middle" is not one of "low", "high"`,
		`{"name":"n","level":["low"]}`:    `level: ["low"] is not one of`,
		`{"name":"n","real":2}`:           `real: 2 is not one of 1, 2.5`,
		`{"name":"n","maybe":1.5}`:        "maybe: a JSON number 1.5 is no int",
		`{"name":"n","inner":{}}`:         "inner.name: it is required",
		`{"name":"n","inner":[]}`:         "inner: want a JSON object",
		`{"name":"n","inners":{}}`:        "inners: want a JSON array",
		`{"name":"n","inners":[{"n":1}]}`: "inners[0].name: it is required",
		`{"name":"n","map":{"k":{}}}`:     "map.k.name: it is required",
	} {
		var got input
		err := read[input](t).Decode(json.RawMessage(raw), &got)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", raw, err, want)
		}
	}
}

func read[T any](t *testing.T) *schema.Struct {
	t.Helper()
	s, err := schema.Read(reflect.TypeFor[T]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
