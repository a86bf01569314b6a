package main

import (
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"time"
)

// million measures a server with a million executions beside an empty one.
func (b *bench) million() error {
	full, err := b.fullServer()
	if err != nil {
		return err
	}
	empty, err := b.serve(filepath.Join(b.dir, "empty"))
	if err != nil {
		return err
	}
	if err := empty.rule("bench-noop", "core.noop", nil); err != nil {
		return err
	}
	if err := b.lists(full); err != nil {
		return err
	}
	if err := b.pairs(empty, full); err != nil {
		return err
	}
	if err := empty.stop(); err != nil {
		return err
	}
	return b.fullStarts(full)
}

// fullServer starts a server on a store filled for it, or kept from an earlier run.
func (b *bench) fullServer() (*server, error) {
	dir := filepath.Join(b.dir, "full")
	if b.keep != "" {
		dir = b.keep
	}
	s, err := b.serve(dir)
	if err != nil {
		return nil, err
	}
	have, err := s.figures()
	if err != nil || have[metricSucceeded] >= float64(b.stored) {
		return s, err
	}
	if err := b.fillServer(s); err != nil {
		return nil, err
	}
	return b.serve(dir)
}

// fillServer stops a server on an empty store and fills the store.
func (b *bench) fillServer(s *server) error {
	if err := s.rule("bench-noop", "core.noop", nil); err != nil {
		return err
	}
	if _, err := s.run(s.hook("bench-noop"), 1, 1); err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	began := time.Now()
	if err := fill(filepath.Join(s.dir, "store"), b.stored); err != nil {
		return err
	}
	took := time.Since(began)
	size, err := s.size()
	if err != nil {
		return err
	}
	each := size / float64(b.stored)
	t := newTable(fmt.Sprintf("million: a store of %d events (instance, enforcement, execution)", b.stored), "what", "measured", "bar")
	t.row("filled in", took.Round(100*time.Millisecond).String(), "")
	t.row("stored per event", fmt.Sprintf("%.0f B", each), verdict(each <= 2048, "<= 2048 B"))
	t.print(b.out)
	return nil
}

// lists measures the newest executions and a few other first pages.
func (b *bench) lists(s *server) error {
	t := newTable(fmt.Sprintf("lists, with %d stored", b.stored), "GET", "p50", "p99", "bar")
	for i, path := range []string{
		"/api/v1/executions?limit=50",
		"/api/v1/executions?limit=50&status=succeeded",
		"/api/v1/executions?limit=50&action=core.noop&status=succeeded",
		"/api/v1/triggerinstances?limit=50",
		"/api/v1/ruleenforcements?limit=50",
	} {
		n := b.few(200)
		if i == 2 {
			n = 3 // it counts what two indexes have in common
		}
		var took []time.Duration
		for range n {
			began := time.Now()
			if err := s.call(http.MethodGet, path, nil, nil); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		bar := ""
		if i == 0 {
			bar = under(median(took), 5*time.Millisecond)
		}
		t.row(path, millis(median(took)), millis(percentile(took, 99)), bar)
	}
	t.print(b.out)
	return nil
}

// pairs compares the rate of events on the full store and on the empty one.
func (b *bench) pairs(empty, full *server) error {
	n := b.few(8000)
	t := newTable(fmt.Sprintf("pairs: %d events at 64 clients, on an empty store and with %d stored", n, b.stored),
		"pair", "empty", "full", "ratio", "bar")
	var ratios []float64
	var a, z costs
	for i := range b.rounds() {
		var err error
		if a, err = empty.run(empty.hook("bench-noop"), 64, n); err != nil {
			return err
		}
		if z, err = full.run(full.hook("bench-noop"), 64, n); err != nil {
			return err
		}
		ratios = append(ratios, z.rate/a.rate)
		t.row(fmt.Sprint(i+1), perSecond(a.rate), perSecond(z.rate), times(z.rate/a.rate), "")
	}
	low, high := spread(ratios)
	t.row("median", "", "", times(median(ratios)), atLeast(median(ratios), 0.9, "x"))
	t.remark("Spread of the ratios: %s to %s.", times(low), times(high))
	t.print(b.out)
	b.compareCosts(a, z)
	return nil
}

// compareCosts prints what the last pair cost per event.
func (b *bench) compareCosts(empty, full costs) {
	t := newTable("costs per event in the last pair", "what", "empty", "full", "difference", "bar")
	for _, c := range []struct {
		what string
		a, z float64
	}{
		{"Applies", empty.applies, full.applies},
		{"waits", empty.waits, full.waits},
		{"bytes given to the store", empty.bytes, full.bytes},
		{"reads", empty.reads, full.reads},
	} {
		d := math.Abs(c.z-c.a) / max(c.a, 1e-9)
		t.row(c.what, fmt.Sprintf("%.2f", c.a), fmt.Sprintf("%.2f", c.z), fmt.Sprintf("%.1f %%", d*100), verdict(d <= 0.05, "<= 5 %"))
	}
	t.remark("Applies and waits depend on how many events share one, and so on the moment.")
	t.print(b.out)
}

func (b *bench) fullStarts(s *server) error {
	t := newTable(fmt.Sprintf("start, with %d stored", b.stored), "what", "measured", "bar")
	work := func(s *server) error {
		_, err := s.run(s.hook("bench-noop"), 64, b.few(2000))
		return err
	}
	clean, crashed, s, err := b.restarts(s, work)
	if err != nil {
		return err
	}
	t.starts(clean, crashed)
	if err := s.weigh(t, "idle, after the start"); err != nil {
		return err
	}
	if err := work(s); err != nil {
		return err
	}
	if err := s.weigh(t, "after some work"); err != nil {
		return err
	}
	t.print(b.out)
	return s.stop()
}
