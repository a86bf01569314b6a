package jinja

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// bombs are templates that would take all time or memory there is.
var bombs = map[string]string{
	"endless recursion":      `{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}`,
	"caller recursion":       `{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}`,
	"loop recursion":         `{% set l = [] %}{% set _ = l.append(l) %}{% for x in l recursive %}{{ loop(x) }}{% endfor %}`,
	"block recursion":        `{% block b %}{{ self.b() }}{% endblock %}`,
	"string doubling":        `{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`,
	"list doubling":          `{% set l = [1] %}{% for i in range(100) %}{% set _ = l.extend(l) %}{% endfor %}`,
	"nested ranges":          `{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}`,
	"endless list":           `{% set l = [1] %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}`,
	"multiply text":          `{{ 'x' * 1000000000 }}`,
	"multiply list":          `{{ [1] * 1000000000 }}`,
	"multiply text in turn":  `{{ 'x' * 10000 * 10000 * 10000 }}`,
	"huge power":             `{{ 10 ** 1000000000 }}`,
	"tower":                  `{{ 9 ** (9 ** (9 ** 9)) }}`,
	"squaring":               `{% set ns = namespace(n=3) %}{% for i in range(100) %}{% set ns.n = ns.n * ns.n %}{% endfor %}`,
	"padding":                `{{ 'x'.center(1000000000) }}`,
	"zfill":                  `{{ 'x'.zfill(10000000000) }}`,
	"percent width":          `{{ '%1000000000d' % 1 }}`,
	"percent star":           `{{ '%*d' % (1000000000, 1) }}`,
	"format width":           `{{ '{:1000000000}'.format(1) }}`,
	"format nested":          `{{ '{:{}}'.format(1, 1000000000) }}`,
	"repr of shared lists":   `{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}`,
	"json of shared lists":   `{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}`,
	"equal shared lists":     `{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}`,
	"pprint shared lists":    `{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|pprint }}`,
	"tuple of tuples":        `{% set ns = namespace(l=(1,)) %}{% for i in range(60) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}`,
	"deep list":              `{% set ns = namespace(l=[1]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}`,
	"deep equal":             `{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(90000) %}{% set ns.l = [ns.l] %}{% set ns.m = [ns.m] %}{% endfor %}{{ ns.l == ns.m }}`,
	"self in format":         `{% set ns = namespace(n=1) %}{% set ns.me = ns %}{{ ns }}`,
	"deep parentheses":       "{{ " + strings.Repeat("(", 40000) + "1" + strings.Repeat(")", 40000) + " }}",
	"deep lists":             "{{ " + strings.Repeat("[", 40000) + strings.Repeat("]", 40000) + " }}",
	"deep ifs":               strings.Repeat("{% if 1 %}", 40000) + strings.Repeat("{% endif %}", 40000),
	"long not":               "{{ " + strings.Repeat("not ", 40000) + "1 }}",
	"long minus":             "{{ " + strings.Repeat("-", 40000) + "1 }}",
	"long sum":               "{{ 1" + strings.Repeat("+1", 40000) + " }}",
	"long attributes":        "{{ a" + strings.Repeat(".b", 40000) + " }}",
	"long filters":           "{{ a" + strings.Repeat("|e", 40000) + " }}",
	"long inline if":         "{{ " + strings.Repeat("1 if 1 else ", 40000) + "1 }}",
	"batch without end":      `{{ [1]|batch(10000000000, 'x')|list }}`,
	"slice without end":      `{{ [1]|slice(1000000000)|list }}`,
	"indent":                 `{{ ('a\n' * 10000)|indent(100000) }}`,
	"wordwrap":               `{{ ('a ' * 100000)|wordwrap(1, wrapstring='x' * 10000) }}`,
	"wordwrap a long word":   `{{ ('x' * 2000000)|wordwrap(1) }}`,
	"wordwrap blanks":        `{{ ('a ' * 10000000)|wordwrap(79) }}`,
	"indent empty lines":     `{{ ('\n' * 20000000)|indent(0) }}`,
	"split lines":            `{{ ('\n' * 20000000).splitlines() }}`,
	"split at commas":        `{{ ('x,' * 10000000).rsplit(',') }}`,
	"urlize with a long rel": `{{ ('www.a.com ' * 5000)|urlize(rel='x' * 100000) }}`,
	"urlize with schemes":    `{{ ('ww.a.co ' * 50000)|urlize(extra_schemes=['ab:'] * 10000) }}`,
	"urlencode pairs":        `{% set s = '&' * 5000000 %}{{ [(s, s)] * 20|urlencode }}{{ ([(s, s)] * 20)|urlencode }}`,
	"escape in turn":         `{% set s = '&' * 5000000 %}{% for i in range(10000) %}{% set x = s|e %}{% endfor %}`,
	"length in turn":         `{% set s = 'x' * 5000000 %}{% for i in range(90000) %}{% set x = s|length %}{% endfor %}`,
	"compare in turn":        `{% set s = 'x' * 5000000 %}{% set r = 'x' * 5000000 %}{% for i in range(90000) %}{% set x = r == s or r < s %}{% endfor %}`,
	"subscripts in turn":     `{% set s = 'é' * 2500000 %}{% for i in range(90000) %}{% set x = s[9] ~ s[5:10:2] %}{% endfor %}`,
	"remove in turn":         `{% set l = [1] * 1000000 %}{% for i in range(90000) %}{% set x = l.remove(1) %}{% endfor %}`,
	"long int of base 16":    `{{ ('f' * 5000000)|int(0, 16) }}`,
	"long attribute path":    `{{ [{}]|map(attribute='a.' * 3000000, default=1)|list }}`,
	"replace nothing":        `{{ ('a' * 100000)|replace('', 'x' * 100000) }}`,
	"join":                   `{{ range(90000)|join('x' * 100000) }}`,
	"expand tabs":            `{{ ('\t' * 100000).expandtabs(1000000) }}`,
	"map of map":             `{{ range(99999)|map('default', range(99999)|list)|map('list')|list }}`,
	"sum of lists":           `{{ ([[1] * 1000] * 99999)|sum(start=[]) }}`,
	"quadratic sum":          `{{ (['x' * 100] * 99999)|map('list')|sum(start=[]) }}`,
	"sort":                   `{{ (range(99999)|list * 20)|sort|length }}`,
	"dict update":            `{% set d = {} %}{% for i in range(99999) %}{% for j in range(99) %}{% set _ = d.update({i ~ j: 1}) %}{% endfor %}{% endfor %}`,
	"round":                  `{{ (10 ** 4000)|round(-1000000000) }}{{ 'x' * 1000000000 }}`,
	"truncate":               `{{ ('x' * 1000000)|list|map('upper')|list|join|list|map('upper')|list|join|list }}`,
	"groupby":                `{{ (range(99999)|list * 10)|groupby(0) }}`,
	"urlize":                 `{{ ('www.a.com ' * 1000000)|urlize }}`,
	"range count":            `{{ range(99999)|map('string')|map('list')|sum(start=[])|length }}`,
}

// TestBombs wants every bomb stopped with a clear error, soon and without much memory.
func TestBombs(t *testing.T) {
	env := New(Options{TrimBlocks: true, LstripBlocks: true}, nil, nil, nil)
	var slowest, biggest string
	var most time.Duration
	var largest uint64
	for name, source := range bombs {
		took, used, err := explode(env, source)
		var e *expr.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: not stopped: %v", name, err)
			continue
		}
		switch e.Class {
		case expr.BudgetError, "RecursionError", "OverflowError", "ValueError", "TemplateSyntaxError", "TypeError":
		default:
			t.Errorf("%s: stopped by %v", name, err)
		}
		if took > most {
			slowest, most = name, took
		}
		if used > largest {
			biggest, largest = name, used
		}
		if took > 3*time.Second || used > 128<<20 { // the aim is 100 ms and 64 MB on a quiet machine
			t.Errorf("%s: took %s and %d MB", name, took, used>>20)
		}
		if testing.Verbose() {
			fmt.Printf("%-24s %8.1f ms %6.1f MB  %.90s\n", name, float64(took.Microseconds())/1000, float64(used)/(1<<20), err)
		}
	}
	fmt.Printf("jinja: %d bombs stopped; slowest %s (%s), most memory allocated %s (%d MB)\n", len(bombs), slowest, most, biggest, largest>>20)
}

// explode renders a template and measures time and allocated memory.
func explode(env *Environment, source string) (time.Duration, uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	tm, err := env.Compile(source)
	if err == nil {
		_, err = tm.Render(Run{}, func(string) (expr.Value, bool) { return nil, false })
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc, err
}
