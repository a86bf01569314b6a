package yaql

import "github.com/petrelhq/petrel/core/expr"

// run is one evaluation.
type run struct {
	engine  *Engine
	budget  *expr.Budget
	source  string
	host    func(name string) *Function
	defined bool // some function was defined with def
}

// fail gives err the place of a node.
func (r *run) fail(err error, at int) error {
	if err == nil {
		return nil
	}
	return expr.At(err, position(r.source, at))
}

// scope is what an expression sees: arguments as $1 …, names as $name, and the scopes around it.
// It is immutable once made. It is also the value of let(), with() and def().
type scope struct {
	run   *run
	up    *scope
	args  []Value
	names []expr.Kwarg
	def   *Function
}

// TypeName implements expr.Object.
func (*scope) TypeName() string { return "Context" }

// variable finds a variable; one that is nowhere is null.
func (s *scope) variable(n *variable) Value {
	for ; s != nil; s = s.up {
		if n.index > 0 {
			if n.index <= len(s.args) {
				return s.args[n.index-1]
			}
			continue
		}
		for i := len(s.names) - 1; i >= 0; i-- { // a name given twice has its last value
			if s.names[i].Name == n.name {
				return s.names[i].Value
			}
		}
	}
	return nil
}

// function finds what def() defined.
func (s *scope) function(name string) *Function {
	for ; s != nil; s = s.up {
		if s.def != nil && s.def.Name == name {
			return s.def
		}
	}
	return nil
}

// lambda is an argument that is evaluated when the function wants it.
type lambda struct {
	body node
	sc   *scope
}

// TypeName implements expr.Object.
func (*lambda) TypeName() string { return "function" }

// call evaluates the body with $1 …; without arguments $ stays what it is outside.
func (l *lambda) call(args ...Value) (Value, error) {
	return l.with(args, nil)
}

func (l *lambda) with(args []Value, names []expr.Kwarg) (Value, error) {
	b := l.sc.run.budget
	if err := b.Enter(); err != nil {
		return nil, err
	}
	defer b.Leave()
	if err := b.Step(callSteps); err != nil {
		return nil, err
	}
	return l.body.eval(&scope{run: l.sc.run, up: l.sc, args: args, names: names})
}

// test is call for a condition.
func (l *lambda) test(args ...Value) (bool, error) {
	v, err := l.with(args, nil)
	if err != nil {
		return false, err
	}
	return l.sc.run.truthy(v)
}
