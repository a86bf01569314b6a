package jinja

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// template makes one template of a few statements.
func (g *templates) template() string {
	g.scope, g.fresh = nil, 0
	if g.chance(45) {
		return "{{ " + g.any(1+g.r.IntN(4)) + " }}"
	}
	return g.body(2, 1+g.r.IntN(4))
}

func (g *templates) body(depth, n int) string {
	var sb strings.Builder
	for range n {
		sb.WriteString(g.statement(depth))
	}
	return sb.String()
}

func (g *templates) open() string  { return g.pick("{%", "{%", "{%", "{%-", "{%+") }
func (g *templates) close() string { return g.pick("%}", "%}", "%}", "-%}", "+%}") }

func (g *templates) tag(text string) string { return g.open() + " " + text + " " + g.close() }

func (g *templates) filler() string {
	return g.pick("x", "\n", " \n  ", "text\n", "  ", "", "a\n\n", "{ x }", "\t", "é")
}

func (g *templates) variable() string {
	g.fresh++
	return fmt.Sprintf("v%d", g.fresh)
}

// inside makes a body in which more variables are known.
func (g *templates) inside(depth int, names ...string) string {
	saved := g.scope
	g.scope = append(append([]string(nil), saved...), names...)
	out := g.body(depth-1, 1+g.r.IntN(2))
	g.scope = saved
	return out
}

func (g *templates) statement(depth int) string {
	if depth <= 0 || g.chance(35) {
		return g.filler() + g.pick("{{ ", "{{ ", "{{- ", "{{") + g.any(2) + g.pick(" }}", " }}", " -}}", "}}") + g.filler()
	}
	switch g.r.IntN(13) {
	case 0, 1:
		return g.ifStatement(depth)
	case 2, 3:
		return g.forStatement(depth)
	case 4:
		v := g.pick("v0", "v1", "i", "s")
		out := g.tag("set " + v + " = " + g.any(2))
		g.scope = append(g.scope, v)
		return out
	case 5:
		return g.macro(depth)
	case 6:
		v := g.variable()
		return g.tag("with "+v+" = "+g.any(2)) + g.inside(depth, v) + g.tag("endwith")
	case 7:
		return g.tag("filter "+g.pick("upper", "trim", "replace('e', 'E')", "indent(2)", "title|trim", "wordcount")) + g.inside(depth) + g.tag("endfilter")
	case 8:
		return g.pick("{# a comment #}", "{#- c -#}", "{# {{ x }} #}\n", "  {# c #}\n", "{#+ c +#}\n")
	case 9:
		return g.pick("{% raw %}{{ x }}{% y %}{% endraw %}", "{%- raw %} a {{ {%- endraw -%} \n", "  {% raw %}\n z\n  {% endraw %}\n", "{% raw -%} q {%+ endraw %}")
	case 10:
		v := g.variable()
		out := g.tag("set "+v+g.pick("", " | upper", " | trim | length")) + g.inside(depth) + g.tag("endset")
		g.scope = append(g.scope, v)
		return out
	case 11:
		return g.namespace(depth)
	}
	return g.callBlock(depth)
}

func (g *templates) ifStatement(depth int) string {
	out := g.tag("if "+g.truth(2)) + g.inside(depth)
	if g.chance(30) {
		out += g.tag("elif "+g.truth(1)) + g.inside(depth)
	}
	if g.chance(50) {
		out += g.tag("else") + g.inside(depth)
	}
	return out + g.tag("endif")
}

func (g *templates) forStatement(depth int) string {
	v := g.variable()
	target, source := v, g.iterable(1)
	if g.chance(20) {
		target, source = v+", w", g.pick("d.items()", "vms[0].items()", "l|batch(2)", "[[1, 2], [3, 4]]", "d|dictsort", "ln", "vms|groupby('cpu')")
	}
	if g.chance(20) {
		source += g.pick(" if "+v, " if "+v+" is string", " if loop", " if "+v+" != 1")
	}
	loop := ""
	if g.chance(60) {
		loop = "{{ loop." + g.pick("index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "cycle('a', 'b', 'c')", "previtem|default('-')",
			"nextitem|default('-')", "changed("+v+")", "nope", "previtem", "cycle()") + " }}"
	}
	if g.chance(8) {
		return g.tag("for "+v+" in ln recursive") + "{{ loop.depth }}{% if " + v + " is iterable %}[{{ loop(" + v + ") }}]{% else %}{{ " + v + " }}{% endif %}" + g.tag("endfor")
	}
	out := g.tag("for "+target+" in "+source) + loop + g.inside(depth, v)
	if g.chance(25) {
		out += g.tag("else") + g.inside(depth)
	}
	return out + g.tag("endfor")
}

func (g *templates) macro(depth int) string {
	m, a, b := g.variable(), g.variable(), g.variable()
	body := g.inside(depth, a, b) + g.pick("", "", "{{ varargs }}", "{{ kwargs }}", "{{ varargs }}{{ kwargs }}", "{{ caller() }}")
	out := g.tag("macro "+m+"("+a+", "+b+g.pick("=2", "", "="+a, "=i")+")") + body + g.tag("endmacro")
	args := g.pick("1", "1, 2", "s, b=3", "1, 2, 3", b+"=4", "1, x=2", "*l", "**d", "", "1, "+b+"=5", "*[1], **{'"+b+"': 2}", a+"=1, "+b+"=2")
	return out + "{{ " + m + "(" + args + ") }}" + g.pick("", "{{ "+m+".name }}{{ "+m+".arguments }}", "{{ "+m+".catch_varargs }}")
}

func (g *templates) callBlock(depth int) string {
	m, a := g.variable(), g.variable()
	return g.tag("macro "+m+"()") + "<{{ caller(" + g.pick("1", "s", "", "1, 2") + ") }}>" + g.tag("endmacro") +
		g.tag("call"+g.pick("("+a+")", "", "("+a+"=3)")+" "+m+"()") + g.inside(depth, a) + g.tag("endcall")
}

func (g *templates) namespace(depth int) string {
	v := g.variable()
	return "{% set " + v + " = namespace(n=0, s='') %}" + g.tag("for q in "+g.pick("l", "range(3)", "ls")) +
		"{% set " + v + ".n = " + v + ".n + " + g.pick("1", "loop.index", "q") + " %}{% set " + v + ".s = " + v + ".s ~ q %}" + g.tag("endfor") +
		"{{ " + v + ".n }}{{ " + v + "." + g.pick("s", "nope", "n") + " }}"
}

// newTemplates starts a seeded generator.
func newTemplates(seed uint64) *templates {
	return &templates{r: rand.New(rand.NewPCG(seed, 0))}
}
