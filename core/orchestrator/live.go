package orchestrator

import (
	"container/list"
	"sync"

	"github.com/petrelhq/petrel/core/workflow"
)

// maxLive is how many conductors are kept in memory between steps.
const maxLive = 256

// live keeps conductors, those used last the longest. One that is in use is not in it:
// when its commit fails it is thrown away, and what is stored makes it again.
type live struct {
	mu    sync.Mutex
	byID  map[string]*list.Element
	order *list.List // of *kept, the latest in front
}

// kept is a conductor as it stands after so many steps.
type kept struct {
	id    string
	steps int
	c     *workflow.Conductor
	visits
}

func newLive() *live { return &live{byID: map[string]*list.Element{}, order: list.New()} }

// take hands out what is kept of a workflow that stands after so many steps; nil if there
// is nothing.
func (l *live) take(id string, steps int) *kept {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.byID[id]
	if e == nil {
		return nil
	}
	l.remove(e)
	if k := e.Value.(*kept); k.steps == steps {
		return k
	}
	return nil // another server went on with it
}

// put keeps a conductor.
func (l *live) put(k *kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byID[k.id]; e != nil {
		l.remove(e)
	}
	l.byID[k.id] = l.order.PushFront(k)
	if l.order.Len() > maxLive {
		l.remove(l.order.Back())
	}
}

func (l *live) remove(e *list.Element) {
	delete(l.byID, e.Value.(*kept).id)
	l.order.Remove(e)
}
