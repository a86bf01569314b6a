// Package supervise keeps long-lived things running: it starts them in order, restarts
// what fails with growing pauses, knows their health, and stops them in reverse order.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Task is something long-lived. Run returns nil when ctx is done, or an error (or
// panics) when it cannot go on; then it is run again after a pause.
type Task struct {
	Name string
	Run  func(ctx context.Context) error
}

// Pauses between restarts double from first to longest; a task that ran for healthy
// begins again with the first.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
	healthy      = time.Minute
)

// Supervisor runs tasks. Add them in the order in which they depend on each other.
type Supervisor struct {
	Log   *slog.Logger
	tasks []*task
}

type task struct {
	Task
	stop context.CancelFunc
	done chan struct{}

	mu  sync.Mutex
	err error // why it is not running now
}

// Add adds a task, before Run.
func (s *Supervisor) Add(name string, run func(ctx context.Context) error) {
	s.tasks = append(s.tasks, &task{Task: Task{name, run}, done: make(chan struct{})})
}

// Run starts the tasks in order and, when ctx is done, stops them in reverse order,
// each only after the one before has returned.
func (s *Supervisor) Run(ctx context.Context) {
	base := context.WithoutCancel(ctx)
	for _, t := range s.tasks {
		var own context.Context
		own, t.stop = context.WithCancel(base)
		go func() {
			defer close(t.done)
			s.keep(own, t)
		}()
	}
	<-ctx.Done()
	for i := len(s.tasks) - 1; i >= 0; i-- {
		s.tasks[i].stop()
		<-s.tasks[i].done
	}
}

// Health returns nil when every task runs, else what is wrong with which.
func (s *Supervisor) Health() error {
	var errs []error
	for _, t := range s.tasks {
		t.mu.Lock()
		if t.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.Name, t.err))
		}
		t.mu.Unlock()
	}
	return errors.Join(errs...)
}

// keep runs a task again and again until ctx is done.
func (s *Supervisor) keep(ctx context.Context, t *task) {
	pause := firstPause
	for {
		began := time.Now()
		err := safely(ctx, t.Run)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				s.Log.Error("ended badly", "task", t.Name, "error", err)
			}
			return
		}
		if err == nil {
			err = errors.New("ended without being asked to")
		}
		if time.Since(began) > healthy {
			pause = firstPause
		}
		t.fail(err)
		s.Log.Error("failed; starting it again", "task", t.Name, "after", pause, "error", err)
		if !rest(ctx, pause) {
			return
		}
		pause = min(2*pause, longestPause)
		t.fail(nil)
	}
}

func (t *task) fail(err error) {
	t.mu.Lock()
	t.err = err
	t.mu.Unlock()
}

// safely turns a panic into an error.
func safely(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}

// rest waits, and reports false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
