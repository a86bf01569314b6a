package jinja

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// python is Debian's Jinja2 as a process that renders one template a line.
type python struct {
	in  *json.Encoder
	out *bufio.Reader
}

type rendered struct {
	Text    string
	Error   string
	Message string
}

func startPython(t *testing.T, context string) *python {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/render.py")
	cmd.Env = append(os.Environ(), "PYTHONWARNINGS=ignore")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("this test needs Debian's python3-jinja2 (apt-get install python3-jinja2): %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	fmt.Fprintln(in, strings.ReplaceAll(context, "\n", " "))
	return &python{json.NewEncoder(in), bufio.NewReaderSize(out, 1<<20)}
}

func (p *python) render(kind, source string) (r rendered, err error) {
	if err = p.in.Encode([]string{kind, source}); err != nil {
		return r, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("python3-jinja2 ended (is it installed? apt-get install python3-jinja2): %w", err)
	}
	return r, json.Unmarshal(line, &r)
}

// TestDifferential renders generated templates here and with Debian's python3-jinja2.
// PETREL_DIFF_N sets how many, PETREL_DIFF_SEED repeats a run.
func TestDifferential(t *testing.T) {
	n := envInt(t, "PETREL_DIFF_N", 20000)
	seed := uint64(envInt(t, "PETREL_DIFF_SEED", int(time.Now().UnixNano()&0xffffffff)))
	gen, sources := newTemplates(seed), make([]string, n)
	for i := range sources {
		sources[i] = gen.template()
	}
	total := tally{}
	for o := range outcomes(t, generatorContext, sources) {
		total[o.what]++
		if o.what == different && total[different] <= 20 {
			t.Errorf("%s: %s\n%s", kindOf(o.number), sources[o.number], o.problem)
		}
	}
	fmt.Printf("jinja against python3-jinja2: seed %d, %d templates: %d same text, %d same error class, %d left out (host addresses), %d stopped here by the budget, %d different\n",
		seed, n, total[sameText], total[sameError], total[leftOut], total[overBudget], total[different])
	if total[different] > 0 {
		t.Errorf("%d of %d differ; repeat with PETREL_DIFF_SEED=%d PETREL_DIFF_N=%d", total[different], n, seed, n)
	}
	if total[sameText] < n/2 {
		t.Errorf("only %d of %d templates gave text", total[sameText], n)
	}
}

// TestCorpusAgainstPython compares the templates of testdata/corpus.txt, one a line (⏎ is a line break):
// what packs use. PETREL_JINJA_FILE names another file.
func TestCorpusAgainstPython(t *testing.T) {
	name := os.Getenv("PETREL_JINJA_FILE")
	if name == "" {
		name = "testdata/corpus.txt"
	}
	corpus, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	context, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for line := range strings.Lines(strings.ReplaceAll(string(corpus), "⏎", "\r")) {
		source := strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\r", "\n")
		sources = append(sources, source, source, source, source) // each way of kindOf
	}
	for o := range outcomes(t, string(context), sources) {
		if o.what != sameText && o.what != sameError {
			t.Errorf("%s: %s\n%s", o.what, sources[o.number], o.problem)
		}
	}
}

// outcomes compares all templates, with as many Python processes as there are processors.
func outcomes(t *testing.T, data string, sources []string) <-chan outcome {
	context, err := expr.FromJSON([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	environments := map[string]*Environment{
		"strict":   New(Options{TrimBlocks: true, LstripBlocks: true}, nil, nil, nil),
		"lenient":  New(Options{TrimBlocks: true, LstripBlocks: true, Undefined: expr.Lenient}, nil, nil, nil),
		"escaping": New(Options{TrimBlocks: true, LstripBlocks: true, Autoescape: true}, nil, nil, nil),
	}
	all := make(chan outcome)
	var working sync.WaitGroup
	workers := runtime.NumCPU()
	for w := range workers {
		py := startPython(t, data)
		working.Go(func() {
			for i := w; i < len(sources); i += workers {
				want, err := py.render(kindOf(i), sources[i])
				if err != nil {
					t.Error(err)
					return
				}
				o := compareRendered(environments[kindOf(i)], context.(*expr.Dict), sources[i], want)
				o.number = i
				all <- o
			}
		})
	}
	go func() { working.Wait(); close(all) }()
	return all
}

// kindOf is how the i-th template is rendered: undefined names as errors or empty, or with escaping.
func kindOf(i int) string { return []string{"strict", "strict", "lenient", "escaping"}[i%4] }

// outcome is how one template compares.
type outcome struct {
	number  int
	what    string
	problem string
}

type tally map[string]int

const (
	sameText   = "same text"
	sameError  = "same error class"
	leftOut    = "a host address"
	overBudget = "stopped by the budget" // it asks for more than an evaluation may take here, such as a text of 1 GB
	different  = "different"
)

func compareRendered(env *Environment, context *expr.Dict, source string, want rendered) outcome {
	if strings.Contains(strings.ToLower(want.Text), " at 0x") {
		return outcome{what: leftOut}
	}
	tm, err := env.Compile(source)
	text := ""
	if err == nil {
		text, err = tm.Render(Run{}, DictVars(context))
	}
	switch {
	case expr.ClassOf(err) == expr.BudgetError:
		return outcome{what: overBudget}
	case err == nil && want.Error == "" && text == want.Text:
		return outcome{what: sameText}
	case err != nil && want.Error == expr.ClassOf(err):
		return outcome{what: sameError}
	}
	problem := fmt.Sprintf("  here:   %q %v\n  python: %q %s %s", text, err, want.Text, want.Error, want.Message)
	return outcome{what: different, problem: problem}
}

func envInt(t *testing.T, name string, missing int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return missing
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
