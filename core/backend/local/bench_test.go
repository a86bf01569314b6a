package local_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
)

// BenchmarkApply is the durable transaction of an event: four new documents of 250
// bytes or of 1 KB, each guarded, and one fsync shared with whoever waits as well.
func BenchmarkApply(b *testing.B) {
	for _, size := range []int{250, 1000} {
		for _, writers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("4x%dB/writers=%d", size, writers), func(b *testing.B) {
				s := open(b, b.TempDir(), local.Options{})
				value := bytes.Repeat([]byte(`{"a":1},`), size/8)
				parallel(b, writers, func(n int64) error {
					_, err := s.Apply(b.Context(), backend.Wait,
						backend.Put(fmt.Sprintf("execution/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("execution_start/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("trigger_instance/%024x", n), value).If(0),
						backend.Put(fmt.Sprintf("enforcement/%024x", n), value).If(0))
					return err
				})
			})
		}
	}
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "applies/s")
}

// BenchmarkPullAck is one item through a queue: pushed and acked Relaxed, up to 64 at a time.
func BenchmarkPullAck(b *testing.B) {
	s := open(b, b.TempDir(), local.Options{})
	for n := 0; n < b.N; {
		var ops []backend.Op
		for ; len(ops) < 64 && n < b.N; n++ {
			ops = append(ops, backend.Push(backend.Item{Queue: "q", ID: fmt.Sprintf("%024x", n), Body: []byte(`{"execution":1}`)}))
		}
		if _, err := s.Apply(b.Context(), backend.Relaxed, ops...); err != nil {
			b.Fatal(err)
		}
		ds, err := s.Pull(b.Context(), "q", 64)
		if err != nil {
			b.Fatal(err)
		}
		ops = ops[:0]
		for _, d := range ds {
			ops = append(ops, backend.Ack(d))
		}
		if _, err := s.Apply(b.Context(), backend.Relaxed, ops...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkGet reads documents that have left the memtable.
func BenchmarkGet(b *testing.B) {
	s := filled(b, b.TempDir(), 100_000)
	b.ResetTimer()
	for n := range b.N {
		if _, err := s.Get(b.Context(), fmt.Sprintf("execution/%024x", n%100_000)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens a store of 100,000 documents of 1 KB and as many queued items.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	filled(b, dir, 100_000).Close()
	var size int64
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		if i, err := os.Stat(f); err == nil {
			size += i.Size()
		}
	}
	b.ResetTimer()
	for range b.N {
		open(b, dir, local.Options{}).Close()
	}
	b.ReportMetric(float64(size)/1e6, "MB")
}

func filled(b *testing.B, dir string, n int) *local.Store {
	s := open(b, dir, local.Options{})
	value := bytes.Repeat([]byte(`{"a":1},`), 125)
	for i := 0; i < n; {
		var ops []backend.Op
		for range 100 {
			id := fmt.Sprintf("%024x", i)
			ops = append(ops, backend.Put("execution/"+id, value), backend.Push(backend.Item{Queue: "q", ID: id}))
			i++
		}
		if _, err := s.Apply(b.Context(), backend.Relaxed, ops...); err != nil {
			b.Fatal(err)
		}
	}
	return s
}
