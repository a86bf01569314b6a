// Package backendtest is the suite that every implementation of backend.Backend passes.
//
// Each promise is one test, opened on an instance of its own. Times are the backend's:
// tests wait for work by pulling it, and real delays are a quarter of a second.
package backendtest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/backend"
)

// An Instance is one empty store and a client of it.
type Instance struct {
	Backend backend.Backend
	// Reopen ends this process's part as a crash after its last answer would, and
	// returns a client of the same data in a new process. Its predecessor's leases
	// end at once or within seconds.
	Reopen func(t testing.TB) backend.Backend
	// Reconnects says that its connections break now and then, which wakes subscribers.
	Reconnects bool
}

// Opener makes an Instance that ends with the test.
type Opener func(t testing.TB) Instance

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	for _, group := range []struct {
		name  string
		tests []promise
	}{
		{"documents", documents},
		{"counters", counters},
		{"scan", scans},
		{"log", logs},
		{"queue", queues},
		{"group", groups},
		{"pull", pulls},
		{"wake", wakes},
		{"whole", wholes},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, p := range group.tests {
				t.Run(p.name, func(t *testing.T) { p.test(newSubject(t, open)) })
			}
		})
	}
}

// A promise is one test of the suite.
type promise struct {
	name string
	test func(s *subject)
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// brief is how long a test watches for what must not come.
const brief = 30 * time.Millisecond

// short is a delay that is longer than a few calls take, even when answers are lost.
const short = 250 * time.Millisecond

// A subject is a backend under test with the words tests speak in.
type subject struct {
	testing.TB
	backend.Backend
	reopen     func(t testing.TB) backend.Backend
	reconnects bool
	ctx        context.Context
}

func newSubject(t testing.TB, open Opener) *subject {
	ctx, cancel := context.WithTimeout(context.Background(), 6*patience)
	t.Cleanup(cancel)
	i := open(t)
	return &subject{TB: t, Backend: i.Backend, reopen: i.Reopen, reconnects: i.Reconnects, ctx: ctx}
}

// crash goes on with a new process on the same data.
func (s *subject) crash() {
	s.Helper()
	s.Backend = s.reopen(s.TB)
}

// must applies ops durably.
func (s *subject) must(ops ...backend.Op) backend.Version {
	s.Helper()
	v, err := s.Apply(s.ctx, backend.Wait, ops...)
	if err != nil {
		s.Fatalf("Apply: %v", err)
	}
	return v
}

// fails applies ops and wants err.
func (s *subject) fails(want error, ops ...backend.Op) {
	s.Helper()
	for _, m := range []backend.Mode{backend.Wait, backend.Relaxed} {
		if _, err := s.Apply(s.ctx, m, ops...); err != want {
			s.Fatalf("Apply in mode %d: error %v, want %v", m, err, want)
		}
	}
}

func (s *subject) get(key string) backend.Entry {
	s.Helper()
	es, err := s.Get(s.ctx, key)
	if err != nil || len(es) != 1 || es[0].Key != key {
		s.Fatalf("Get(%q) = %v, %v", key, es, err)
	}
	return es[0]
}

// holds wants a document to have a value, "" for missing.
func (s *subject) holds(key, want string) {
	s.Helper()
	e := s.get(key)
	if string(e.Value) != want || (e.Version == 0) != (want == "") {
		s.Fatalf("%s is %q at version %d, want %q", key, e.Value, e.Version, want)
	}
}

func (s *subject) scan(r backend.Range) []backend.Entry {
	s.Helper()
	es, err := s.Scan(s.ctx, r)
	if err != nil {
		s.Fatalf("Scan(%+v): %v", r, err)
	}
	return es
}

// pull wants exactly these ids, in order, from one Pull.
func (s *subject) pull(queue string, max int, ids ...string) []backend.Delivery {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	ds, err := s.Pull(ctx, queue, max)
	if err != nil {
		s.Fatalf("Pull(%s): %v", queue, err)
	}
	if diff := cmp.Diff(ids, idsOf(ds)); diff != "" {
		s.Fatalf("Pull(%s, %d): ids (-want +got)\n%s", queue, max, diff)
	}
	return ds
}

// idle wants nothing to be ready in the queue.
func (s *subject) idle(queue string) {
	s.Helper()
	s.idleFor(queue, brief)
}

func (s *subject) idleFor(queue string, d time.Duration) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, d)
	defer cancel()
	if ds, err := s.Pull(ctx, queue, 100); err != context.DeadlineExceeded {
		s.Fatalf("Pull(%s) = %v, %v; want nothing to be ready", queue, idsOf(ds), err)
	}
}

func idsOf(ds []backend.Delivery) []string {
	var ids []string
	for _, d := range ds {
		ids = append(ids, d.ID)
	}
	return ids
}

func keysOf(es []backend.Entry) []string {
	var keys []string
	for _, e := range es {
		keys = append(keys, e.Key)
	}
	return keys
}

// same compares two values.
func same[T any](s *subject, what string, got, want T) {
	s.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.Fatalf("%s (-want +got)\n%s", what, diff)
	}
}

func put(key, value string) backend.Op { return backend.Put(key, []byte(value)) }

func push(queue, id string, after time.Duration) backend.Op {
	return backend.Push(backend.Item{Queue: queue, ID: id, Body: []byte("body of " + id), After: after})
}

func pushGroup(queue, id, group string) backend.Op {
	return backend.Push(backend.Item{Queue: queue, ID: id, Group: group})
}

func each[T any](ds []T, op func(T) backend.Op) []backend.Op {
	var ops []backend.Op
	for _, d := range ds {
		ops = append(ops, op(d))
	}
	return ops
}
