package jinja

import (
	"fmt"

	"github.com/petrelhq/petrel/core/expr"
)

// loopState is the variable "loop" of a for statement.
type loopState struct {
	source  expr.Value // what is walked, for its length; nil when filtered
	it      expr.Iterator
	ahead   []expr.Value // items read before their turn
	ended   bool
	index0  int64
	depth   int64
	started bool
	prev    expr.Value
	current expr.Value
	hasPrev bool
	changed []expr.Value
	called  bool // changed has been called
	loop    *compiledLoop
	frame   frame // where the loop stands, for recursion
}

// TypeName implements expr.Object.
func (s *loopState) TypeName() string { return "LoopContext" }

// advance moves to the next item.
func (s *loopState) advance() (expr.Value, bool, error) {
	ok, err := s.fill(1)
	if err != nil || !ok {
		return nil, false, err
	}
	if s.started {
		s.index0++
		s.prev, s.hasPrev = s.current, true
	}
	s.started = true
	s.current = s.ahead[0]
	s.ahead = s.ahead[1:]
	return s.current, true, nil
}

// fill reads ahead until n items wait; ok is false when there are fewer.
func (s *loopState) fill(n int) (ok bool, err error) {
	for len(s.ahead) < n && !s.ended {
		v, more, err := s.it.Next()
		if err != nil {
			return false, err
		}
		if !more {
			s.ended = true
			break
		}
		if err := s.frame.budget.GrowItems(1); err != nil {
			return false, err
		}
		s.ahead = append(s.ahead, v)
	}
	return len(s.ahead) >= n, nil
}

func (s *loopState) length() (int64, error) {
	if s.source != nil {
		if n, err := expr.Len(s.source); err == nil {
			return int64(n), nil
		}
	}
	for !s.ended {
		if _, err := s.fill(len(s.ahead) + 1); err != nil {
			return 0, err
		}
	}
	return s.index0 + 1 + int64(len(s.ahead)), nil
}

// Attr implements expr.Attributer.
func (s *loopState) Attr(b *expr.Budget, name string) (expr.Value, bool, error) {
	if err := b.Step(1); err != nil {
		return nil, false, err
	}
	switch name {
	case "index":
		return s.index0 + 1, true, nil
	case "index0":
		return s.index0, true, nil
	case "first":
		return s.index0 == 0, true, nil
	case "depth":
		return s.depth + 1, true, nil
	case "depth0":
		return s.depth, true, nil
	case "cycle":
		return &expr.Func{Name: "cycle", Fn: s.cycle}, true, nil
	case "changed":
		return &expr.Func{Name: "changed", Fn: s.hasChanged}, true, nil
	}
	return s.lookAround(name)
}

// lookAround gives the members that depend on other items.
func (s *loopState) lookAround(name string) (expr.Value, bool, error) {
	switch name {
	case "length", "revindex", "revindex0":
		n, err := s.length()
		if name == "revindex" {
			n -= s.index0
		} else if name == "revindex0" {
			n -= s.index0 + 1
		}
		return n, true, err
	case "last":
		more, err := s.fill(1)
		return !more, true, err
	case "previtem":
		if !s.hasPrev {
			return s.none("there is no previous item"), true, nil
		}
		return s.prev, true, nil
	case "nextitem":
		more, err := s.fill(1)
		if err != nil || !more {
			return s.none("there is no next item"), true, err
		}
		return s.ahead[0], true, nil
	}
	return nil, false, nil
}

func (s *loopState) none(hint string) *expr.Undefined {
	return &expr.Undefined{Kind: s.frame.render.env.Undefined, Hint: hint}
}

func (s *loopState) cycle(c *expr.Call) (expr.Value, error) {
	if len(c.Args) == 0 {
		return nil, expr.Errorf("TypeError", "no items for cycling given")
	}
	return c.Args[s.index0%int64(len(c.Args))], nil
}

func (s *loopState) hasChanged(c *expr.Call) (expr.Value, error) {
	if s.called {
		eq, err := expr.Equal(c.Budget, expr.Tuple(s.changed), expr.Tuple(c.Args))
		if err != nil || eq {
			return false, err
		}
	}
	s.changed, s.called = c.Args, true
	return true, nil
}

// Call implements expr.Callable: loop(items) runs a recursive loop one level deeper.
func (s *loopState) Call(c *expr.Call) (expr.Value, error) {
	a, err := c.Bind("loop", expr.Req("iterable"))
	if err != nil {
		return nil, err
	}
	if !s.loop.recursive {
		return nil, expr.Errorf("TypeError", "The loop must have the 'recursive' marker to be called recursively.")
	}
	f := s.frame
	text, err := f.capture(func(f *frame) error { return s.loop.run(f, a[0], s.depth+1) })
	return f.markup(text), err
}

// Truthy implements expr.Truther: it asks for the length, and so for all items.
func (s *loopState) Truthy() (bool, error) {
	n, err := s.length()
	return n > 0, err
}

// Len implements expr.Sized.
func (s *loopState) Len() int {
	n, err := s.length()
	if err != nil {
		return 0
	}
	return int(n)
}

// Str implements expr.Stringer.
func (s *loopState) Str(*expr.Budget) (string, error) {
	n, err := s.length()
	return fmt.Sprintf("<LoopContext %d/%d>", s.index0+1, n), err
}
