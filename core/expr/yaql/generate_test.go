package yaql

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes random expressions of given types, well formed and mostly well typed.
type generator struct {
	*rand.Rand
	depth int
}

func (g *generator) pick(options ...string) string { return options[g.IntN(len(options))] }

// fill replaces $N $T $L … in a pattern by expressions of a type: N number, I small int, T text,
// L list, Q query, D map, S set, B truth value, P time span, M date, A anything, V a value for lists,
// K a word, F an expression on a number item.
func (g *generator) fill(pattern string) string {
	g.depth++
	defer func() { g.depth-- }()
	var sb strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '@' {
			i++
			sb.WriteString(g.ofType(pattern[i]))
			continue
		}
		sb.WriteByte(pattern[i])
	}
	return sb.String()
}

func (g *generator) ofType(t byte) string {
	deep := g.depth > 3
	switch t {
	case 'N':
		return g.number(deep)
	case 'I':
		return fmt.Sprint(g.IntN(8) - 2)
	case 'C':
		return fmt.Sprint(g.IntN(5))
	case 'T':
		return g.text(deep)
	case 'L':
		return g.list(deep)
	case 'Q':
		return g.query(deep)
	case 'D':
		return g.dict(deep)
	case 'S':
		return g.set(deep)
	case 'B':
		return g.truth(deep)
	case 'P':
		return g.span(deep)
	case 'M':
		return g.date(deep)
	case 'K':
		return g.pick("a", "b", "c", "name", "up")
	case 'F':
		return g.pick("$", "$ + 1", "$ * 2", "-$", "$ mod 2", "str($)", "[$, 1]", "$ > 2", "null", "switch($ > 2 => 1, true => 0)", "{k => $}", "$.foo", "$1", "let(x => $) -> $x")
	case 'W':
		return g.pick("$ > 2", "$ = 1", "$ mod 2 = 0", "not $", "$", "$ < 4", "true", "false", "$ in [1, 2]", "$ != null")
	}
	return g.ofType("NTLDSBPMNTLN"[g.IntN(12)])
}

func (g *generator) number(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("0", "1", "2", "3", "7", "10", "1.5", "0.0", "2.25", "ctx().i", "ctx().f", "-1", "-2.5")
	}
	return g.fill(g.pick(
		"@N + @N", "@N - @N", "@N * @N", "@N / @N", "@N mod @N", "(@N)", "-@N", "+(@N)",
		"@L.len()", "@T.len()", "len(@D)", "@L.sum()", "@Q.sum(0)", "@L.max()", "@L.min(5)", "@Q.count()", "@L.first(1)", "@L.last(0)", "@L[@I]",
		"abs(@N)", "round(@N)", "round(@N, @I)", "sign(@N)", "min(@N, @N)", "max(@N, @N)", "int(@N)", "float(@N)", "int(@T)", "pow(@I, @C)", "pow(@N, 2)", "pow(@I, @C, 7)",
		"bitwiseAnd(@I, @I)", "bitwiseOr(@I, @I)", "bitwiseXor(@I, @I)", "bitwiseNot(@I)", "shiftBitsLeft(@I, @C)", "shiftBitsRight(@I, @C)",
		"@T.indexOf(@T)", "@T.lastIndexOf(@T, @I)", "@T.indexOf(@T, @I, @I)", "@T.lastIndexOf(@T, @I, @I)",
		"@L.aggregate($1 + $2)", "@L.aggregate($1 + $2, @N)", "@Q.reduce($1 * $2, 1)", "@L.indexOf(@N)", "@L.lastIndexOf(@N)", "@L.indexWhere(@W)", "@L.lastIndexWhere(@W)",
		"coalesce(null, @N)", "switch(@B => @N, @B => @N, true => @N)", "@I.switchCase(@N, @N)", "selectCase(@B, @B)",
		"let(@N) -> $ + 1", "let(x => @N, y => @N) -> $x + $y", "let(@N, @N) -> $1 - $2", "def(f, $ * 2) -> f(@N)", "[@N, @N].unpack(p, q) -> $p * $q", "with(@L) -> $.len()",
		"ctx().d.a", "ctx().vms.cpu.sum()", "ctx().d.b[0]", "@M.year", "@M.weekday", "@M.timestamp", "@P.hours", "@P.microseconds", "@P / @P", "call(len, [@L], {})", "@D.get(@K, @N)", "@D.get(@K)",
	))
}

func (g *generator) text(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("'abc'", "''", "'Hello World'", "'a,b,,c'", "' x '", "b", "'12'", "'1.5'", "'aXbXc'", "ctx().s", "'naïve é'", "'a\\nb'", `"it's"`)
	}
	return g.fill(g.pick(
		"@T + @T", "@T * @C", "(@T)", "@T.toUpper()", "@T.toLower()", "@T.trim()", "@T.trimLeft()", "@T.trimRight(' c')", "@T.trim(@T)", "norm(@T)", "@T.norm()",
		"@T.replace(@T, @T)", "@T.replace(b, @T, @I)", "@T.substring(@I)", "@T.substring(@I, @I)", "@L.join(',')", "@T.join(@L)", "str(@N)", "str((@L).toList())", "str(@D)", "str(@B)", "str(@P)", "str(@M)", "str(null)",
		"concat(@T, @T)", "@T.replace({a => @T, b => 1})", "@M.format('%Y-%m-%d %H:%M:%S')", "@M.format('%j %a %b %U %W')", "regex('b').replace(@T, @T)", "regex('[a-c]').replaceBy(@T, $.value + '!')",
		"regex('b').search(@T)", "escapeRegex(@T)", "hex(@I)", "@L.select(str($)).join('')", "switch(@B => @T, true => @T)", "coalesce(null, @T)", "ctx().vms[0].name", "let(x => @T) -> $x + $x", "@T.toCharArray()[@C]", "@T.split(',')[0]",
	))
}

func (g *generator) list(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("[]", "[1]", "[1, 2, 3]", "[3, 1, 2]", "[2, 2, 1]", "[1, 2.5]", "ctx().l", "[5, null, 1]", "[1, 'a']", "[[1, 2], [3]]", "ctx().ls", "[{a => 1}, {a => 2}]", "ctx().vms")
	}
	return g.fill(g.pick(
		"[@N, @N]", "[@A, @A, @A]", "list(@N, @L)", "@L + @L", "@L * @C", "(@L)", "@Q.toList()", "@T.split(',')", "@T.split()", "@T.split(@T, @C)", "@T.rightSplit(',', @C)", "@T.toCharArray()",
		"@L.insert(@I, @N)", "@L.splitAt(@I)", "regex(',').split(@T)", "regex('(b)|x').split(@T, @C)", "coalesce(null, @L)", "let(@L) -> ($ + $).toList()", "ctx().d.b", "@L.memorize()", "list(@Q, @Q)", "[@Q.toList(), @L]", "@L.defaultIfEmpty([1])",
	))
}

func (g *generator) query(deep bool) string {
	if deep || g.IntN(4) == 0 {
		return g.pick("range(4)", "[1, 2, 3].select($)", "range(5, 0, -2)", "[3, 1].where(true)", "ctx().vms.cpu")
	}
	return g.fill(g.pick(
		"@L.select(@F)", "@L.where(@W)", "@L.where(@W).select(@F)", "@L.map(@F)", "@L.filter(@W)", "@Q.select(@F)", "@Q.where(@W)", "@L.take(@I)", "@L.skip(@I)", "@L.limit(@C)", "@Q.skip(@C)", "@L.append(@N, @A)", "@L.concat(@L, @L)",
		"@L.distinct()", "@L.distinct(@F)", "@L.reverse()", "@L.enumerate()", "@L.enumerate(@I)", "@L.zip(@L)", "@L.zip(@L, @Q)", "@L.zipLongest(@L, default => @N)", "@L.takeWhile(@W)", "@L.skipWhile(@W)",
		"@L.orderBy(@F)", "@L.orderByDescending(@F)", "@L.orderBy($ mod 2).thenBy($)", "@L.orderBy(str($)).thenByDescending($)", "@L.groupBy(@F)", "@L.groupBy(@F, @F)", "@L.groupBy($ mod 2, $, $.sum())", "@L.groupBy($ mod 2, $, [$[0], $[1].len()])", "@L.groupBy(@F, @F, $.len())",
		"@L.selectMany(@F)", "@L.selectMany([$, $])", "@L.flatten()", "@L.slice(@C)", "@L.splitWhere(@W)", "@L.sliceWhere(@W)", "@L.accumulate($1 + $2)", "@L.accumulate($1 + $2, @N)", "@L.join(@L, $1 = $2, [$1, $2])", "@L.join(@L, $1 > $2, $1 - $2)",
		"@L.insertMany(@I, @L)", "@Q.insert(@I, @N)", "@L.delete(@I)", "@L.delete(@I, @I)", "@L.replace(@I, @A)", "@L.replace(@I, @N, @I)", "@L.replaceMany(@I, @L, @I)", "range(@I)", "range(@I, @I)", "range(@I, @I, @I)",
		"sequence(@I, @I).take(3)", "@N.repeat(@C)", "@L.cycle().take(@C)", "generate(@C, $ < 9, $ + 2)", "generate(@I, $ < 5, $ + 1, $ * $)", "generate(0, true, ($ + @C) mod 5, decycle => true)", "generateMany(1, [$ * 2, $ * 3].where($ < 9))", "generateMany(1, [$ * 2, $ + 2].where($ < 9), $ + 1, decycle => true, depthFirst => true)",
		"selectAllCases(@B, @B, @B)", "examine(@N, @T)", "regex('[ab]').searchAll(@T)", "regex('(a)|b').searchAll(@T, $2.start)", "@D.items().select($[0])", "@D.values().select(@F)", "@D.keys().orderBy($)", "@L.defaultIfEmpty(@L)", "@Q.memorize()", "ctx().vms.where($.up).select($.name)", "ctx().vms.orderBy($.cpu).name",
	))
}

func (g *generator) dict(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("{}", "{a => 1}", "{a => 1, b => 2}", "{a => [1], c => {x => 1}}", "ctx().d", "ctx().vms[0]", "{b => null}", "{1 => 2, 'x y' => true}")
	}
	return g.fill(g.pick(
		"{@K => @A}", "{@K => @N, @K => @T}", "dict(@K => @A)", "dict([[@K, @A], [@K, @N]])", "@D + @D", "@D.set(@K, @A)", "@D.set(@K => @N, @K => @L)", "@D.set(@D)", "@D.delete(@K)", "@D.delete(@K, @K)", "@D.deleteAll([@K])", "@L.toDict(@F)", "@L.toDict(str($), @F)", "@D.mergeWith(@D)", "@D.mergeWith(@D, maxLevels => @C)", "@D.mergeWith(@D, $1 + $2)", "@D.mergeWith(@D, itemMerger => $2)",
		"dict(@D.items())", "dict(@L.groupBy(@F))", "@L.select({str($) => 1}).sum({})", "(@D)", "@D[@K, {}]", "regex('a').search(@T, $)", "@D.get(@K)", "dict(@L)",
	))
}

func (g *generator) set(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("set()", "set(1, 2)", "set(2, 3, 2)", "set(a, b)", "set(1.0, true)")
	}
	return g.fill(g.pick("(@L).toSet()", "(@Q).toSet()", "set(@N, @A)", "@S.union(@S)", "@S.intersect(@S)", "@S.difference(@S)", "@S.symmetricDifference(@S)", "@S.add(@N, @A)", "@S.remove(@N)", "@S - @S", "@D.keys()", "set(@Q)", "set(@L)"))
}

func (g *generator) truth(deep bool) string {
	if deep || g.IntN(4) == 0 {
		return g.pick("true", "false", "ctx().t", "null", "1", "''")
	}
	return g.fill(g.pick(
		"@N < @N", "@N >= @N", "@N = @N", "@A = @A", "@A != @A", "@T < @T", "@T > @T", "@A < @A", "@A <= @A", "@A > null", "null <= @A", "@B and @B", "@B or @A", "not @A", "@N in @L", "@A in @L", "@T in @T", "@A in @A", "@T =~ 'b'", "@T !~ @T", "@T =~ regex('B', ignoreCase => true)",
		"@L.any()", "@L.any(@W)", "@L.all(@W)", "@Q.all()", "any(@L)", "@L.contains(@N)", "@L.contains(@A)", "@D.containsKey(@K)", "@D.containsValue(@A)", "@T.startsWith(@T, a)", "@T.endsWith(@T)", "@T.isEmpty()", "isEmpty(@T, false)", "@T.matches('b')", "regex('a').matches(@T)",
		"isString(@A)", "isInteger(@A)", "isNumber(@A)", "isBoolean(@A)", "isList(@A)", "isDict(@A)", "isSet(@A)", "isIterable(@A)", "isRegex(@A)", "isDatetime(@A)", "isTimespan(@A)", "bool(@A)", "@S < @S", "@S <= @S", "@S = @S", "@M < @M", "@M = @M", "@P > @P", "@L = @L", "@D = @D", "@S.contains(@N)",
	))
}

func (g *generator) span(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("timespan(days => 1)", "timespan(hours => 36)", "timespan()", "timespan(minutes => -90)", "timespan(microseconds => 7)")
	}
	return g.fill(g.pick("@P + @P", "@P - @P", "-@P", "@P * @I", "@P * @N", "@P / @C", "@N * @P", "@M - @M", "timespan(@I, @I, @I, @I, @I, @I)", "@M.time", "@M.offset", "utctz()"))
}

func (g *generator) date(deep bool) string {
	if deep || g.IntN(3) == 0 {
		return g.pick("datetime(2024, 2, 29)", "datetime(2023, 12, 31, 23, 59, 58, 123456)", "datetime(0)", "datetime('2024-02-29T13:45:30Z')", "datetime(2024, 3, 1, offset => timespan(hours => 2))")
	}
	return g.fill(g.pick("@M + @P", "@M - @P", "@P + @M", "@M.date", "@M.utc", "@M.replace(year => 2020)", "@M.replace(month => @C, day => 1)", "@M.replace(hour => @C, offset => timespan(hours => 1))", "datetime(2024, @C, @C)", "datetime(1709214330.5)", "datetime(@C)",
		"datetime('2024-0@C-1@C')", "datetime('2024-02-1@C 0@C:1@C')", "datetime('1@C Feb 2024')", "datetime('Mar @C, 2023 4:0@C PM')", "datetime('2@C/0@C/2022')", "datetime('2024-01-0@C', '%Y-%m-%d')", "datetime('0@C:3@C', '%H:%M')", "datetime('20240@C1@CT10203@C')", "datetime('2024-02-03T04:05:0@C.@C+0@C:30')"))
}

// wild calls a random function of the library with random arguments.
func (g *generator) wild(library []*Function) string {
	for {
		f := library[g.IntN(len(library))]
		if strings.HasPrefix(f.Name, "#") || unfitForPython[f.Name] {
			continue
		}
		n := 0
		for _, p := range f.params {
			if !p.optional && !p.keywords || g.IntN(3) == 0 {
				n++
			}
		}
		if g.IntN(6) == 0 {
			n = g.IntN(4)
		}
		args := make([]string, n)
		for i := range args {
			args[i] = g.argument(f, i)
		}
		if f.Form&AsMethod != 0 && n > 0 {
			return "(" + g.ofType("LTDNQML"[g.IntN(7)]) + ")." + f.Name + "(" + strings.Join(args[1:], ", ") + ")"
		}
		return f.Name + "(" + strings.Join(args, ", ") + ")"
	}
}

func (g *generator) argument(f *Function, i int) string {
	t := "NTLDBPMQ"[g.IntN(8)] // no sets: their order differs
	if i < len(f.params) && g.IntN(8) > 0 {
		t = kindLetters[f.params[i].kind]
		if t == 0 {
			t = "NTLDBPMQ"[g.IntN(8)]
		}
	}
	return g.ofType(t)
}

var kindLetters = map[kind]byte{
	intKind: 'I', integerKind: 'I', numberKind: 'N', textKind: 'T', iterableKind: 'L', iteratorKind: 'Q', sequenceKind: 'L',
	mapKind: 'D', setKind: 'S', datetimeKind: 'M', timespanKind: 'P', boolKind: 'B', lambdaKind: 'F',
}

// unfitForPython are functions whose result is random, endless, unordered, or different in yaql 2.
var unfitForPython = map[string]bool{
	"toSet": true, "datetime": true, "random": true, "now": true, "localtz": true, "characters": true, "sequence": true, "cycle": true, "repeat": true, "generate": true,
	"generateMany": true, "format": true, "call": true, "pow": true, "shiftBitsLeft": true, "concat": true,
}

// expression is one random expression.
func (g *generator) expression(library []*Function) string {
	if g.IntN(4) == 0 {
		return g.wild(library)
	}
	return g.ofType("NTLQDSBPMQQL"[g.IntN(12)])
}
