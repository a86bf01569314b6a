package workflow

import (
	"cmp"
	"slices"
)

// link is one way from a task to another: the item of next that leads there.
type link struct {
	to   string
	item int
}

// links are the ways between the tasks of a workflow, as written.
type links struct {
	spec  *Spec
	next  map[string][]link // by the name they lead to
	into  map[string]int    // how many lead to a name
	cycle map[string]bool   // names that lead back to themselves
}

func newLinks(s *Spec) *links {
	l := &links{spec: s, next: map[string][]link{}, into: map[string]int{}}
	for _, t := range s.tasks {
		if isCommand(t.name) {
			continue
		}
		for n, item := range t.next {
			for _, name := range item.do {
				l.next[t.name] = append(l.next[t.name], link{name, n})
				l.into[name]++
			}
		}
		slices.SortStableFunc(l.next[t.name], func(a, b link) int { return cmp.Compare(a.to, b.to) })
	}
	l.cycle = cycles(s.tasks, l.next)
	return l
}

// find is the task of a name; commands are tasks without anything.
func (s *Spec) find(name string) *task {
	if isCommand(name) {
		return &task{name: name}
	}
	return s.byName[name]
}

// startTasks are those that nothing leads to, by name.
func (s *Spec) startTasks() []*task {
	l := s.links
	var out []*task
	for _, t := range s.tasks {
		if l.into[t.name] == 0 {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *task) int { return cmp.Compare(a.name, b.name) })
	return out
}

// splits reports whether a task runs once for each task that leads to it.
func (l *links) splits(name string) bool {
	t := l.spec.find(name)
	return t != nil && !t.join.given && l.into[name] > 1
}

// cycles finds the names that lead back to themselves: those in a strongly connected part of more
// than one name (Tarjan), and those that lead to themselves directly.
func cycles(tasks []*task, next map[string][]link) map[string]bool {
	f := &cycleFinder{next: next, order: map[string]int{}, low: map[string]int{}, onStack: map[string]bool{}, found: map[string]bool{}}
	for _, t := range tasks {
		if f.order[t.name] == 0 {
			f.visit(t.name)
		}
	}
	return f.found
}

type cycleFinder struct {
	next    map[string][]link
	order   map[string]int // 1 for the first name met
	low     map[string]int
	stack   []string
	onStack map[string]bool
	found   map[string]bool
}

func (f *cycleFinder) visit(name string) {
	f.order[name] = len(f.order) + 1
	f.low[name] = f.order[name]
	f.stack = append(f.stack, name)
	f.onStack[name] = true
	for _, l := range f.next[name] {
		switch {
		case l.to == name:
			f.found[name] = true
		case f.order[l.to] == 0:
			f.visit(l.to)
			f.low[name] = min(f.low[name], f.low[l.to])
		case f.onStack[l.to]:
			f.low[name] = min(f.low[name], f.order[l.to])
		}
	}
	if f.low[name] == f.order[name] {
		f.unwind(name)
	}
}

// unwind takes a connected part off the stack.
func (f *cycleFinder) unwind(root string) {
	at := len(f.stack) - 1
	for f.stack[at] != root {
		at--
	}
	part := f.stack[at:]
	f.stack = f.stack[:at]
	for _, name := range part {
		f.onStack[name] = false
		f.found[name] = f.found[name] || len(part) > 1
	}
}
