package workflow

import (
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// change is one change of a state. Applying it gives the way back.
type change interface {
	apply(s *state) (undo func())
}

// changeKinds are the changes by the names under which they are stored.
var changeKinds = map[string]func() change{
	"status":  func() change { return new(statusChanged) },
	"context": func() change { return new(contextAdded) },
	"renew":   func() change { return new(contextRenewed) },
	"scope":   func() change { return new(scopeAdded) },
	"route":   func() change { return new(routeAdded) },
	"error":   func() change { return new(errorAdded) },
	"forgive": func() change { return new(errorsRemoved) },
	"output":  func() change { return new(outputSet) },
	"kept":    func() change { return new(resultKept) },
	"rerun":   func() change { return new(rerunAdded) },
	"run":     func() change { return new(entryAdded) },
	"became":  func() change { return new(entryStatus) },
	"next":    func() change { return new(entryNext) },
	"publish": func() change { return new(entryPublished) },
	"term":    func() change { return new(entryTerm) },
	"tally":   func() change { return new(entryTally) },
	"result":  func() change { return new(itemResult) },
	"stage":   func() change { return new(stagedAdded) },
	"staged":  func() change { return new(stagedCount) },
	"unstage": func() change { return new(stagedRemoved) },
	"join":    func() change { return new(stagedJoined) },
	"flag":    func() change { return new(stagedFlags) },
	"items":   func() change { return new(stagedItems) },
	"item":    func() change { return new(itemChanged) },
	"list":    func() change { return new(stagedList) },
}

// data is a value as it is stored: JSON, nothing for null.
type data struct{ v expr.Value }

// IsZero implements encoding/json's omitzero.
func (d data) IsZero() bool { return d.v == nil }

// MarshalJSON implements json.Marshaler.
func (d data) MarshalJSON() ([]byte, error) {
	s, err := expr.CompactJSON(nil, d.v)
	return []byte(s), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *data) UnmarshalJSON(raw []byte) error {
	v, err := expr.FromJSON(raw)
	d.v = v
	return err
}

func (d data) dict() *expr.Dict {
	x, ok := d.v.(*expr.Dict)
	if !ok {
		x = expr.NewDict()
		expr.Freeze(x)
	}
	return x
}

// statusChanged is a new status of the workflow.
type statusChanged struct {
	Status core.Status `json:"s"`
}

func (c *statusChanged) apply(s *state) func() {
	was := s.status
	s.status = c.Status
	return func() { s.status = was }
}

// contextAdded is a new context.
type contextAdded struct {
	Vars data `json:"v,omitzero"`
}

func (c *contextAdded) apply(s *state) func() {
	vars := c.Vars.dict()
	s.contexts = append(s.contexts, vars)
	for name := range vars.All() {
		s.hasPrivate = s.hasPrivate || private(name.(string))
	}
	if len(s.contexts) == 1 {
		s.scopes = []*scope{{}}
	}
	return func() { s.contexts = s.contexts[:len(s.contexts)-1] }
}

// contextRenewed is a context in the place of another one.
type contextRenewed struct {
	Context int  `json:"c,omitempty"`
	Vars    data `json:"v,omitzero"`
}

func (c *contextRenewed) apply(s *state) func() {
	was := s.contexts[c.Context]
	s.renew(c.Context, c.Vars.dict())
	return func() { s.renew(c.Context, was) }
}

func (s *state) renew(i int, vars *expr.Dict) {
	s.contexts[i] = vars
	for name := range vars.All() {
		s.hasPrivate = s.hasPrivate || private(name.(string))
	}
	for _, sc := range s.scopes {
		sc.vars, sc.added, sc.plain = nil, nil, false
	}
	for _, t := range s.staged.all() {
		t.work = nil
	}
}

// scopeAdded is a new scope: another one with a context, or with a third, laid over it.
type scopeAdded struct {
	From    int `json:"f"`
	Context int `json:"c,omitempty"`
	With    int `json:"w,omitempty"`
}

func (c *scopeAdded) apply(s *state) func() {
	sc := &scope{id: len(s.scopes), from: s.scopes[c.From], context: c.Context}
	if c.Context == 0 {
		sc.with = s.scopes[c.With]
	}
	s.scopes = append(s.scopes, sc)
	return func() { s.scopes = s.scopes[:len(s.scopes)-1] }
}

// routeAdded is a new route, which goes on from another one through a split.
type routeAdded struct {
	From int    `json:"f,omitempty"`
	Via  string `json:"v,omitempty"`
}

func (c *routeAdded) apply(s *state) func() {
	route := []string{}
	if c.Via != "" {
		route = append(slices.Clone(s.routes[c.From]), c.Via)
	}
	s.routes = append(s.routes, route)
	return func() { s.routes = s.routes[:len(s.routes)-1] }
}

// errorAdded is an error to tell of; one that was told already is not told again.
type errorAdded struct{ Error }

func (c *errorAdded) apply(s *state) func() {
	key := c.Error.key()
	if s.noted[key] {
		return func() {}
	}
	s.noted[key] = true
	s.errors = append(s.errors, c.Error)
	return func() {
		delete(s.noted, key)
		s.errors = s.errors[:len(s.errors)-1]
	}
}

func (e *Error) key() [sha256.Size]byte {
	raw, err := json.Marshal(e)
	if err != nil {
		raw = []byte(e.Message)
	}
	return sha256.Sum256(raw)
}

// errorsRemoved takes back the errors of a task that runs again.
type errorsRemoved struct {
	Task string `json:"t"`
}

func (c *errorsRemoved) apply(s *state) func() {
	before := s.errors
	s.errors = nil
	for i := range before {
		if before[i].Task == c.Task {
			delete(s.noted, before[i].key())
		} else {
			s.errors = append(s.errors, before[i])
		}
	}
	return func() {
		s.errors = before
		for i := range before {
			s.noted[before[i].key()] = true
		}
	}
}

// outputSet is the output of the workflow, or nothing when it runs again.
type outputSet struct {
	Output data `json:"v,omitzero"`
}

func (c *outputSet) apply(s *state) func() {
	was := s.output
	s.output, _ = c.Output.v.(*expr.Dict)
	return func() { s.output = was }
}

// rerunAdded tells which task runs were asked for again.
type rerunAdded struct {
	Entries []int `json:"e"`
}

func (c *rerunAdded) apply(s *state) func() {
	s.reruns = append(s.reruns, c.Entries)
	return func() { s.reruns = s.reruns[:len(s.reruns)-1] }
}
