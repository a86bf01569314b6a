package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

var clientCounts = []int{1, 16, 64}

// raw measures what the machine gives at most.
func (b *bench) raw() error {
	t := newTable("raw: what this machine gives", "at once", "fork+exec /bin/true", "append 1 KB, group-committed, fsynced")
	for _, clients := range clientCounts {
		execs, err := rate(clients, b.few(2000), binTrue)
		if err != nil {
			return err
		}
		j, err := openJournal(filepath.Join(b.dir, "journal"))
		if err != nil {
			return err
		}
		record := make([]byte, recordSize)
		appends, err := rate(clients, b.few(1000)*clients, func() error { return j.append(record) })
		if err != nil {
			return err
		}
		if err := j.close(); err != nil {
			return err
		}
		t.row(fmt.Sprint(clients), perSecond(execs), perSecond(appends))
	}
	t.print(b.out)
	return nil
}

// rate calls f n times from so many goroutines and returns the calls per second.
func rate(goroutines, n int, f func() error) (float64, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, goroutines)
	began := time.Now()
	for range goroutines {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				if err := f(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return float64(n) / time.Since(began).Seconds(), <-errs
}

// contest is Petrel and the yardstick doing the same thing.
type contest struct {
	hook       string
	action     string
	parameters map[string]any
	yardstick  func() error
	events     map[int]int // posted in one run, by the number of clients
	bar        func(clients int, ratio, rate float64) string
}

func noopContest() contest {
	return contest{
		hook: "bench-noop", action: "core.noop", yardstick: nothing,
		events: map[int]int{1: 1000, 16: 6000, 64: 10000},
		bar: func(clients int, ratio, rate float64) string {
			if clients < 64 {
				return ""
			}
			return atLeast(ratio, 0.2, "x") + fmt.Sprintf(" (aim %s, %s)", atLeast(ratio, 0.35, "x"), atLeast(rate, 4000, "/s"))
		},
	}
}

func execContest() contest {
	return contest{
		hook: "bench-true", action: "core.local", parameters: map[string]any{"cmd": "true"}, yardstick: binTrue,
		events: map[int]int{1: 300, 16: 1500, 64: 2500},
		bar:    func(_ int, ratio, _ float64) string { return atLeast(ratio, 0.8, "x") },
	}
}

func (b *bench) noop() error {
	return b.contest("noop: webhook -> rule -> core.noop, finished", noopContest())
}

func (b *bench) exec() error {
	t := newTable("exec: what starting a program costs here, one after the other", "program", "each")
	for _, argv := range [][]string{{"/bin/true"}, {"/bin/sh", "-c", "true"}, {"/bin/bash", "-c", "true"}} {
		r, err := rate(1, b.few(500), func() error { return exec.Command(argv[0], argv[1:]...).Run() })
		if err != nil {
			return err
		}
		t.row(fmt.Sprint(argv), millis(time.Duration(float64(time.Second)/r)))
	}
	t.print(b.out)
	return b.contest("exec: webhook -> rule -> core.local true, finished", execContest())
}

// contest runs both in turn and prints the medians.
func (b *bench) contest(title string, c contest) error {
	y, err := startYardstick(filepath.Join(b.dir, c.hook+".journal"), c.yardstick)
	if err != nil {
		return err
	}
	s, err := b.serve(filepath.Join(b.dir, c.hook))
	if err != nil {
		return err
	}
	if err := s.rule(c.hook, c.action, c.parameters); err != nil {
		return err
	}
	t := newTable(title, "clients", "yardstick", "Petrel", "ratio", "bar", "Applies", "waits", "bytes", "reads", "CPU")
	for _, clients := range clientCounts {
		if err := b.contestAt(t, y, s, c, clients); err != nil {
			return err
		}
	}
	t.remark("Petrel: n events posted by clients that wait for each 202, until the last execution is finished (/metrics).")
	t.remark("Yardstick: each answer comes after its action and both fsyncs. Medians of %d interleaved pairs; costs per event.", b.rounds())
	t.print(b.out)
	if err := y.close(); err != nil {
		return err
	}
	return s.stop()
}

func (b *bench) contestAt(t *table, y *yardstick, s *server, c contest, clients int) error {
	n := b.few(c.events[clients])
	var theirs, ours, ratios []float64
	var last costs
	for range b.rounds() {
		began := time.Now()
		if _, err := load(y.target(), clients, n); err != nil {
			return fmt.Errorf("yardstick: %w", err)
		}
		bare := float64(n) / time.Since(began).Seconds()
		cost, err := s.run(s.hook(c.hook), clients, n)
		if err != nil {
			return err
		}
		theirs, ours, ratios = append(theirs, bare), append(ours, cost.rate), append(ratios, cost.rate/bare)
		last = cost
	}
	ratio, own := median(ratios), median(ours)
	t.row(fmt.Sprint(clients), perSecond(median(theirs)), perSecond(own), times(ratio), c.bar(clients, ratio, own),
		fmt.Sprintf("%.2f", last.applies), fmt.Sprintf("%.2f", last.waits), fmt.Sprintf("%.0f", last.bytes),
		fmt.Sprintf("%.1f", last.reads), micros(last.cpu))
	return nil
}
