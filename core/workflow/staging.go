package workflow

import (
	"container/list"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// staging holds the tasks that are to run, or that wait for others to join, in the order in which they came.
type staging struct {
	order *list.List // of *staged
	at    map[place][]*staged
	byID  map[int]*staged
	last  int // the id given last
	ready int // tasks that may run
}

// staged is a task that is to run.
type staged struct {
	id int
	place
	in        *scope
	prev      []origin
	ready     bool
	completed bool // ended badly; kept for a rerun of its items
	onFail    bool // runs although the workflow has failed
	retry     *retryState
	items     *itemStates // nil until the items are known
	list      *expr.List  // the items, where another look at them might show others; else nil
	work      *work       // rendered; not stored
	element   *list.Element
}

func (t *staged) runnable() bool { return t.ready && !t.completed }

// begun reports whether items of t run, or have run, and it has not ended.
func (t *staged) begun() bool {
	return t.items != nil && !t.completed && t.items.counts[unset] < len(t.items.status)
}

// find is the first task staged at a place.
func (s *staging) find(p place) *staged {
	if at := s.at[p]; len(at) > 0 {
		return at[0]
	}
	return nil
}

// latest is the last task staged at a place; it waits for the first when that has items running.
func (s *staging) latest(p place) *staged {
	if at := s.at[p]; len(at) > 0 {
		return at[len(at)-1]
	}
	return nil
}

func (s *staging) all() []*staged {
	out := make([]*staged, 0, s.order.Len())
	for e := s.order.Front(); e != nil; e = e.Next() {
		out = append(out, e.Value.(*staged))
	}
	return out
}

func (s *staging) add(t *staged) {
	t.element = s.order.PushBack(t)
	s.at[t.place] = append(s.at[t.place], t)
	s.byID[t.id] = t
	s.count(t, 1)
}

// remove takes t out; the function puts it back where it was.
func (s *staging) remove(t *staged) (undo func()) {
	next, before := t.element.Next(), s.at[t.place]
	s.order.Remove(t.element)
	delete(s.byID, t.id)
	var rest []*staged
	for _, o := range before {
		if o != t {
			rest = append(rest, o)
		}
	}
	if s.at[t.place] = rest; len(rest) == 0 {
		delete(s.at, t.place)
	}
	s.count(t, -1)
	return func() {
		if next == nil {
			t.element = s.order.PushBack(t)
		} else {
			t.element = s.order.InsertBefore(t, next)
		}
		s.at[t.place] = before
		s.byID[t.id] = t
		s.count(t, 1)
	}
}

func (s *staging) count(t *staged, n int) {
	if t.runnable() {
		s.ready += n
	}
}

// itemStates are the statuses of a task's items.
type itemStates struct {
	status []core.Status
	counts map[core.Status]int
	next   int  // no item before this one is unset
	atOnce bool // none of them waits for another
}

func newItemStates(n int, atOnce bool) *itemStates {
	return &itemStates{status: make([]core.Status, n), counts: map[core.Status]int{unset: n}, atOnce: atOnce}
}

func (s *itemStates) set(i int, status core.Status) {
	s.counts[s.status[i]]--
	s.counts[status]++
	s.status[i] = status
	if status == unset {
		s.next = min(s.next, i)
	}
}

// siblings is how the items but one stand.
func (s *itemStates) siblings(but int) siblings {
	var o siblings
	for status, n := range s.counts {
		if but >= 0 && status == s.status[but] {
			n--
		}
		if n == 0 {
			continue
		}
		o.busy = o.busy || active(status)
		o.paused = o.paused || halted(status)
		o.canceled = o.canceled || status == core.Canceled
		o.failed = o.failed || broken(status)
		o.open = o.open || !status.Final()
		o.due = o.due || s.atOnce && status == unset
	}
	return o
}

// unbegun are the first items without a status, at most limit; limit < 0 means all.
func (s *itemStates) unbegun(limit int) []int {
	for s.next < len(s.status) && s.status[s.next] != unset {
		s.next++
	}
	var out []int
	for i := s.next; i < len(s.status) && len(out) != limit && s.counts[unset] > len(out); i++ {
		if s.status[i] == unset {
			out = append(out, i)
		}
	}
	return out
}

// running is how many items are active.
func (s *itemStates) running() int {
	n := 0
	for status, k := range s.counts {
		if active(status) {
			n += k
		}
	}
	return n
}
