package jinja

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
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

func (p *python) render(t *testing.T, kind, source string) rendered {
	t.Helper()
	if err := p.in.Encode([]string{kind, source}); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("python3-jinja2 ended (is it installed? apt-get install python3-jinja2): %v", err)
	}
	var r rendered
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDifferential renders generated templates here and with Debian's python3-jinja2.
// PETREL_DIFF_N sets how many, PETREL_DIFF_SEED repeats a run.
func TestDifferential(t *testing.T) {
	n := envInt(t, "PETREL_DIFF_N", 2000)
	seed := uint64(envInt(t, "PETREL_DIFF_SEED", int(time.Now().UnixNano()&0xffffffff)))
	py := startPython(t, generatorContext)
	environments := map[string]*Environment{
		"strict":   New(Options{TrimBlocks: true, LstripBlocks: true}, nil, nil, nil),
		"lenient":  New(Options{TrimBlocks: true, LstripBlocks: true, Undefined: expr.Lenient}, nil, nil, nil),
		"escaping": New(Options{TrimBlocks: true, LstripBlocks: true, Autoescape: true}, nil, nil, nil),
	}
	context, err := expr.FromJSON([]byte(generatorContext))
	if err != nil {
		t.Fatal(err)
	}
	gen := newTemplates(seed)
	same, failing, addresses, stopped, different := 0, 0, 0, 0, 0
	for i := range n {
		source, kind := gen.template(), []string{"strict", "strict", "lenient", "escaping"}[i%4]
		want := py.render(t, kind, source)
		if strings.Contains(strings.ToLower(want.Text), " at 0x") {
			addresses++
			continue
		}
		problem := compareRendered(environments[kind], context.(*expr.Dict), source, want)
		switch {
		case problem == overBudget:
			stopped++
		case problem != "":
			different++
			if different <= 20 {
				t.Errorf("%s: %s\n%s", kind, source, problem)
			}
		case want.Error != "":
			failing++
		default:
			same++
		}
	}
	fmt.Printf("jinja against python3-jinja2: seed %d, %d templates: %d same text, %d same error class, %d left out (host addresses), %d stopped here by the budget, %d different\n",
		seed, n, same, failing, addresses, stopped, different)
	if different > 0 {
		t.Errorf("%d of %d differ; repeat with PETREL_DIFF_SEED=%d PETREL_DIFF_N=%d", different, n, seed, n)
	}
}

// overBudget says that a template asks for more than an evaluation may take here, such as a text of 1 GB.
const overBudget = "stopped by the budget"

func compareRendered(env *Environment, context *expr.Dict, source string, want rendered) string {
	tm, err := env.Compile(source)
	text := ""
	if err == nil {
		text, err = tm.Render(Run{}, DictVars(context))
	}
	if env.Undefined == expr.Lenient && err != nil && strings.HasSuffix(err.Error(), "object is not subscriptable") {
		return "" // Python folds a constant slice of what cannot be sliced, and gets an undefined value
	}
	switch {
	case expr.ClassOf(err) == expr.BudgetError:
		return overBudget
	case err == nil && want.Error == "" && text == want.Text:
		return ""
	case err != nil && want.Error == expr.ClassOf(err):
		return ""
	case err != nil:
		return fmt.Sprintf("  here:   %v\n  python: %q %s %s", err, want.Text, want.Error, want.Message)
	}
	return fmt.Sprintf("  here:   %q\n  python: %q %s %s", text, want.Text, want.Error, want.Message)
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
