package yaql

import (
	"bufio"
	"os"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// seedCorpus gives the fuzzer the expressions of the corpus.
func seedCorpus(f *testing.F) {
	f.Helper()
	file, err := os.Open("testdata/corpus.txt")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		f.Add(lines.Text())
	}
}

// FuzzCompile: every text compiles or fails with a class and a place.
func FuzzCompile(f *testing.F) {
	seedCorpus(f)
	e := New(Options{})
	f.Fuzz(func(t *testing.T, source string) {
		if _, err := e.Compile(source); err != nil && expr.ClassOf(err) == "" {
			t.Errorf("%q: an error without class: %v", source, err)
		}
		blocks(source)
		ContextVariables(source)
	})
}

// FuzzEval: every expression ends in time with a value or a classed error, and the value is plain.
func FuzzEval(f *testing.F) {
	seedCorpus(f)
	e := New(Options{})
	data, err := expr.FromJSON([]byte(differentialData))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		limits := expr.Limits{Steps: 50_000, Bytes: 4 << 20, Time: time.Second}
		begin := time.Now()
		v, err := e.Eval(source, Run{Data: data, Limits: limits})
		if err != nil {
			if expr.ClassOf(err) == "" {
				t.Errorf("%q: an error without class: %v", source, err)
			}
			return
		}
		if isQuery(v) || isSet(v) && expr.TypeName(v) != "set" {
			t.Errorf("%q: the result is no plain data: %s", source, expr.TypeName(v))
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%q took %s", source, took)
		}
	})
}
