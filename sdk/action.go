package sdk

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/petrelhq/petrel/sdk/internal/schema"
	"github.com/petrelhq/petrel/sdk/wire"
)

// None is for functions without parameters, without a result, and sensors without a cursor.
type None struct{}

// An action as declared.
type action struct {
	name, doc  string
	in, out    shape // out is nil when results are no structs
	idempotent bool
	run        func(ctx context.Context, params json.RawMessage) wire.Response
}

// ActionOption says more about an action.
type ActionOption func(*action)

// Idempotent says that the action may be run again when the machine it ran on has crashed.
func Idempotent() ActionOption { return func(a *action) { a.idempotent = true } }

// Action declares an action. In is a struct: its fields are the parameters. Out is anything
// that JSON can hold; of a struct the fields become the output schema.
//
// An error fails the execution, and a panic too, with a trace. A result that is not its
// type's zero value is shown beside the error.
func Action[In, Out any](p *Pack, name, doc string, f func(ctx context.Context, in In) (Out, error), options ...ActionOption) {
	p.named("action", name, find(p.actions, name) != nil)
	a := action{name: name, doc: doc, in: p.shape("action "+name+": parameters", reflect.TypeFor[In]())}
	if t := reflect.TypeFor[Out](); t.Kind() == reflect.Struct && !schema.Opaque(t) {
		a.out = p.shape("action "+name+": output", t)
	}
	if f == nil {
		p.fault("action %s: it has no function", name)
	}
	a.run = func(ctx context.Context, params json.RawMessage) wire.Response {
		var in In
		if err := a.in.decode("action "+name, params, &in); err != nil {
			return wire.Response{Error: asError(err)}
		}
		value, err := f(ctx, in)
		return wire.Response{Result: resultOf(value, err)}
	}
	for _, o := range options {
		o(&a)
	}
	p.actions = append(p.actions, a)
}

func (a action) declaredName() string { return a.name }

func (a action) describe() wire.Action {
	return wire.Action{
		Name: a.name, Description: a.doc, Idempotent: a.idempotent,
		Parameters: a.in.properties(), Output: a.out.properties(),
	}
}

// resultOf is what a function has returned.
func resultOf(value any, err error) *wire.Result {
	r := &wire.Result{}
	if err != nil {
		r.Error = asError(err)
		if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() {
			return r
		}
	}
	raw, bad := json.Marshal(value)
	switch {
	case bad == nil:
		r.Value = raw
	case r.Error == nil:
		r.Error = &wire.Error{Kind: wire.Failed, Message: "the result cannot be written as JSON: " + bad.Error()}
	}
	return r
}
