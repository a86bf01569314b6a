package workflow

import (
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// stagedAdded is a task that is to run. A snapshot writes it whole.
type stagedAdded struct {
	Task  string      `json:"t"`
	Route int         `json:"r,omitempty"`
	Scope int         `json:"c,omitempty"`
	Prev  []origin    `json:"p,omitempty"`
	Ready bool        `json:"y,omitempty"`
	Retry *retryState `json:"a,omitempty"`

	Items     []core.Status `json:"i,omitempty"`
	HasItems  bool          `json:"has,omitempty"`
	AtOnce    bool          `json:"o,omitempty"`
	List      data          `json:"l,omitzero"`
	ID        int           `json:"q,omitempty"` // 0 for the next one
	Completed bool          `json:"e,omitempty"`
	OnFail    bool          `json:"f,omitempty"`
}

func (c *stagedAdded) apply(s *state) func() {
	last := s.staged.last
	s.staged.last++
	if c.ID != 0 {
		s.staged.last = c.ID
	}
	t := &staged{
		id: s.staged.last, place: place{s.spec.graph.byID[c.Task], c.Route}, in: s.scopes[c.Scope], prev: slices.Clip(c.Prev),
		ready: c.Ready, completed: c.Completed, onFail: c.OnFail, retry: c.Retry,
	}
	if c.HasItems {
		t.items = newItemStates(len(c.Items), c.AtOnce)
		for i, status := range c.Items {
			t.items.set(i, status)
		}
	}
	t.list, _ = c.List.v.(*expr.List)
	s.staged.add(t)
	return func() {
		s.staged.remove(t)
		s.staged.last = last
	}
}

// stagedRemoved is a task that has begun.
type stagedRemoved struct {
	ID int `json:"q"`
}

func (c *stagedRemoved) apply(s *state) func() { return s.staged.remove(s.staged.byID[c.ID]) }

// stagedJoined is another way that leads to a staged task.
type stagedJoined struct {
	ID     int    `json:"q"`
	Scope  int    `json:"c,omitempty"`
	Origin origin `json:"p"`
}

func (c *stagedJoined) apply(s *state) func() {
	t := s.staged.byID[c.ID]
	was := *t
	s.staged.count(t, -1)
	t.in, t.prev = s.scopes[c.Scope], append(t.prev, c.Origin)
	t.items, t.list, t.completed, t.work = nil, nil, false, nil
	s.staged.count(t, 1)
	return func() { s.restore(t, was) }
}

func (s *state) restore(t *staged, was staged) {
	s.staged.count(t, -1)
	element := t.element
	*t = was
	t.element = element
	s.staged.count(t, 1)
}

// distinct leaves one origin of each name: the last, in the place of the first.
func distinct(list []origin) []origin {
	at := make(map[string]int, len(list))
	out := make([]origin, 0, len(list))
	for _, o := range list {
		if i, ok := at[o.Back]; ok {
			out[i] = o
			continue
		}
		at[o.Back] = len(out)
		out = append(out, o)
	}
	return out
}

// stagedFlags says how a staged task stands.
type stagedFlags struct {
	ID        int  `json:"q"`
	Ready     bool `json:"y,omitempty"`
	Completed bool `json:"e,omitempty"`
	OnFail    bool `json:"f,omitempty"`
}

func flagsOf(t *staged) *stagedFlags { return &stagedFlags{t.id, t.ready, t.completed, t.onFail} }

func (c *stagedFlags) apply(s *state) func() {
	t := s.staged.byID[c.ID]
	was := *t
	s.staged.count(t, -1)
	t.ready, t.completed, t.onFail = c.Ready, c.Completed, c.OnFail
	s.staged.count(t, 1)
	return func() { s.restore(t, was) }
}

// stagedItems says how many items a task has, and whether all of them are to begin at once.
type stagedItems struct {
	ID     int  `json:"q"`
	Count  int  `json:"n"`
	AtOnce bool `json:"o,omitempty"`
}

func (c *stagedItems) apply(s *state) func() {
	t := s.staged.byID[c.ID]
	was := t.items
	t.items = newItemStates(c.Count, c.AtOnce)
	return func() { t.items = was }
}

// stagedList is the list of a task's items, which is not looked at again: it may come from outside, or
// from the clock, and items are known by their number in it. Nothing lets it be looked at again.
type stagedList struct {
	ID   int  `json:"q"`
	List data `json:"l,omitzero"`
}

func (c *stagedList) apply(s *state) func() {
	t := s.staged.byID[c.ID]
	list, work := t.list, t.work
	t.list, _ = c.List.v.(*expr.List)
	t.work = nil
	return func() { t.list, t.work = list, work }
}

// itemChanged is a new status of an item.
type itemChanged struct {
	ID     int         `json:"q"`
	Item   int         `json:"i,omitempty"`
	Status core.Status `json:"s,omitempty"`
}

func (c *itemChanged) apply(s *state) func() {
	t := s.staged.byID[c.ID]
	was := t.items.status[c.Item]
	t.items.set(c.Item, c.Status)
	return func() { t.items.set(c.Item, was) }
}

// stagedCount is the number that the last staged task got; only snapshots hold it.
type stagedCount struct {
	Last int `json:"q"`
}

func (c *stagedCount) apply(s *state) func() {
	was := s.staged.last
	s.staged.last = c.Last
	return func() { s.staged.last = was }
}
