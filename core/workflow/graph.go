package workflow

import (
	"cmp"
	"slices"
	"strconv"
)

// Graph is a workflow's tasks and the transitions between them, from the tasks it starts with.
type Graph struct {
	Nodes []*Node // in the order in which they are met
	roots []*Node
	byID  map[string]*Node
}

// Node is a task, or a command of the engine, in the graph.
type Node struct {
	ID    string
	Join  string   // "*" for all, a number, or "" when it joins nothing
	Split []string // split tasks on the way to it, itself included
	Edges []*Edge  // to the tasks after it, by their name

	index   int
	task    *task // without content for commands
	barrier int   // how many need to lead here; 0 when it joins nothing
	retry   *retry
	split   bool    // runs on a route of its own for each task that leads to it
	cycle   bool    // leads back to itself
	before  []*Node // those with an edge to it
}

// Edge is a transition to another task.
type Edge struct {
	To   *Node
	Key  int    // counts the transitions between the same two tasks
	Item int    // the item of next it stands in; of a chain, 0 is on-success where there is one
	When string // the condition, "" for always; of a chain on-success or on-failure

	from *Node
	item *transition
	id   string // to__t0, as orquesta names the transition in the task it leaves
	back string // from__t0, as it names it in the task it leads to
}

// Node finds a task, nil if the graph has none of that name.
func (g *Graph) Node(id string) *Node { return g.byID[id] }

// Roots are the tasks that the workflow starts with, by name.
func (g *Graph) Roots() []*Node { return g.roots }

// From is the task that the transition leaves.
func (e *Edge) From() *Node { return e.from }

func (g *Graph) node(id string, s *Spec) *Node {
	n := g.byID[id]
	if n == nil {
		n = &Node{ID: id, index: len(g.Nodes), task: s.find(id)}
		if n.task == nil {
			n.task = &task{name: id}
		}
		g.byID[id] = n
		g.Nodes = append(g.Nodes, n)
	}
	return n
}

// connect adds a transition unless there is one for the same item of next.
func (g *Graph) connect(from, to *Node, item int) {
	key := 0
	for _, e := range from.Edges {
		if e.To == to && e.Item == item {
			return
		}
		if e.To == to {
			key++
		}
	}
	e := &Edge{To: to, Key: key, Item: item, from: from, item: &from.task.next[item]}
	if e.When, _ = e.item.when.value.(string); e.item.on != "" {
		e.When = string(e.item.on)
	}
	e.id = to.ID + "__t" + strconv.Itoa(key)
	e.back = from.ID + "__t" + strconv.Itoa(key)
	from.Edges = append(from.Edges, e)
	if key == 0 {
		to.before = append(to.before, from)
	}
}

// pathTo is a task to put into the graph, with the split tasks on the way to it.
type pathTo struct {
	name   string
	splits []string
}

// compose makes the graph of a spec. st2: orquesta, composers.
func compose(s *Spec) *Graph {
	g := &Graph{byID: map[string]*Node{}}
	passed := map[string]names{}
	var queue []pathTo
	for _, t := range s.startTasks() {
		queue = append(queue, pathTo{t.name, nil})
	}
	for ; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, g.add(s, queue[0], passed)...)
	}
	for _, t := range s.startTasks() {
		g.roots = append(g.roots, g.byID[t.name])
	}
	for _, n := range g.Nodes {
		n.cycle, n.split = s.links.cycle[n.ID], s.links.splits(n.ID)
		n.sortEdges()
	}
	return g
}

func (n *Node) sortEdges() {
	slices.SortStableFunc(n.Edges, func(a, b *Edge) int { return cmp.Compare(a.To.ID, b.To.ID) })
}

// add puts a task and its transitions into the graph and gives the tasks to go on with.
func (g *Graph) add(s *Spec, at pathTo, passed map[string]names) []pathTo {
	n := g.node(at.name, s)
	n.setJoin()
	if s.links.splits(n.ID) && !s.links.cycle[n.ID] {
		at.splits = append(slices.Clone(at.splits), n.ID)
	}
	if len(at.splits) > 0 {
		n.Split = at.splits
	}
	if n.task.retry != nil {
		n.retry = n.task.retry
	}
	var more []pathTo
	for _, l := range s.links.next[n.ID] {
		if l.to == commandRetry {
			n.retry = commandedRetry(n.task.next[l.item])
			continue
		}
		if g.byID[l.to] == nil || !s.links.cycle[l.to] {
			if had := passed[l.to]; had == nil || !had.holds(setOf(at.splits)) {
				more = append(more, pathTo{l.to, at.splits})
				passed[l.to] = had.with(setOf(at.splits))
			}
		}
		g.connect(n, g.node(l.to, s), l.item)
	}
	return more
}

func setOf(list []string) names {
	out := make(names, len(list))
	for _, name := range list {
		out[name] = true
	}
	return out
}

// commandedRetry is what "do: retry" means: three times, when its condition holds.
func commandedRetry(t transition) *retry {
	r := &retry{when: t.when, count: template{value: int64(3)}, command: true}
	if !r.when.given() {
		r.when = template{value: "<% completed() %>", dynamic: true, doc: t.doc}
	}
	return r
}

func (n *Node) setJoin() {
	switch j := n.task.join; {
	case j.all:
		n.Join = "*"
	case j.given:
		n.Join = strconv.Itoa(j.count)
		n.barrier = max(1, j.count)
	}
}

// needs is how many tasks have to lead to n before it runs.
func (n *Node) needs() int {
	switch {
	case n.task.join.all:
		return len(n.before)
	case n.barrier > 0:
		return n.barrier
	}
	return 1
}

// joins reports whether n waits for several tasks.
func (n *Node) joins() bool { return n.Join != "" }
