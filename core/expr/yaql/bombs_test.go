package yaql

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

const (
	budget = expr.BudgetError
	deep   = "RecursionError"
)

// bombs are expressions that would take all time or memory, with the class of error that stops them.
var bombs = []struct{ source, class string }{
	{"range(1000000000).len()", budget},
	{"sequence().len()", budget},
	{"sequence().where(false).first()", budget},
	{"sequence().skip(1000000000).first()", budget},
	{"generate(1, true, $ + 1).sum()", budget},
	{"generateMany(1, [$, $]).len()", budget},
	{"generateMany(1, [$, $], depthFirst => true).len()", budget},
	{"generateMany(1, [$], decycle => true).cycle().len()", budget},
	{"1.repeat().toList()", budget},
	{"[1].cycle().toSet()", budget},
	{"[].cycle().concat([1].cycle()).last()", budget},
	{"'a' * 1000000000000", budget},
	{"let(s => 'a' * 5000000) -> range(100000).select($s.len()).sum()", budget},
	{"let(s => ' ' * 5000000) -> range(100000).select($s.trim().len()).sum()", budget},
	{"[1] * 1000000000000", budget},
	{"range(60).accumulate($1 + $1, 'a').last()", budget},
	{"range(60).aggregate($1 + $1, [1])", budget},
	{"range(100).aggregate([$1, $1], [1])", budget},
	{"range(100).aggregate({a => $1, b => $1}, 1)", budget},
	{"let(range(60).aggregate([$1, $1], [1])) -> $ = $", budget},
	{"let(range(60).aggregate([$1, $1], [1])) -> [$].distinct()", budget},
	{"let(range(60).aggregate({a => $1, b => $1}, 1)) -> [$].toSet().len()", budget},
	{"let(range(60).aggregate([$1, $1], [1])) -> str($)", budget},
	{"let(range(60).aggregate([$1, $1], [1])) -> $.flatten().len()", budget},
	{"range(100000).selectMany(range(100000)).len()", budget},
	{"range(3000).join(range(3000), true, 1).len()", budget},
	{"range(3000).join(range(3000), false, 1).len()", budget},
	{"pow(2, pow(2, 64))", budget},
	{"pow(99999, 99999999)", budget},
	{"shiftBitsLeft(1, 99999999999)", budget},
	{"range(100).aggregate($1 * $1, 3)", budget},
	{"('a' * 1000000).replace('a', 'b' * 1000)", budget},
	{"('ab' * 1000000).split('b').len() + ('ab' * 9000000).split('b').len()", budget},
	{"(' a' * 20000000).split()", budget},
	{"('a' * 30000000).toCharArray()", budget},
	{"('a' * 40000000).substring(1)", budget},
	{"([a] * 1000).join('b' * 1000000)", budget},
	{"range(1000).toDict($, 'a' * 1000000)", budget},
	{"range(1000000).groupBy($)", budget},
	{"range(10000000).orderBy(-$).first()", budget},
	{"range(100000000).reverse().first()", budget},
	{"let(range(10000000).memorize()) -> $.last()", budget},
	{`regex('^(a+)+\\1$').search('a' * 40 + 'b')`, budget},
	{`range(1000).select(regex('(?!a)(x+x+)+y').search('x' * 200)).any($)`, budget},
	{"def(f, f($)) -> f(1)", deep},
	{"def(f, f($ + $)) -> f('a')", budget},
	{"def(f, [f($), f($)]) -> f(1)", deep},
	{"def(f, g()) -> def(g, f()) -> g()", "NoFunctionRegisteredException"},
	{"range(100000).aggregate($1.select($), [1]).first()", deep},
	{"range(100000).aggregate($1.orderBy($), [1]).first()", deep},
	{"range(100000).aggregate($1 + $1.where(true), [1]).first()", deep},
	{"range(100000).aggregate([$1], [1])", deep},
	{"range(100000).aggregate({a => $1}, 1)", deep},
	{"let(range(100000).aggregate({a => $1}, 1)) -> [$].distinct().len()", deep},
	{"let(range(100000).aggregate([$1], 1)) -> $.flatten().len()", deep},
	{strings.Repeat("(", 100000) + "1", deep},
	{strings.Repeat("[", 100000), deep},
	{strings.Repeat("- ", 100000) + "1", deep},
	{strings.Repeat("not ", 10000) + "1", deep},
	{strings.Repeat("f(", 10000), deep},
	{"1" + strings.Repeat(" + 1", 10000), deep},
	{"let(1)" + strings.Repeat(" -> let(1)", 10000) + " -> $", deep},
	{"$" + strings.Repeat(".a", 10000), deep},
	{strings.Repeat("'a' + ", 100000) + "'a'", budget},
}

func TestBombs(t *testing.T) {
	e := New(Options{})
	worstTime, worstBytes := time.Duration(0), uint64(0)
	for _, bomb := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		_, err := e.Eval(bomb.source, Run{})
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		worstTime, worstBytes = max(worstTime, took), max(worstBytes, after.TotalAlloc-before.TotalAlloc)
		name := bomb.source[:min(len(bomb.source), 60)]
		if expr.ClassOf(err) != bomb.class {
			t.Errorf("%s: got %.200v, want %s", name, err, bomb.class)
		}
		if testing.Verbose() {
			t.Logf("%-60s %8s %6d KB %s", name, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>10, expr.ClassOf(err))
		}
		if used := after.TotalAlloc - before.TotalAlloc; took > 3*time.Second || used > 128<<20 { // the aim is 100 ms and 64 MB on a quiet machine
			t.Errorf("%s took %s and %d MB", name, took, used>>20)
		}
	}
	fmt.Printf("yaql bombs: %d stopped, slowest %s, most memory %d MB\n", len(bombs), worstTime.Round(time.Millisecond), worstBytes>>20)
}

// TestDeadline cuts an evaluation by the clock before its steps are used up.
func TestDeadline(t *testing.T) {
	_, err := New(Options{}).Eval("sequence().len()", Run{Limits: expr.Limits{Steps: 1 << 60, Time: 50 * time.Millisecond}})
	var inner *expr.Error
	if !errors.As(err, &inner) || inner.Class != budget || !strings.Contains(inner.Msg, "too long") {
		t.Errorf("got %v, want the clock's error", err)
	}
}
