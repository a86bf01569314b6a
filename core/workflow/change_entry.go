package workflow

import (
	"slices"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/expr"
)

// entryAdded is a new run of a task. A snapshot writes runs whole.
type entryAdded struct {
	Task    string      `json:"t"`
	Route   int         `json:"r,omitempty"`
	Scope   int         `json:"c,omitempty"`
	Prev    []origin    `json:"p,omitempty"`
	Retry   *retryState `json:"y,omitempty"`
	Results data        `json:"i,omitzero"`

	Status  core.Status `json:"s,omitempty"`
	Taken   []decision  `json:"n,omitempty"`
	Publish string      `json:"o,omitempty"`
	Context int         `json:"oc,omitempty"`
	Term    bool        `json:"e,omitempty"`
}

// decision says whether the transition of a number is taken.
type decision struct {
	Edge  int  `json:"n"`
	Taken bool `json:"y,omitempty"`
}

func (c *entryAdded) apply(s *state) func() {
	n := s.spec.graph.byID[c.Task]
	e := &entry{
		index: len(s.entries), place: place{n, c.Route}, in: s.scopes[c.Scope], prev: c.Prev,
		taken: make([]verdict, len(n.Edges)), status: c.Status, term: c.Term,
	}
	if c.Retry != nil {
		again := *c.Retry
		e.retry = &again
	}
	if l, ok := c.Results.v.(*expr.List); ok {
		e.results = slices.Clone(l.Items)
	}
	for _, v := range c.Taken {
		e.taken[v.Edge] = verdictOf(v.Taken)
	}
	if c.Publish != "" {
		e.out = publishedBy(n, c.Publish, c.Context)
	}
	was := s.latest[e.place]
	s.entries = append(s.entries, e)
	s.setLatest(was, e)
	return func() {
		s.entries = s.entries[:len(s.entries)-1]
		s.setLatest(e, was)
	}
}

func verdictOf(yes bool) verdict {
	if yes {
		return taken
	}
	return passed
}

func publishedBy(n *Node, edge string, context int) outgoing {
	i := slices.IndexFunc(n.Edges, func(e *Edge) bool { return e.id == edge })
	return outgoing{n.Edges[i], context}
}

// setLatest makes another run the last one of its task, and counts anew what depends on it. Either may be nil.
func (s *state) setLatest(was, now *entry) {
	e := now
	if was != nil {
		e = was
		s.counts[was.status]--
	}
	if now != nil {
		s.counts[now.status]++
		s.latest[e.place] = now
	} else {
		delete(s.latest, e.place)
	}
	for i, edge := range e.node.Edges {
		if i > 0 && e.node.Edges[i-1].To == edge.To {
			continue
		}
		p := place{edge.To, e.route}
		in := s.inbound[p]
		if was != nil {
			in.met--
			in.leading -= count(was.leadsTo(edge.To))
		}
		if now != nil {
			in.met++
			in.leading += count(now.leadsTo(edge.To))
		}
		s.inbound[p] = in
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// entryStatus is a new status of a task run.
type entryStatus struct {
	Entry  int         `json:"e"`
	Status core.Status `json:"s"`
}

func (c *entryStatus) apply(s *state) func() {
	e := s.entries[c.Entry]
	was := e.status
	s.setStatus(e, c.Status)
	return func() { s.setStatus(e, was) }
}

func (s *state) setStatus(e *entry, status core.Status) {
	if s.isLatest(e) {
		s.counts[e.status]--
		s.counts[status]++
	}
	e.status = status
}

// entryNext says whether a transition is taken.
type entryNext struct {
	Entry int  `json:"e"`
	Edge  int  `json:"n"`
	Taken bool `json:"y,omitempty"`
}

func (c *entryNext) apply(s *state) func() {
	e := s.entries[c.Entry]
	was := e.taken[c.Edge]
	s.setVerdict(e, c.Edge, verdictOf(c.Taken))
	return func() { s.setVerdict(e, c.Edge, was) }
}

func (s *state) setVerdict(e *entry, edge int, v verdict) {
	to := e.node.Edges[edge].To
	led := e.leadsTo(to)
	e.taken[edge] = v
	if leads := e.leadsTo(to); leads != led && s.isLatest(e) {
		p := place{to, e.route}
		in := s.inbound[p]
		in.leading += count(leads) - count(led)
		s.inbound[p] = in
	}
}

// entryPublished says which context a transition added.
type entryPublished struct {
	Entry   int `json:"e"`
	Edge    int `json:"n"`
	Context int `json:"c"`
}

func (c *entryPublished) apply(s *state) func() {
	e := s.entries[c.Entry]
	was := e.out
	e.out = outgoing{e.node.Edges[c.Edge], c.Context}
	return func() { e.out = was }
}

// entryTerm says whether the workflow may end with a task run.
type entryTerm struct {
	Entry int  `json:"e"`
	Term  bool `json:"y,omitempty"`
}

func (c *entryTerm) apply(s *state) func() {
	e := s.entries[c.Entry]
	was := e.term
	e.term = c.Term
	return func() { e.term = was }
}

// entryTally counts one more retry.
type entryTally struct {
	Entry int `json:"e"`
}

func (c *entryTally) apply(s *state) func() {
	e := s.entries[c.Entry]
	e.retry.Tally++
	return func() { e.retry.Tally-- }
}

// itemResult is the result of an item.
type itemResult struct {
	Entry  int  `json:"e"`
	Item   int  `json:"i,omitempty"`
	Of     int  `json:"of,omitempty"` // how many items there are, with the first result
	Result data `json:"v,omitzero"`
}

func (c *itemResult) apply(s *state) func() {
	e := s.entries[c.Entry]
	before := e.results
	if e.results == nil {
		e.results = make([]expr.Value, c.Of)
	}
	if missing := c.Item + 1 - len(e.results); missing > 0 { // the list has grown since
		e.results = append(slices.Clone(e.results), make([]expr.Value, missing)...)
	}
	was := e.results[c.Item]
	e.results[c.Item] = c.Result.v
	return func() {
		e.results[c.Item] = was
		e.results = before
	}
}
