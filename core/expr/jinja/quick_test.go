package jinja

import (
	"testing"

	"github.com/petrelhq/petrel/core/expr"
)

func TestQuick(t *testing.T) {
	env := New(Options{TrimBlocks: true, LstripBlocks: true}, nil, nil, nil)
	v, _ := expr.FromJSON([]byte(`{"a": 3, "l": [3,1,2], "d": {"k": "v"}, "s": "hello world"}`))
	for _, src := range []string{
		`{{ a + 1 }} {{ l|sort|join(",") }} {{ d }} {{ s.upper()[::-1] }}`,
		`{% for x in l %}{{ loop.index }}:{{ x }}{% if not loop.last %},{% endif %}{% else %}none{% endfor %}`,
		`{% macro m(a, b=2) %}{{ a }}-{{ b }}-{{ varargs }}-{{ kwargs }}{% endmacro %}{{ m(1) }} {{ m(1,3,4,z=5) }}`,
		`{% set x = [] %}{% for i in l %}{% set _ = x.append(i*2) %}{% endfor %}{{ x }}`,
		`{% set _ = l.append(9) %}{{ l }}`,
		`{{ "%05.2f|%s" % (3.14159, l) }} {{ "{:>10}|{0.k}".format(d) }}`,
		`{{ "{0[k]:>10}|{1!r}".format(d, s) }}`,
		`{{ 2**100 }} {{ 7//2 }} {{ -7//2 }} {{ -7 % 3 }} {{ 1e16 }} {{ 1/3 }}`,
		`{{ l|map('string')|map('upper')|list }} {{ d|tojson }} {{ l|groupby(0) if false else 'no' }}`,
		`{{ nope }}`, `{{ a.b.c }}`, `{{ a`, `{% if %}`, `{{ 1|nofilter }}`,
		`{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}`,
	} {
		tm, err := env.Compile(src)
		if err != nil {
			t.Logf("%s\n   -> %v %+v", src, err, err.(*expr.Error).Pos)
			continue
		}
		out, err := tm.Render(Run{}, DictVars(v.(*expr.Dict)))
		t.Logf("%s\n   -> %q %v %v", src, out, err, tm.Variables())
	}
}
