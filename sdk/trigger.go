package sdk

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/petrelhq/petrel/sdk/wire"
)

// A trigger type as declared.
type trigger struct {
	name, doc       string
	payload, params shape // params is nil when rules cannot ask for any
}

func (t trigger) declaredName() string { return t.name }

func (t trigger) describe() wire.TriggerType {
	return wire.TriggerType{
		Name: t.name, Description: t.doc,
		Payload: t.payload.schema(), Parameters: t.params.schema(),
	}
}

// AnyTrigger is a trigger type of the pack, whatever its payload.
type AnyTrigger interface{ triggerName() string }

// Raises lists the trigger types that a sensor raises.
func Raises(triggers ...AnyTrigger) []AnyTrigger { return triggers }

// TriggerType is a declared trigger type.
type TriggerType[Payload any] struct{ name string }

// Trigger declares a trigger type. Payload is a struct: its fields are what rules see as
// trigger.field.
//
//	var down = sdk.Trigger[Outage](pack, "down", "An endpoint stopped answering.")
func Trigger[Payload any](p *Pack, name, doc string) TriggerType[Payload] {
	p.named("trigger type", name, find(p.triggers, name) != nil)
	payload := p.shape("trigger type "+name+": payload", reflect.TypeFor[Payload]())
	p.triggers = append(p.triggers, trigger{name: name, doc: doc, payload: payload})
	return TriggerType[Payload]{name}
}

func (t TriggerType[Payload]) triggerName() string { return t.name }

// Event is an occurrence of the trigger type.
func (t TriggerType[Payload]) Event(payload Payload) Event {
	return Event{trigger: t.name, of: t.name, payload: payload}
}

// AskedTriggerType is a trigger type whose rules say what they want.
type AskedTriggerType[Params, Payload any] struct {
	TriggerType[Payload]
	params shape
}

// TriggerWith declares a trigger type whose rules give parameters, the fields of the struct
// Params, such as a URL to watch. The sensor sees what was asked for with [Asked].
func TriggerWith[Params, Payload any](p *Pack, name, doc string) AskedTriggerType[Params, Payload] {
	t := AskedTriggerType[Params, Payload]{
		TriggerType: Trigger[Payload](p, name, doc),
		params:      p.shape("trigger type "+name+": parameters", reflect.TypeFor[Params]()),
	}
	p.triggers[len(p.triggers)-1].params = t.params
	return t
}

// Asked is one set of parameters that rules wait with.
type Asked[Params any] struct {
	Ref        string // of the trigger: pack.name
	Parameters Params
}

// Triggers is what a [Sensor] knows of the rules that wait for it.
type Triggers interface{ triggers() []wire.Trigger }

// Asked lists what rules ask for at the moment.
func (t AskedTriggerType[Params, Payload]) Asked(s Triggers) ([]Asked[Params], error) {
	var all []Asked[Params]
	for _, w := range s.triggers() {
		if _, name, _ := strings.Cut(w.Type, "."); name != t.name {
			continue
		}
		a := Asked[Params]{Ref: w.Ref}
		if err := t.params.decode("trigger "+w.Ref, w.Parameters, &a.Parameters); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// EventFor is an occurrence of what was asked for.
func (t AskedTriggerType[Params, Payload]) EventFor(a Asked[Params], payload Payload) Event {
	return Event{trigger: a.Ref, of: t.name, payload: payload}
}

// Event is something that happened; trigger types make them.
type Event struct {
	trigger string // a reference or a name
	of      string // the name of its trigger type
	payload any
	tag     string
}

// Tagged returns the event with a trace tag, which everything it sets off carries.
func (e Event) Tagged(tag string) Event {
	e.tag = tag
	return e
}

// onWire is the event as hosts know it.
func (e Event) onWire() (wire.Event, error) {
	payload, err := json.Marshal(e.payload)
	if err != nil {
		return wire.Event{}, fmt.Errorf("the payload of an event %s cannot be written as JSON: %w", e.of, err)
	}
	return wire.Event{Trigger: e.trigger, Payload: payload, TraceTag: e.tag}, nil
}
