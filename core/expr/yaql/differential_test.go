package yaql

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// oracle is one Python process that evaluates expressions with Debian's yaql.
type oracle struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func startOracle(t *testing.T, data string) *oracle {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/oracle.py", data)
	cmd.Stderr = io.Discard
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the Python side failed (is python3-yaql installed?): %v", err)
		}
	})
	return &oracle{in, bufio.NewReaderSize(out, 1<<20)}
}

// outcome is what an evaluation gives: a value in tagged JSON or an error class.
type outcome struct {
	OK    any    `json:"ok"`
	Error string `json:"error"`
	Msg   string `json:"msg"`
}

func (o outcome) String() string {
	if o.Error != "" {
		return o.Error + ": " + o.Msg
	}
	b, _ := json.Marshal(o.OK)
	return string(b)
}

func (o *oracle) eval(source string) (outcome, error) {
	line, _ := json.Marshal(source)
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return outcome{}, err
	}
	answer, err := o.out.ReadBytes('\n')
	if err != nil {
		return outcome{}, err
	}
	var out outcome
	return out, json.Unmarshal(answer, &out)
}

func ours(e *Engine, data Value, source string) outcome {
	ctx := Shared("ctx", nil, func(*expr.Budget, []Value) (Value, error) { return data, nil })
	v, err := e.Eval(source, Run{Context: context.Background(), Functions: func(name string) *Function {
		if name == "ctx" {
			return ctx
		}
		return nil
	}})
	if err != nil {
		return outcome{Error: expr.ClassOf(err), Msg: err.Error()}
	}
	var out any
	b, err := json.Marshal(tagged(v))
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return outcome{Error: "encoding", Msg: err.Error()}
	}
	return outcome{OK: out}
}

// tagged is a value in the form that testdata/oracle.py writes.
func tagged(v Value) any {
	switch x := v.(type) {
	case nil, bool, string:
		return x
	case int64, *big.Int:
		return map[string]any{"i": fmt.Sprint(x)}
	case float64:
		return map[string]any{"f": expr.FloatText(x)}
	case *DateTime:
		return map[string]any{"t": x.ISO()}
	case Timespan:
		f, _ := expr.Float(x.Micros())
		return map[string]any{"u": f}
	case *expr.Set:
		items := []any{}
		for item := range x.All() {
			items = append(items, tagged(item))
		}
		sort.Slice(items, func(i, j int) bool { return fmt.Sprint(items[i]) < fmt.Sprint(items[j]) })
		return map[string]any{"s": items}
	case *expr.Dict:
		items := []any{}
		for k, v := range x.All() {
			items = append(items, []any{tagged(k), tagged(v)})
		}
		return map[string]any{"d": items}
	}
	if items, ok := sequence(v); ok {
		out := []any{}
		for _, item := range items {
			out = append(out, tagged(item))
		}
		return map[string]any{"l": out}
	}
	return map[string]any{"o": expr.TypeName(v)}
}

// sortSets puts the members of the oracle's sets into our order.
func sortSets(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = sortSets(x[k])
		}
		if items, ok := x["s"].([]any); ok {
			sort.Slice(items, func(i, j int) bool { return fmt.Sprint(items[i]) < fmt.Sprint(items[j]) })
		}
	case []any:
		for i := range x {
			x[i] = sortSets(x[i])
		}
	}
	return v
}

const differentialData = `{"i": 7, "f": 2.5, "s": "hello", "n": null, "t": true, "l": [5, 1, 4], "ls": ["pear", "fig"], "d": {"a": 1, "b": [1, {"x": 2}]}, "vms": [{"name": "web", "cpu": 4, "up": true}, {"name": "db", "cpu": 2, "up": false}]}`

// TestCorpusAgainstPython compares the expressions of a file named by $PETREL_YAQL_FILE, one a line, and
// without one those of testdata/corpus.txt.
func TestCorpusAgainstPython(t *testing.T) {
	name := os.Getenv("PETREL_YAQL_FILE")
	if name == "" {
		name = "testdata/corpus.txt"
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	py := startOracle(t, differentialData)
	data, err := expr.FromJSON([]byte(differentialData))
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{})
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if lines.Text() != "" {
			compareOne(t, py, e, data, lines.Text())
		}
	}
}

// outsideOfPython tells outcomes that the two cannot agree on: texts that show Python's insides, complex numbers, the
// order of sets in text and in flattened lists, and which unhashable member of a set is met first.
func outsideOfPython(source string, want, got outcome) bool {
	if got.Error == expr.BudgetError {
		return true // a text of 1 GB
	}
	text := want.String()
	for _, sign := range []string{"ForeignText", "\"complex\"", "AttributeError", "RecursionError", "unhashable type: 'dict'"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	if splitSeconds.MatchString(text) {
		return true
	}
	ordered := strings.Contains(source, "flatten()") || strings.Contains(source, "str(")
	return makesSets(source) && (ordered || want.unhashable() || got.unhashable())
}

func makesSets(source string) bool {
	return strings.Contains(source, "set(") || strings.Contains(source, "toSet()")
}

// inAnyOrder writes a value with the members of all its lists sorted.
func inAnyOrder(v any) string {
	var parts []string
	switch x := v.(type) {
	case map[string]any:
		for k, member := range x {
			parts = append(parts, k+":"+inAnyOrder(member))
		}
	case []any:
		for _, member := range x {
			parts = append(parts, inAnyOrder(member))
		}
	default:
		return fmt.Sprint(x)
	}
	sort.Strings(parts)
	return "(" + strings.Join(parts, " ") + ")"
}

func (o outcome) unhashable() bool {
	return o.Error == "TypeError" && strings.Contains(o.Msg, "unhashable")
}

// splitSeconds is an offset with parts of a second, which Go's zones do not have.
var splitSeconds = regexp.MustCompile(`[+-]\d\d:\d\d:\d\d\.\d`)

func TestDifferentialAgainstPython(t *testing.T) {
	n := 20000
	if s := os.Getenv("PETREL_DIFF_N"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PETREL_DIFF_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	py := startOracle(t, differentialData)
	data, err := expr.FromJSON([]byte(differentialData))
	if err != nil {
		t.Fatal(err)
	}
	e, library := New(Options{}), Library()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	total := map[verdict]int{}
	for range n {
		total[compareOne(t, py, e, data, g.expression(library))]++
	}
	compared, values := n-total[leftOut], total[sameValue]
	fmt.Printf("yaql against python3-yaql: seed %d, %d expressions: %d compared, %d of them values, %d different\n", seed, n, compared, values, total[different])
	if total[different] > 0 {
		t.Errorf("%d of %d differ; repeat with PETREL_DIFF_SEED=%d PETREL_DIFF_N=%d", total[different], n, seed, n)
	}
	if compared < n*8/10 || values < n/4 {
		t.Errorf("only %d of %d expressions could be compared, %d gave values", compared, n, values)
	}
}

// verdict is how one expression compares.
type verdict int

const (
	leftOut verdict = iota
	sameError
	sameValue
	different
)

func compareOne(t *testing.T, py *oracle, e *Engine, data Value, source string) verdict {
	t.Helper()
	want, err := py.eval(source)
	if err != nil {
		t.Fatalf("the Python side (python3-yaql) gave no answer to %s: %v", source, err)
	}
	got := ours(e, data, source)
	if outsideOfPython(source, want, got) {
		return leftOut
	}
	want.OK = sortSets(want.OK)
	switch {
	case got.Error == want.Error && got.Error != "":
		return sameError
	case got.Error == want.Error && got.String() == want.String():
		return sameValue
	case got.Error == want.Error && makesSets(source) && inAnyOrder(got.OK) == inAnyOrder(want.OK):
		return sameValue // a set was made a list
	}
	t.Errorf("%s\n  ours   %s\n  python %s", source, got, want)
	return different
}
