package workflow

import (
	"fmt"
	"maps"
)

// semantics finds what makes no sense in a workflow of the right form. st2: orquesta, inspect_semantics.
func (s *Spec) semantics() []Fault {
	faults := s.reservedNames()
	if len(s.tasks) > 0 && len(s.startTasks()) == 0 {
		line := lineOf(field(s.doc, "tasks"), "")
		faults = append(faults, Fault{Group: Semantics, Message: noStart, SpecPath: "tasks", SchemaPath: tasksSchema, Line: line})
	}
	faults = append(faults, s.undefinedTasks()...)
	faults = append(faults, s.unreachableJoins()...)
	for _, t := range s.tasks {
		if t.with != nil && !t.action.given() {
			faults = append(faults, taskFault(t, "The action property is required for with items task."))
		}
	}
	return faults
}

func taskFault(t *task, message string) Fault {
	return Fault{Group: Semantics, Message: message, SpecPath: "tasks." + t.name, SchemaPath: taskPattern, Line: t.line}
}

func (s *Spec) reservedNames() []Fault {
	var faults []Fault
	for _, t := range s.tasks {
		if isCommand(t.name) {
			faults = append(faults, taskFault(t, fmt.Sprintf("The task name %q is reserved with special function.", t.name)))
		}
	}
	return faults
}

// undefinedTasks finds names in "do" that are no tasks, in the tasks that can be reached.
func (s *Spec) undefinedTasks() []Fault {
	var faults []Fault
	queue, queued, seen := s.startTasks(), map[string]bool{}, map[string]bool{}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		seen[t.name] = true
		for n, item := range t.next {
			for _, name := range item.do {
				next := s.find(name)
				switch {
				case next == nil:
					faults = append(faults, s.undefined(t, n, name))
				case !isCommand(name) && !seen[name] && !queued[name]:
					queued[name] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return faults
}

func (s *Spec) undefined(t *task, item int, name string) Fault {
	return Fault{
		Group: Semantics, Message: fmt.Sprintf("The task %q is not defined.", name), Hint: didYouMean(name, s.Tasks()),
		SpecPath: indexed("tasks."+t.name+".next", item) + ".do", SchemaPath: taskPattern + ".properties.next.items.properties.do",
		Line: lineOf(field(t.next[item].doc, "do"), name),
	}
}

// reached is what the walk to the joins knows of a task.
type reached struct {
	splits names           // split tasks on the ways to it
	prev   map[string]bool // tasks that lead to it
}

// unreachableJoins finds joins of ways that went through different splits: it is not clear how many
// of them to wait for.
func (s *Spec) unreachableJoins() []Fault {
	met, order := s.walkSplits()
	var faults []Fault
	for _, name := range order {
		t, here := s.byName[name], met[name]
		if !t.join.given {
			continue
		}
		for before := range here.prev {
			if !here.splits.equal(met[before].splits) {
				faults = append(faults, taskFault(t, fmt.Sprintf("The join task %q is unreachable. "+
					"A join task is determined to be unreachable if there are nested forks from multi-referenced tasks that join on the said task. "+
					"This is ambiguous to the workflow engine because it does not know at which level should the join occurs.", name)))
				break
			}
		}
	}
	return faults
}

// step is a way to a task, through some splits.
type step struct {
	from, to string
	splits   names
}

// walkSplits walks all ways through the workflow, each with the splits on it.
func (s *Spec) walkSplits() (met map[string]*reached, order []string) {
	met = map[string]*reached{}
	passed := map[[2]string]names{}
	var queue []step
	for _, t := range s.startTasks() {
		queue = append(queue, step{"", t.name, names{}})
	}
	for ; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if s.byName[at.to] == nil {
			continue
		}
		if s.links.splits(at.to) && !s.links.cycle[at.to] {
			at.splits = at.splits.with(names{at.to: true})
		}
		if met[at.to] == nil {
			met[at.to] = &reached{names{}, map[string]bool{}}
			order = append(order, at.to)
		}
		maps.Copy(met[at.to].splits, at.splits)
		if at.from != "" {
			met[at.to].prev[at.from] = true
		}
		for _, l := range s.links.next[at.to] {
			if met[l.to] != nil && s.links.cycle[l.to] {
				continue
			}
			if way := [2]string{at.to, l.to}; passed[way] == nil || !passed[way].holds(at.splits) {
				passed[way] = passed[way].with(at.splits)
				queue = append(queue, step{at.to, l.to, at.splits})
			}
		}
	}
	return met, order
}

// holds reports whether all of m are in n.
func (n names) holds(m names) bool {
	for name := range m {
		if !n[name] {
			return false
		}
	}
	return true
}
