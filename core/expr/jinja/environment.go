// Package jinja evaluates Jinja templates as StackStorm's packs use them.
//
// The language is Jinja2 3.1 in its sandbox: all statements, operators, filters and tests,
// Python's methods of strings, lists and dicts. There is no loader (extends, include and import
// fail as they do in the original without one) and nothing of the host can be reached.
// Left out: lipsum (random text), named Unicode escapes in literals, str.encode (there is no bytes type).
//
// An Environment compiles templates once and keeps them; a compiled Template may be rendered from
// many goroutines. Every evaluation has a budget (expr.Limits).
package jinja

import (
	"context"
	"maps"

	"github.com/petrelhq/petrel/core/expr"
)

// Options say how text and tags interact, and how missing names behave.
type Options struct {
	TrimBlocks          bool            // drop the first newline after a block tag
	LstripBlocks        bool            // drop blanks before a block tag that starts its line
	KeepTrailingNewline bool            // keep a newline at the very end of the template
	Undefined           expr.Strictness // what a missing name does
	Autoescape          bool            // escape HTML in printed values
	CacheSize           int             // compiled templates kept; 0 means 1024
}

// Func is a filter or test. Fn's arguments are the input followed by one value for each parameter;
// with Variadic they are all positional arguments as given, and keywords are in the call.
type Func struct {
	Params   []expr.Param
	Variadic bool
	Fn       func(c *Call, a []expr.Value) (expr.Value, error)
}

// Call is one use of a filter or test.
type Call struct {
	expr.Call
	frame *frame
}

// Environment holds options, filters, tests, globals and compiled templates. Build it once; safe
// for concurrent use afterwards.
type Environment struct {
	Options
	filters map[string]Func
	tests   map[string]Func
	globals map[string]expr.Value
	methods methodTable
	cache   *expr.Cache[*Template]
	exprs   *expr.Cache[*Template]
}

// New makes an environment with Jinja's own filters, tests and globals, and the given ones on top.
func New(o Options, filters, tests map[string]Func, globals map[string]expr.Value) *Environment {
	if o.CacheSize == 0 {
		o.CacheSize = 1024
	}
	env := &Environment{Options: o, filters: builtinFilters(), tests: builtinTests(), globals: builtinGlobals(), methods: builtinMethods()}
	maps.Copy(env.filters, filters)
	maps.Copy(env.tests, tests)
	maps.Copy(env.globals, globals)
	env.cache = expr.NewCache[*Template](o.CacheSize)
	env.exprs = expr.NewCache[*Template](o.CacheSize)
	return env
}

func (env *Environment) syntax() syntax {
	return syntax{env.TrimBlocks, env.LstripBlocks, env.KeepTrailingNewline}
}

// Compile parses a template. Errors: TemplateSyntaxError, TemplateAssertionError, RecursionError, with position.
func (env *Environment) Compile(src string) (*Template, error) {
	return env.cache.Get(src, func() (*Template, error) {
		text := normalize(src, env.KeepTrailingNewline)
		body, err := parse(text, env.syntax())
		if err != nil {
			return nil, err
		}
		return compileTemplate(env, text, body)
	})
}

// CompileExpression parses one expression without its braces, for Template.Value.
func (env *Environment) CompileExpression(src string) (*Template, error) {
	return env.exprs.Get(src, func() (*Template, error) {
		n, err := parseExpression(src)
		if err != nil {
			return nil, err
		}
		return compileTemplate(env, src, []node{&assign{value: n, target: &name{id: resultName, mode: store}}})
	})
}

// check parses a template without compiling it.
func (env *Environment) check(src string) error {
	_, err := parse(normalize(src, env.KeepTrailingNewline), env.syntax())
	return err
}

// resultName is where a compiled expression leaves its value; no template can spell it.
const resultName = "expression result"

// Vars gives the variables of a template by name.
type Vars func(name string) (expr.Value, bool)

// DictVars gives the members of a dict.
func DictVars(d *expr.Dict) Vars { return d.Get }

// With puts the members of a map over those of v.
func (v Vars) With(m map[string]expr.Value) Vars {
	return func(name string) (expr.Value, bool) {
		if x, ok := m[name]; ok {
			return x, true
		}
		return v(name)
	}
}

// Run is how one evaluation is done. The zero value has default limits and no context.
type Run struct {
	Context context.Context
	Limits  expr.Limits
	Budget  *expr.Budget // shared with other evaluations; overrides Context and Limits
}

func (r Run) budget() *expr.Budget {
	if r.Budget != nil {
		return r.Budget
	}
	return expr.NewBudget(r.Context, r.Limits)
}
