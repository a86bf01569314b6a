package workflow

import (
	"container/list"
	"crypto/sha256"
	"slices"
	"sort"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// state is all that a conductor knows. It changes by changes only (change.go), so that what is
// stored and what is alive stay the same.
type state struct {
	spec       *Spec
	status     core.Status
	contexts   []*expr.Dict // what each publishing added; the first is the inputs and vars
	hasPrivate bool         // some context has names with "__"
	scopes     []*scope
	routes     [][]string // the split transitions each went through
	entries    []*entry   // task runs in the order in which they began
	latest     map[place]*entry
	staged     staging
	counts     map[core.Status]int // of the latest entries
	inbound    map[place]inbound
	errors     []Error
	noted      map[[sha256.Size]byte]bool // errors that are there already
	output     *expr.Dict
	results    *expr.Dict // of a chain: by task
	reruns     [][]int
}

// place is a task on a route.
type place struct {
	node  *Node
	route int
}

// entry is one run of a task.
type entry struct {
	index int
	place
	in      *scope
	prev    []origin
	taken   []verdict // of each edge of the node
	out     outgoing  // the last transition that published
	status  core.Status
	term    bool // the workflow may end with it
	retry   *retryState
	results []expr.Value // of the items, nil where there is none yet
}

// verdict is what became of a transition.
type verdict byte

const (
	undecided verdict = iota
	taken
	passed
)

// origin is the task run that led to a task, under the transition's name.
type origin struct {
	Back  string `json:"b"`
	Entry int    `json:"e"`
}

// outgoing says which context a transition added.
type outgoing struct {
	edge    *Edge
	context int
}

// retryState counts the retries of a task.
type retryState struct {
	Count int64  `json:"c"`
	Delay *int64 `json:"d,omitempty"`
	Tally int64  `json:"n,omitempty"`
}

// inbound counts, for a task on a route, the tasks before it.
type inbound struct {
	met     int // that have begun
	leading int // that lead to it
}

func newState(s *Spec) *state {
	return &state{
		spec: s, latest: map[place]*entry{}, counts: map[core.Status]int{}, inbound: map[place]inbound{},
		noted: map[[sha256.Size]byte]bool{}, staged: staging{order: list.New(), at: map[place][]*staged{}, byID: map[int]*staged{}},
	}
}

func (s *state) anyActive() bool {
	return s.counts[core.Requested]+s.counts[core.Scheduled]+s.counts[core.Delayed]+s.counts[core.Running]+
		s.counts[core.Resuming]+s.counts[core.Pausing]+s.counts[core.Canceling] > 0
}

func (s *state) anyPaused() bool {
	return s.counts[core.Pausing]+s.counts[core.Paused]+s.counts[core.Pending] > 0
}

func (s *state) anyCanceled() bool { return s.counts[core.Canceling]+s.counts[core.Canceled] > 0 }

// isLatest reports whether e is the last run of its task on its route.
func (s *state) isLatest(e *entry) bool { return s.latest[e.place] == e }

// leadsTo reports whether a transition of e to a task was taken. Edges are ordered by the task they lead to.
func (e *entry) leadsTo(n *Node) bool {
	edges := e.node.Edges
	first := sort.Search(len(edges), func(i int) bool { return edges[i].To.ID >= n.ID })
	for i := first; i < len(edges) && edges[i].To == n; i++ {
		if e.taken[i] == taken {
			return true
		}
	}
	return false
}

// criteria says how things stand with the tasks before a task.
type criteria int

const (
	unsatisfied criteria = iota
	inProgress
	satisfied
)

// inboundCriteria says whether enough tasks lead to a task. st2: orquesta, inbound criteria.
func (s *state) inboundCriteria(p place) criteria {
	in := s.inbound[p]
	switch {
	case in.leading >= p.node.needs():
		return satisfied
	case in.met < len(p.node.before) && (s.anyActive() || s.staged.ready > 0):
		return inProgress
	}
	return unsatisfied
}

// goesOn reports whether a transition was taken from the last run of a task; with joinable only those
// count whose join can still happen.
func (s *state) goesOn(p place, joinable bool) bool {
	e := s.latest[p]
	if e == nil || !e.status.Final() {
		return false
	}
	for i, edge := range e.node.Edges {
		if edge.To.ID == commandContinue || e.taken[i] != taken {
			continue
		}
		if joinable && edge.To.joins() && s.inboundCriteria(place{edge.To, p.route}) == unsatisfied {
			continue
		}
		return true
	}
	return false
}

// taskStatus is what task_status() gives: the status on a route, or on the nearest route before it.
func (s *state) taskStatus(task string, route int64) string {
	n := s.spec.graph.byID[task]
	if n == nil {
		return ""
	}
	for r := int(route); r >= 0; r = s.earlier(r) {
		if e := s.latest[place{n, r}]; e != nil {
			return string(e.status)
		}
	}
	return ""
}

// earlier is the nearest route before r that r went through; -1 when there is none.
func (s *state) earlier(r int) int {
	if r >= len(s.routes) {
		return -1
	}
	for q := r - 1; q >= 0; q-- {
		if !slices.ContainsFunc(s.routes[q], func(step string) bool { return !slices.Contains(s.routes[r], step) }) {
			return q
		}
	}
	return -1
}
