// Package yaql evaluates YAQL, the query language of StackStorm's workflows, within a budget.
//
// An Engine holds the functions and compiles expressions; an Expression is compiled text, safe for
// concurrent use. The language and its library follow yaql 3.2: functions are found by name and by
// the types of their arguments, queries are lazy, and a result is made plain before it is handed out:
// queries become lists.
//
// Data that comes in (frozen lists and dicts, see expr.FromJSON) plays the part of Python's tuples
// and frozen dicts, as it does in the original. Lists that are not frozen are Python's lists, which a
// few functions give (split, insert): they are never equal to tuples and are no keys.
package yaql

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/core/expr"
	"github.com/petrelhq/petrel/core/expr/regex"
)

// Value is any value of the expression languages.
type Value = expr.Value

// Options make an Engine. The zero value is the plain language.
type Options struct {
	Functions []*Function      // added to the library
	CacheSize int              // compiled expressions kept; 0 means 1024
	Now       func() time.Time // what now() reads; nil means time.Now
	Zone      *time.Location   // what localtz() tells; nil means UTC
}

// Engine compiles expressions and holds what they may call. Build it once; safe for concurrent use.
type Engine struct {
	functions table
	regexes   *regex.Cache
	cache     *expr.Cache[*Expression]
	now       func() time.Time
	zone      *time.Location
}

// New makes an engine with the standard library and the given functions.
func New(o Options) *Engine {
	if o.CacheSize == 0 {
		o.CacheSize = 1024
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	e := &Engine{
		functions: table{}, regexes: regex.NewCache(256), now: o.Now, zone: o.Zone,
		cache: expr.NewCache[*Expression](o.CacheSize),
	}
	e.functions.add(Library()...)
	e.functions.add(o.Functions...)
	return e
}

// Expression is a compiled expression.
type Expression struct {
	engine *Engine
	source string
	root   node
}

// Compile parses an expression (without its <% %>). Errors: YaqlLexicalException, YaqlGrammarException,
// RecursionError, with position.
func (e *Engine) Compile(source string) (*Expression, error) {
	if len(source) > maxSource {
		return nil, expr.Errorf(expr.BudgetError, "the expression is longer than %d bytes; move data into variables", maxSource)
	}
	return e.cache.Get(source, func() (*Expression, error) {
		root, err := parse(e.functions, source)
		if err != nil {
			return nil, err
		}
		return &Expression{e, source, root}, nil
	})
}

// maxSource is the longest expression that is read, in bytes.
const maxSource = 256 << 10

// Run is how one evaluation is done. The zero value has default limits and no context.
type Run struct {
	Context   context.Context
	Limits    expr.Limits
	Budget    *expr.Budget                // shared with other evaluations; overrides Context and Limits
	Data      Value                       // $ at the outermost level
	Functions func(name string) *Function // known to this evaluation alone: ctx, item, st2kv …; nil for other names
}

func (r Run) budget() *expr.Budget {
	if r.Budget != nil {
		return r.Budget
	}
	return expr.NewBudget(r.Context, r.Limits)
}

// Eval gives the expression's value in plain form: queries, views and tuples as lists. Errors carry
// the class that the original raises, and the place in the source.
func (x *Expression) Eval(o Run) (Value, error) {
	r := &run{engine: x.engine, budget: o.budget(), source: x.source, host: o.Functions}
	sc := &scope{run: r}
	if o.Data != nil {
		sc.args = []Value{o.Data}
	}
	v, err := x.root.eval(sc)
	if err != nil {
		return nil, err
	}
	return r.plain(v, 0)
}

// Eval compiles and evaluates source.
func (e *Engine) Eval(source string, o Run) (Value, error) {
	x, err := e.Compile(source)
	if err != nil {
		return nil, err
	}
	return x.Eval(o)
}
