package local

import "container/heap"

// The two lines an entry may stand in, as indexes of entry.at.
const (
	inHeads = iota
	inGroup
)

// A line is a heap of entries: earliest ready time first, then in the order of Pushes.
type line struct {
	list  []*entry
	index int // inHeads or inGroup
}

var _ heap.Interface = (*line)(nil)

func (l *line) Len() int { return len(l.list) }

func (l *line) Less(i, j int) bool {
	a, b := l.list[i], l.list[j]
	if a.ready != b.ready {
		return a.ready < b.ready
	}
	return a.seq < b.seq
}

func (l *line) Swap(i, j int) {
	l.list[i], l.list[j] = l.list[j], l.list[i]
	l.list[i].at[l.index] = i
	l.list[j].at[l.index] = j
}

func (l *line) Push(x any) {
	e := x.(*entry)
	e.at[l.index] = len(l.list)
	l.list = append(l.list, e)
}

func (l *line) Pop() any {
	n := len(l.list) - 1
	e := l.list[n]
	l.list[n] = nil
	l.list = l.list[:n]
	return e
}

func (l *line) first() *entry {
	if len(l.list) == 0 {
		return nil
	}
	return l.list[0]
}

// due counts the entries that are ready.
func (l *line) due(now int64) int {
	n := 0
	for _, e := range l.list {
		if e.ready <= now {
			n++
		}
	}
	return n
}
