package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/store"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// codeKeys are the system's keys as the code of packs sees them.
func codeKeys(kv keyValues) plugins.Keys {
	actions := actionKeys{kv}
	return plugins.Keys{
		Get: func(ctx context.Context, name string) (plugins.Key, error) {
			k, err := kv.Datastore.Get(ctx, datastore.System(name))
			if err != nil || !k.Secret {
				return plugins.Key{Value: valueOf(k)}, err
			}
			plain, err := kv.Reveal(k)
			return plugins.Key{Value: plain, Secret: true}, err
		},
		Set: func(ctx context.Context, name string, k plugins.Key) error {
			_, err := kv.Put(ctx, datastore.Entry{Name: datastore.System(name), Value: k.Value, Secret: k.Secret, TTL: k.TTL})
			return err
		},
		Delete: actions.Delete,
		List: func(ctx context.Context, prefix string, limit int) ([]string, error) {
			names := []string{}
			_, err := kv.Datastore.List(ctx, datastore.Query{Scope: core.SystemScope, Prefix: prefix, Limit: 1, Keep: func(k *core.KeyValue) bool {
				names = append(names, k.Name)
				return len(names) == limit // nothing is kept before: the values together may not fit in memory
			}})
			return names, err
		},
	}
}

// lookAgain is how often an execution that somebody waits for is looked at though nothing
// said that it changed: wake-ups can be lost.
const lookAgain = time.Second

// runForCode runs an action that a pack's code asks for, and returns when it has ended.
// When ctx is done it is canceled.
func (s *Server) runForCode(ctx context.Context, r plugins.RunRequest) (wire.RunReply, error) {
	wakes, err := s.store.Wakes(ctx, store.TopicChanges)
	if err != nil {
		return wire.RunReply{}, err
	}
	q, err := s.codeRun(ctx, r)
	if err != nil {
		return wire.RunReply{}, err
	}
	var x *core.Execution
	err = s.store.Update(ctx, store.Wait, func(tx *store.Tx) (err error) {
		x, err = s.engine.Request(ctx, tx, q)
		return err
	})
	if err != nil {
		return wire.RunReply{}, err
	}
	return s.ended(ctx, x.ID, wakes)
}

// ended waits for the end of an execution.
func (s *Server) ended(ctx context.Context, id string, wakes <-chan struct{}) (wire.RunReply, error) {
	fallback := time.NewTicker(lookAgain)
	defer fallback.Stop()
	for {
		x, err := s.store.Executions().Get(ctx, id)
		if err != nil && ctx.Err() == nil {
			return wire.RunReply{}, err
		}
		if err == nil && x.Status.Final() {
			return s.runReply(ctx, x)
		}
		select {
		case <-ctx.Done():
			return wire.RunReply{}, s.cancelForCode(ctx, id)
		case <-wakes:
		case <-fallback.C:
		}
	}
}

func (s *Server) runReply(ctx context.Context, x *core.Execution) (wire.RunReply, error) {
	result, err := s.store.Result(ctx, x)
	return wire.RunReply{ID: x.ID, Status: string(x.Status), Result: json.RawMessage(result)}, err
}

// cancelTime is how long the cancel of what nobody waits for any more may take.
const cancelTime = 5 * time.Second

// cancelForCode ends an execution whose asker has gone, and returns why it has.
func (s *Server) cancelForCode(ctx context.Context, id string) error {
	cause := context.Cause(ctx)
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTime)
	defer stop()
	err := s.store.Update(ctx, store.Wait, func(tx *store.Tx) error {
		_, err := s.engine.Cancel(ctx, tx, id, systemUser(s.cfg))
		return err
	})
	if err != nil && core.KindOf(err) != core.Conflict { // Conflict: it ended by itself
		s.log.Warn("an action that nobody waits for any more was not canceled", "execution", id, "error", err)
	}
	return cause
}
