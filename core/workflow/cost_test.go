package workflow

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// python is how many seconds orquesta took to parse, compose and conduct (Python 3.11, two cores, best of 3).
var python = []struct {
	file    string
	batch   bool
	seconds float64
}{
	{"seq_10", false, 0.067}, {"seq_100", false, 3.207}, {"seq_300", false, 23.28},
	{"fanout_100", false, 2.746}, {"items_100", false, 11.022}, {"items_1000", true, 5.958},
}

// BenchmarkPerf compares whole runs with orquesta's: the best of them, as there.
func BenchmarkPerf(b *testing.B) {
	for _, p := range python {
		source := perfFile(b, p.file)
		b.Run(p.file, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				began := time.Now()
				if _, err := conduct(source, p.batch, false); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			b.ReportMetric(float64(best.Microseconds())/1000, "best_ms")
			b.ReportMetric(p.seconds/best.Seconds(), "x_python")
		})
	}
}

var shapes = []struct {
	name     string
	workflow func(n int) []byte
}{
	{"sequence", func(n int) []byte { return sequence(n, false) }},
	{"fanout", fanout},
	{"items", func(n int) []byte { return itemsWorkflow(n, "") }},
	{"distinct", func(n int) []byte { return sequence(n, true) }},
	{"items_10_at_once", func(n int) []byte { return itemsWorkflow(n, ", concurrency: 10") }},
}

// BenchmarkTasks tells what one task costs in workflows of 100 to 10,000, without parsing.
func BenchmarkTasks(b *testing.B) {
	for _, shape := range shapes {
		for _, n := range []int{100, 1000, 10000} {
			spec, err := Parse("w.yaml", shape.workflow(n))
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				runtime.GC()
				began := cpuTime(b)
				for b.Loop() {
					c, err := New(spec, Input{}, Env{})
					if err != nil {
						b.Fatal(err)
					}
					if err := (&driver{c: c}).run(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpuTime(b)-began).Nanoseconds())/float64(b.N)/float64(n), "cpu_ns/task")
			})
		}
	}
}

// cpuTime is the processor time used so far, which other work on the machine disturbs less than the clock.
func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Bytes of steps for each task stay within 2.2 times from 100 to 10,000 tasks or items.
func TestStepsStaySmall(t *testing.T) {
	for _, shape := range shapes[:3] {
		few, many := bytesPerTask(t, shape.workflow, 100), bytesPerTask(t, shape.workflow, 10000)
		fmt.Printf("%s: bytes of steps a task: %.0f at 100, %.0f at 10,000 (%.2f x)\n", shape.name, few, many, many/few)
		if many > 2.2*few {
			t.Errorf("%s: %.0f bytes a task at 100, %.0f at 10,000", shape.name, few, many)
		}
	}
}

func bytesPerTask(t *testing.T, workflow func(n int) []byte, n int) float64 {
	t.Helper()
	d, err := conduct(workflow(n), false, true)
	if err != nil {
		t.Fatal(err)
	}
	return float64(d.bytes) / float64(n)
}

// A live conductor of 10,000 items, with a result of 1 KB each, takes less than 100 MB.
func TestManyItemsFitInMemory(t *testing.T) {
	const n = 10000
	spec, err := Parse("w.yaml", itemsWorkflow(n, ""))
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	c, err := New(spec, Input{}, Env{})
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{c: c, result: func(int) any { return strings.Repeat("x", 1000) }}
	if err := d.run(); err != nil {
		t.Fatal(err)
	}
	used := heap() - before
	raw, err := json.Marshal(c.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d items of 1 KB: %d MB alive, %d MB as a snapshot\n", n, used>>20, len(raw)>>20)
	if used > 100<<20 {
		t.Errorf("%d MB alive", used>>20)
	}
	runtime.KeepAlive(c)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
