package sdk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Version is that of this SDK.
const Version = "1.0.0"

// Pack is what a program declares. A program has one.
type Pack struct {
	name     string
	actions  []action
	triggers []trigger
	sensors  []sensor
	config   shape
	shapes   []shape // all of them
	faults   []error
}

// NewPack begins the declaration of a pack. Name is its reference, as in pack.yaml.
func NewPack(name string) *Pack {
	p := &Pack{name: name}
	p.named("pack", name, false)
	announce(p)
	return p
}

// Check returns everything that is declared wrongly.
func (p *Pack) Check() error {
	faults := slices.Clone(p.faults)
	for _, s := range p.shapes {
		_, err := s()
		faults = append(faults, err)
	}
	for _, s := range p.sensors {
		for _, name := range s.raises {
			if find(p.triggers, name) == nil {
				faults = append(faults, fmt.Errorf("sensor %s raises %s, which is no trigger type of this pack", s.name, name))
			}
		}
	}
	return errors.Join(faults...)
}

// fault notes that something is declared wrongly.
func (p *Pack) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

// named checks the name of something declared.
func (p *Pack) named(what, name string, taken bool) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
	switch {
	case strings.Trim(name, allowed) != "" || name == "" || name[0] == '.' || name[0] == '-':
		p.fault("%s %q: a name is made of letters, digits and _ . - and begins with none of the last two", what, name)
	case taken:
		p.fault("%s %s: it is declared twice", what, name)
	}
}

// describe is the pack in the words of the wire.
func (p *Pack) describe() wire.Response {
	if err := p.Check(); err != nil {
		return failed(wire.Invalid, "the pack %s is declared wrongly:\n%v", p.name, err)
	}
	d := wire.Pack{Version: wire.Version, Name: p.name, SDK: "go " + Version, Config: p.config.properties()}
	for _, a := range p.actions {
		d.Actions = append(d.Actions, a.describe())
	}
	for _, t := range p.triggers {
		d.Triggers = append(d.Triggers, t.describe())
	}
	for _, s := range p.sensors {
		d.Sensors = append(d.Sensors, s.describe())
	}
	return wire.Response{Pack: &d}
}

// declared is anything with a name in a pack.
type declared interface{ declaredName() string }

// find returns what has the name, or nil.
func find[D declared](list []D, name string) *D {
	for i := range list {
		if list[i].declaredName() == name {
			return &list[i]
		}
	}
	return nil
}
