package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

// Asynq as the yardstick: a task queue on Redis that does no more than keep a task until
// it is done. It gets as many connections as clients and looks for work without a pause.
const (
	asynqQueue = "default"
	asynqCheck = 5 * time.Millisecond
	asynqDB    = 1 // Petrel has 0
)

// asynqQuiet drops what asynq has to say.
type asynqQuiet struct{}

func (asynqQuiet) Debug(...any) {}
func (asynqQuiet) Info(...any)  {}
func (asynqQuiet) Warn(...any)  {}
func (asynqQuiet) Error(...any) {}
func (asynqQuiet) Fatal(...any) {}

// asynqRate enqueues n events from so many clients while as many workers do nothing with
// each, and returns the events per second until the last is done.
func (r *redisServer) asynqRate(clients, n int) (_ float64, err error) {
	at := asynq.RedisClientOpt{Addr: r.addr, DB: asynqDB, PoolSize: 2 * clients}
	var done atomic.Int64
	last := make(chan struct{})
	workers := asynq.NewServer(at, asynq.Config{Concurrency: clients, TaskCheckInterval: asynqCheck, Logger: asynqQuiet{}})
	err = workers.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		if done.Add(1) == int64(n) {
			close(last)
		}
		return nil
	}))
	if err != nil {
		return 0, err
	}
	defer workers.Shutdown()
	client := asynq.NewClient(at)
	defer client.Close()
	began := time.Now()
	var number atomic.Int64
	if _, err := rate(clients, n, func() error {
		_, err := client.Enqueue(asynq.NewTask("event", event(nil, int(number.Add(1)))))
		return err
	}); err != nil {
		return 0, err
	}
	select {
	case <-last:
	case <-time.After(10 * time.Minute):
		return 0, fmt.Errorf("asynq did %d of %d tasks within ten minutes", done.Load(), n)
	}
	if err := asynqEmpty(at); err != nil {
		return 0, err
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// asynqEmpty returns once Redis has no task any more: the last has been crossed off.
func asynqEmpty(at asynq.RedisClientOpt) error {
	looker := asynq.NewInspector(at)
	defer looker.Close()
	for {
		q, err := looker.GetQueueInfo(asynqQueue)
		if err != nil || q.Size == 0 {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}
