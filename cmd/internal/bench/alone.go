package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/valyala/fasthttp"
)

// alone measures single events: one client that waits for each to be finished.
func (b *bench) alone() error {
	t := newTable("alone: one event at a time, until it is finished", "action",
		"yardstick p50", "p99", "Petrel 202 p50", "finished p50", "p99", "ratio of p50", "bar")
	for _, c := range []contest{noopContest(), execContest()} {
		if err := b.aloneWith(t, c); err != nil {
			return err
		}
	}
	t.remark("Petrel: from the POST to the finished execution on the event stream, which shows only what is on disk.")
	t.remark("Yardstick: from the POST to the answer, which comes after the action and the second fsync.")
	t.print(b.out)
	return nil
}

func (b *bench) aloneWith(t *table, c contest) error {
	y, err := startYardstick(filepath.Join(b.dir, "alone-"+c.hook+".journal"), c.yardstick)
	if err != nil {
		return err
	}
	s, err := b.serve(filepath.Join(b.dir, "alone-"+c.hook))
	if err != nil {
		return err
	}
	if err := s.rule(c.hook, c.action, c.parameters); err != nil {
		return err
	}
	var bare, accepted, finished []time.Duration
	for range b.rounds() {
		took, err := load(y.target(), 1, b.few(200))
		if err != nil {
			return err
		}
		bare = append(bare, took...)
		a, f, err := s.single(c.hook, b.few(200))
		if err != nil {
			return err
		}
		accepted, finished = append(accepted, a...), append(finished, f...)
	}
	ratio := float64(median(finished)) / float64(median(bare))
	bar := ""
	if c.action == "core.local" {
		bar = verdict(ratio < 2, "< 2x")
	}
	t.row(c.action, millis(median(bare)), millis(percentile(bare, 99)), millis(median(accepted)),
		millis(median(finished)), millis(percentile(finished, 99)), times(ratio), bar)
	return errors.Join(y.close(), s.stop())
}

// single posts events one by one, each after the one before is finished. It returns how
// long each took to be accepted and to be finished.
func (s *server) single(hook string, n int) (accepted, finished []time.Duration, err error) {
	ends, err := s.follow()
	if err != nil {
		return nil, nil, err
	}
	defer ends.stop()
	t := s.hook(hook)
	req, resp := t.request(), fasthttp.AcquireResponse()
	client := &fasthttp.HostClient{Addr: t.addr, MaxConns: 1}
	for i := range n {
		req.SetBodyRaw(event(nil, i))
		began := time.Now()
		if err := client.Do(req, resp); err != nil {
			return nil, nil, err
		}
		accepted = append(accepted, time.Since(began))
		if resp.StatusCode() != t.ok {
			return nil, nil, fmt.Errorf("POST %s: status %d: %s", t.path, resp.StatusCode(), resp.Body())
		}
		if err := ends.wait(); err != nil {
			return nil, nil, err
		}
		finished = append(finished, time.Since(began))
	}
	return accepted, finished, nil
}

// wait returns when the next execution is finished.
func (f *stream) wait() error {
	select {
	case _, ok := <-f.finished:
		if !ok {
			return errors.New("the event stream ended")
		}
		return nil
	case <-time.After(time.Minute):
		return errors.New("the event stream told of no finished execution for a minute")
	}
}
