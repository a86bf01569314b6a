package expr

// Object is a value outside the closed set. What it can do beyond having a type name
// it says by the optional interfaces below. Implementations are pointers (or otherwise
// comparable): identity is their equality unless they are an Equaler.
type Object interface {
	TypeName() string // as Python's error messages would show it
}

// Truther has a truth value of its own; without it (and Sized) an object is true.
type Truther interface{ Truthy() (bool, error) }

// Sized has a length.
type Sized interface{ Len() int }

// Address ends the texts of values that have none of their own, such as generators, where Python shows
// a place in memory; always the same one, so that evaluations can be repeated.
const Address = " at 0x7f0000000000"

// Stringer has text of its own; without it the text is "<TypeName object at …>": see Address.
type Stringer interface {
	Str(b *Budget) (string, error)
}

// Reprer has a repr of its own; without it repr is Str.
type Reprer interface {
	Repr(b *Budget) (string, error)
}

// Attributer has members reached by a dot.
type Attributer interface {
	Attr(b *Budget, name string) (Value, bool, error)
}

// Indexer has members reached by a subscript.
type Indexer interface {
	Item(b *Budget, key Value) (Value, bool, error)
}

// Iterable can be walked.
type Iterable interface {
	Iter(b *Budget) (Iterator, error)
}

// Iterator yields one value a call, and false at the end.
type Iterator interface {
	Next() (Value, bool, error)
}

// Container decides membership (in).
type Container interface {
	Contains(b *Budget, item Value) (bool, error)
}

// Hasher may be a dict key under the comparable key it gives.
type Hasher interface{ HashKey() (any, error) }

// Equaler decides equality with another value.
type Equaler interface {
	EqualTo(b *Budget, other Value) (bool, error)
}

// Orderer decides order against another value; ok is false when they do not compare.
type Orderer interface {
	Order(other Value) (cmp int, ok bool, err error)
}

// Resolver stands for another value that is read when needed, such as a datastore lookup.
type Resolver interface {
	Resolve(b *Budget) (Value, error)
}

// Callable can be called.
type Callable interface {
	Call(c *Call) (Value, error)
}

// Call is the arguments of one call.
type Call struct {
	Budget *Budget
	Args   []Value
	Kwargs []Kwarg
}

// Kwarg is a keyword argument.
type Kwarg struct {
	Name  string
	Value Value
}

// Kwarg finds a keyword argument.
func (c *Call) Kwarg(name string) (Value, bool) {
	for _, k := range c.Kwargs {
		if k.Name == name {
			return k.Value, true
		}
	}
	return nil, false
}

// Func is a named function.
type Func struct {
	Name string
	Fn   func(c *Call) (Value, error)
}

// TypeName implements Object.
func (f *Func) TypeName() string { return "function" }

// Call implements Callable.
func (f *Func) Call(c *Call) (Value, error) { return f.Fn(c) }

// Str implements Stringer.
func (f *Func) Str(*Budget) (string, error) { return "<function " + f.Name + Address + ">", nil }
