package local

import (
	"container/heap"
	"math"
	"time"
)

// An entry is one item of a queue in memory. Its body stays on disk until it is pulled.
type entry struct {
	id      string
	group   *group // nil if it has none
	ready   int64  // Unix nanoseconds
	seq     uint64 // its Push's place in the order of all Pushes
	again   int64  // leased: the earliest time a repeated Push asked for, else never
	lease   uint64 // 0 while it waits
	attempt uint32
	at      [2]int
}

const never = math.MaxInt64

// A group is the items of one queue that only one holder may have at a time.
type group struct {
	name    string
	waiting line
	head    *entry // its representative among the queue's heads, nil while it is held
	held    int    // deliveries not yet acked or retried
}

// A queue holds its entries in memory. Heads are what a Pull can take next: waiting
// entries without a group, and the first of each group that nobody holds. All
// methods need the store's lock.
type queue struct {
	name   string
	items  map[string]*entry
	groups map[string]*group
	heads  line
	woken  chan struct{} // holds a token when a Pull may find something
	timer  *time.Timer   // brings the token when the first head gets ready
	armed  int64         // the time it is set for, else never
}

func newQueue(name string) *queue {
	q := &queue{name: name, items: map[string]*entry{}, groups: map[string]*group{},
		heads: line{index: inHeads}, woken: make(chan struct{}, 1), armed: never}
	q.timer = time.AfterFunc(time.Hour, func() { wake(q.woken) })
	q.timer.Stop()
	return q
}

// add makes a new entry wait.
func (q *queue) add(id, groupName string, ready int64, seq uint64) *entry {
	e := &entry{id: id, ready: ready, seq: seq}
	q.items[id] = e
	if groupName != "" {
		g := q.groups[groupName]
		if g == nil {
			g = &group{name: groupName, waiting: line{index: inGroup}}
			q.groups[groupName] = g
		}
		e.group = g
	}
	q.wait(e)
	return e
}

// wait puts an entry in its line.
func (q *queue) wait(e *entry) {
	e.lease, e.again = 0, never
	if e.group == nil {
		heap.Push(&q.heads, e)
		return
	}
	heap.Push(&e.group.waiting, e)
	q.represent(e.group)
}

// represent puts the right entry of a group among the heads: its first, if it is free.
func (q *queue) represent(g *group) {
	var first *entry
	if g.held == 0 && len(g.waiting.list) > 0 {
		first = g.waiting.list[0]
	}
	if g.head != nil && g.head != first {
		heap.Remove(&q.heads, g.head.at[inHeads])
		g.head = nil
	}
	switch {
	case first == nil:
	case g.head == first:
		heap.Fix(&q.heads, first.at[inHeads])
	default:
		g.head = first
		heap.Push(&q.heads, first)
	}
	if g.held == 0 && first == nil {
		delete(q.groups, g.name)
	}
}

// hasten brings a waiting entry forward and reports whether that changed anything. For
// a leased one it only counts if the delivery is retried: then the retry is no later.
func (q *queue) hasten(e *entry, ready int64) bool {
	if e.lease != 0 {
		e.again = min(e.again, ready)
		return false
	}
	if ready >= e.ready {
		return false
	}
	q.move(e, ready)
	return true
}

// move gives a waiting entry another ready time.
func (q *queue) move(e *entry, ready int64) {
	e.ready = ready
	if e.group == nil {
		heap.Fix(&q.heads, e.at[inHeads])
		return
	}
	heap.Fix(&e.group.waiting, e.at[inGroup])
	q.represent(e.group)
}

// take removes up to limit ready entries from their lines, in order. A group comes
// whole: one that does not fit waits for the next Pull, unless it would come first.
func (q *queue) take(limit int, now int64) []*entry {
	var out []*entry
	for len(out) < limit {
		e := q.heads.first()
		if e == nil || e.ready > now {
			break
		}
		if e.group == nil {
			heap.Pop(&q.heads)
			out = append(out, e)
			continue
		}
		if n := e.group.waiting.due(now); len(out) > 0 && len(out)+n > limit {
			break
		}
		out = append(out, q.takeGroup(e.group, now)...)
	}
	return out
}

func (q *queue) takeGroup(g *group, now int64) []*entry {
	var out []*entry
	for e := g.waiting.first(); e != nil && e.ready <= now; e = g.waiting.first() {
		heap.Pop(&g.waiting)
		out = append(out, e)
	}
	g.held += len(out)
	q.represent(g)
	return out
}

// giveBack makes a leased entry wait until ready, or until a Push asked for it.
func (q *queue) giveBack(e *entry, ready int64) {
	e.ready = min(ready, e.again)
	if e.group != nil {
		e.group.held--
	}
	q.wait(e)
}

// remove forgets a leased entry.
func (q *queue) remove(e *entry) {
	delete(q.items, e.id)
	if e.group != nil {
		e.group.held--
		q.represent(e.group)
	}
}

// arm wakes a Pull now or when the first head gets ready. One token is enough: whoever
// takes it arms again for the next.
func (q *queue) arm(now int64) {
	next := int64(never)
	if e := q.heads.first(); e != nil {
		next = e.ready
	}
	if next <= now {
		wake(q.woken)
		return
	}
	if next != q.armed {
		q.timer.Stop()
		if next != never {
			q.timer.Reset(time.Duration(next - now))
		}
		q.armed = next
	}
}
