package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// BenchmarkApply is the durable transaction of an event, on a real disk: four new
// documents of 250 bytes, each guarded. Compare with as many SETs in a pipeline:
//
//	redis-benchmark -t set -d 250 -r 1000000000 -P 4 -c <writers>
func BenchmarkApply(b *testing.B) {
	for _, fsync := range []string{"always", "everysec"} {
		server := redistest.Start(b, "--dir", b.TempDir(), "--appendfsync", fsync)
		for _, writers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", fsync, writers), func(b *testing.B) {
				s := open(b, server.URL(), redis.Options{Prefix: newPrefix(), AcceptLoss: true})
				value := bytes.Repeat([]byte(`{"a":1},`), 31)
				before := scripts(b, server)
				parallel(b, writers, func(n int64) error {
					_, err := s.Apply(b.Context(), backend.Wait,
						backend.Put(fmt.Sprintf("execution/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("execution_start/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("trigger_instance/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("enforcement/%024x", n), value).If(0))
					return err
				})
				b.ReportMetric(float64(scripts(b, server)-before)/float64(b.N), "scripts/apply")
			})
		}
	}
}

// BenchmarkEvent is the four Applies of a plain execution as package store makes them:
// three records, fourteen index entries, counters, the change log, two queues.
func BenchmarkEvent(b *testing.B) {
	for _, fsync := range []string{"always", "everysec"} {
		server := redistest.Start(b, "--dir", b.TempDir(), "--appendfsync", fsync)
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", fsync, writers), func(b *testing.B) {
				s := open(b, server.URL(), redis.Options{Prefix: newPrefix(), AcceptLoss: true})
				memory, work := memoryOf(b, server), deliveries(b, s)
				parallel(b, writers, func(n int64) error { return event(b.Context(), s, n, work) })
				b.ReportMetric(float64(memoryOf(b, server)-memory)/float64(b.N), "bytes/event")
			})
		}
	}
}

// deliveries pulls as a worker does, as many as there are.
func deliveries(b *testing.B, s *redis.Store) <-chan backend.Delivery {
	out := make(chan backend.Delivery)
	go func() {
		for {
			ds, err := s.Pull(context.Background(), "triggers", 64)
			if err != nil {
				return
			}
			for _, d := range ds {
				out <- d
			}
		}
	}()
	return out
}

func event(ctx context.Context, s *redis.Store, n int64, work <-chan backend.Delivery) error {
	id, at := fmt.Sprintf("%024x", n), fmt.Sprintf("%014x", 1_700_000_000_000_000+n)
	place := func(index, value string) string { return index + "/" + value + "\x00" + at + id }
	record := bytes.Repeat([]byte(`{"a":1},`), 60)
	steps := [][]backend.Op{{
		backend.Put("instance/"+id, record[:300]).If(0), backend.Put(place("instance.all", ""), nil), backend.Put(place("instance.trigger", "core.webhook"), nil),
		backend.Add("count/instance.all", 1), backend.Push(backend.Item{Queue: "triggers", ID: id}),
	}, {
		backend.Put("instance/"+id, record[:300]), backend.Put("enforcement/"+id, record[:300]).If(0),
		backend.Put(place("enforcement.all", ""), nil), backend.Put(place("enforcement.rule", "examples.sample"), nil), backend.Put(place("enforcement.instance", id), nil),
		backend.Put("execution/"+id, record).If(0), backend.Put(place("execution.all", ""), nil), backend.Put(place("execution.status", "running"), nil),
		backend.Put(place("execution.action", "core.noop"), nil), backend.Put(place("execution.runner", "noop"), nil), backend.Put(place("execution.user", "stanley"), nil),
		backend.Put(place("execution.parent", ""), nil), backend.Put(place("execution.rule", "examples.sample"), nil),
		backend.Put(place("execution.trigger", "core.webhook"), nil), backend.Put(place("execution.instance", id), nil),
		backend.Add("count/execution.all", 1), backend.Add("count/execution.status\x00running", 1), backend.Append("changes", []byte("c execution "+id+" running")),
	}, {
		backend.Put("execution/"+id, record), backend.Delete(place("execution.status", "running")), backend.Put(place("execution.status", "succeeded"), nil),
		backend.Add("count/execution.status\x00running", -1), backend.Add("count/execution.status\x00succeeded", 1), backend.Append("changes", []byte("u execution "+id+" succeeded")),
	}}
	for i, ops := range steps {
		if i == 1 {
			ops = append(ops, backend.Ack(<-work))
		}
		if _, err := s.Apply(ctx, backend.Wait, ops...); err != nil {
			return err
		}
	}
	return nil
}

// parallel spreads b.N calls over writers.
func parallel(b *testing.B, writers int, f func(n int64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := f(n); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per_second")
}

// scripts is how many scripts the server has run.
func scripts(b *testing.B, server *redistest.Server) int64 {
	return fact(b, server, "commandstats", "cmdstat_evalsha:calls=")
}

func memoryOf(b *testing.B, server *redistest.Server) int64 {
	return fact(b, server, "memory", "used_memory_dataset:")
}

func fact(b *testing.B, server *redistest.Server, section, name string) int64 {
	text := raw(b, server.Addr).Info(context.Background(), section).Val()
	_, rest, _ := strings.Cut(text, name)
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return 0
	}
	n, _ := strconv.ParseInt(rest[:end], 10, 64)
	return n
}
