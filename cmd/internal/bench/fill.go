package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/store"
)

// model is one event as a real server stored it, which the others are made after.
type model struct {
	instance    core.TriggerInstance
	enforcement core.Enforcement
	execution   core.Execution
}

const (
	fillBatch = 200                   // events in one Apply
	apart     = 50 * time.Millisecond // between two made events
)

// fill adds n events, one every 50 ms until a moment ago, to the store of a stopped
// server that holds at least one event of its own.
func fill(dir string, n int) (err error) {
	db, err := local.Open(dir, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	st := store.New(db, time.Now)
	m, err := readModel(st)
	if err != nil {
		return err
	}
	first := time.Now().Add(-time.Duration(n) * apart)
	g, ctx := errgroup.WithContext(context.Background())
	g.SetLimit(2 * runtime.NumCPU())
	for from := 0; from < n && ctx.Err() == nil; from += fillBatch {
		g.Go(func() error { return m.add(ctx, st, first, from, min(from+fillBatch, n)) })
	}
	return g.Wait()
}

func readModel(st *store.Store) (*model, error) {
	ctx, newest := context.Background(), store.Query{Limit: 1}
	xs, _, err := st.Executions().List(ctx, newest)
	if err != nil {
		return nil, err
	}
	is, _, err := st.Instances().List(ctx, newest)
	if err != nil {
		return nil, err
	}
	es, _, err := st.Enforcements().List(ctx, newest)
	if err != nil {
		return nil, err
	}
	if len(xs) == 0 || len(is) == 0 || len(es) == 0 {
		return nil, fmt.Errorf("the store has no event to make others after")
	}
	return &model{instance: *is[0], enforcement: *es[0], execution: *xs[0]}, nil
}

// add stores the events with the numbers from, to in one Apply.
func (m *model) add(ctx context.Context, st *store.Store, first time.Time, from, to int) error {
	tx := st.Begin()
	for n := from; n < to; n++ {
		if err := m.addOne(tx, core.At(first.Add(time.Duration(n)*apart))); err != nil {
			return err
		}
	}
	return tx.Commit(ctx, store.Relaxed)
}

// addOne stores an event that happened at t and otherwise went as the model's did.
func (m *model) addOne(tx *store.Tx, t core.Time) error {
	i, e, x := m.instance, m.enforcement, m.execution
	later := t - i.Occurred
	i.ID, i.Occurred = core.NewID(t.Std()), t
	i.TraceTag = "webhook-bench-noop-" + core.Digest([]byte(i.ID))
	x.Context.Trace = &core.TraceContext{Tag: i.TraceTag}
	e.ID, e.At, e.TriggerInstance = core.DeriveID(i.ID, e.Rule.ID), e.At+later, i.ID
	x.ID = core.DeriveID(i.ID, e.Rule.ID, "execution")
	e.Execution = x.ID
	origin := *x.Origin
	origin.TriggerInstance = i.ID
	x.Origin = &origin
	x.Start, x.End = x.Start+later, x.End+later
	x.Log = make([]core.StatusChange, len(m.execution.Log))
	for k, l := range m.execution.Log {
		x.Log[k] = core.StatusChange{At: l.At + later, Status: l.Status}
	}
	if err := tx.Instances().Create(&i); err != nil {
		return err
	}
	if err := tx.Enforcements().Create(&e); err != nil {
		return err
	}
	return tx.Executions().Create(&x)
}
