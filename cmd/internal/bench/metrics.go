package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// figures are the server's metrics by name, with labels as they stand there.
type figures map[string]float64

const (
	metricSucceeded = `petrel_executions{status="succeeded"}`
	metricFailed    = `petrel_executions{status="failed"}`
	metricApplies   = "petrel_store_applies_total"
	metricWaits     = "petrel_store_waits_total"
	metricConflicts = "petrel_store_conflicts_total"
	metricBytes     = "petrel_store_written_bytes_total"
	metricReads     = "petrel_store_reads_total"
	metricCPU       = "process_cpu_seconds_total"
)

// figures asks the server for its metrics. Each count of executions is a read, which is
// taken off again.
func (s *server) figures() (figures, error) {
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET /metrics: %s", resp.Status)
	}
	fs := figures{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if ok && name != "#" {
			fs[name], _ = strconv.ParseFloat(value, 64)
		}
		if strings.HasPrefix(name, "petrel_executions{") {
			s.own++
		}
	}
	fs[metricReads] -= s.own
	return fs, lines.Err()
}

// each is the growth of a figure per event.
func (f figures) each(before figures, name string, n int) float64 {
	return (f[name] - before[name]) / float64(n)
}

// Once all is accepted the server is asked how far it is: often near the end, else
// seldom, since asking costs it something too.
const (
	pollFast = 4 * time.Millisecond
	pollSlow = 100 * time.Millisecond
)

// await returns once n executions more than before have succeeded.
func (s *server) await(before figures, began time.Time, n int) (figures, error) {
	for time.Since(began) < 10*time.Minute {
		now, err := s.figures()
		done := now[metricSucceeded] - before[metricSucceeded]
		switch {
		case err != nil:
			return nil, err
		case now[metricFailed] > before[metricFailed]:
			return nil, errors.New("executions failed; see the server's log")
		case done >= float64(n):
			return now, nil
		}
		left := time.Duration(float64(time.Since(began)) * (float64(n) - done) / max(done, 1))
		time.Sleep(min(max(left/4, pollFast), pollSlow))
	}
	return nil, fmt.Errorf("%d executions did not finish within ten minutes", n)
}

// costs are what events cost the store, per event.
type costs struct{ rate, applies, waits, bytes, reads, cpu float64 }

// run posts n events and returns once the last execution is finished.
func (s *server) run(t target, clients, n int) (costs, error) {
	before, err := s.figures()
	if err != nil {
		return costs{}, err
	}
	began := time.Now()
	if _, err := load(t, clients, n); err != nil {
		return costs{}, err
	}
	after, err := s.await(before, began, n)
	if err != nil {
		return costs{}, err
	}
	return costs{
		rate:    float64(n) / time.Since(began).Seconds(),
		applies: after.each(before, metricApplies, n),
		waits:   after.each(before, metricWaits, n),
		bytes:   after.each(before, metricBytes, n),
		reads:   after.each(before, metricReads, n),
		cpu:     after.each(before, metricCPU, n),
	}, nil
}
