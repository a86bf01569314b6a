package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/functions"
	"github.com/petrelhq/petrel/core/expr/orquesta"
	"github.com/petrelhq/petrel/core/expr/yaql"
)

// What is evaluated, what it is evaluated with, and how Python is timed doing the same.
var (
	//go:embed expressions/expressions.json
	expressionTexts []byte
	//go:embed expressions/context.json
	expressionContext []byte
	//go:embed expressions/measure.py
	measureInPython string
)

// expression is one of the texts. Recorded is what StackStorm's own evaluator did a second, on two shared
// cores with Python 3.11, yaql 3.2.0 and Jinja2 3.1.6.
type expression struct {
	Language string  `json:"language"`
	Text     string  `json:"text"`
	Recorded float64 `json:"recorded"`
}

// expressions times what workflows evaluate all the time, against Python in the same run.
func (b *bench) expressions() error {
	var all []expression
	if err := json.Unmarshal(expressionTexts, &all); err != nil {
		return err
	}
	python, err := b.pythonRates(all)
	if err != nil {
		return err
	}
	t := newTable("expr: expressions a second, one core", "expression", "cold", "cached", "Python here", "StackStorm recorded", "cached/Python", "bar")
	w, err := expressionInput()
	if err != nil {
		return err
	}
	for i, e := range all {
		cached, err := b.evaluations(w, func(int) string { return e.Text })
		if err != nil {
			return err
		}
		cold, err := b.evaluations(w, e.variant)
		if err != nil {
			return err
		}
		yardstick, shown := python[i], perSecond(python[i])
		if yardstick == 0 {
			yardstick, shown = e.Recorded, "no module"
		}
		ratio := cached / yardstick
		t.row(e.Text, perSecond(cold), perSecond(cached), shown, perSecond(e.Recorded), fmt.Sprintf("%.0fx", ratio), atLeast(ratio, 50, "x"))
	}
	t.remark("Cold: compiled each time. Cached: as the server does it, looked up by text. Python here: the bare modules of Debian, parsing each")
	t.remark("time as the original does; StackStorm itself does more besides (recorded figures). Without a module the ratio is to the recorded figure.")
	t.print(b.out)
	return nil
}

func expressionInput() (*functions.Workflow, error) {
	context, err := expr.FromJSON(expressionContext)
	if err != nil {
		return nil, err
	}
	return functions.WorkflowOf(context.(*expr.Dict))
}

// variants is more than an evaluator keeps compiled.
const variants = 4096

// variant is the same expression in another spelling: blanks between parentheses stand for the digits of i.
func (e expression) variant(i int) string {
	blanks := strings.Map(func(digit rune) rune { return rune(" \t"[digit-'0']) }, strconv.FormatInt(int64(variants+i%variants), 2))
	return strings.Replace(e.Text, "ctx()", "ctx("+blanks+")", 1)
}

// evaluations is how many of the texts are evaluated a second.
func (b *bench) evaluations(w *functions.Workflow, text func(i int) string) (float64, error) {
	ev := orquesta.New(yaql.Options{}, nil)
	best, n := 0.0, 0
	for range expressionRounds {
		begin, first := time.Now(), n
		for time.Since(begin) < b.expressionTime()/expressionRounds {
			for range 20 {
				if _, err := ev.Evaluate(orquesta.Run{}, text(n), w); err != nil {
					return 0, err
				}
				n++
			}
		}
		best = max(best, float64(n-first)/time.Since(begin).Seconds())
	}
	return best, nil
}

// expressionRounds is how often each is timed; the best counts, for both.
const expressionRounds = 5

// expressionTime is how long one expression is evaluated, all rounds together.
func (b *bench) expressionTime() time.Duration {
	if b.quick {
		return 100 * time.Millisecond
	}
	return time.Second
}

// pythonRates gives evaluations a second by Python; 0 where Debian's module is not installed.
func (b *bench) pythonRates(all []expression) ([]float64, error) {
	work, err := json.Marshal(map[string]any{
		"seconds": b.expressionTime().Seconds(), "rounds": expressionRounds, "expressions": all, "context": json.RawMessage(expressionContext),
	})
	if err != nil {
		return nil, err
	}
	rates := make([]float64, len(all))
	if _, err := exec.LookPath(debianPython); err != nil {
		return rates, nil
	}
	cmd := exec.Command(debianPython, "-c", measureInPython)
	cmd.Stdin = bytes.NewReader(work)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("timing Python: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		if line == "" {
			continue
		}
		if rates[i], err = strconv.ParseFloat(line, 64); err != nil {
			return nil, fmt.Errorf("timing Python: %w", err)
		}
	}
	return rates, nil
}

// debianPython is the Python that Debian's modules are installed for.
const debianPython = "/usr/bin/python3"
