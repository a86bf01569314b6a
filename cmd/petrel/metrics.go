package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

// metrics reads its figures when asked, so that counting costs an event nothing.
type metrics struct {
	registry *prometheus.Registry
	store    *store.Store
	engine   *execution.Engine
}

var (
	descExecutions = prometheus.NewDesc("petrel_executions", "Executions stored, by status.", []string{"status"}, nil)
	descRunning    = prometheus.NewDesc("petrel_running_actions", "Actions this server carries out now.", nil, nil)
	descApplies    = prometheus.NewDesc("petrel_store_applies_total", "Commits asked of the store.", nil, nil)
	descWaits      = prometheus.NewDesc("petrel_store_waits_total", "Commits that waited for the disk.", nil, nil)
	descConflicts  = prometheus.NewDesc("petrel_store_conflicts_total", "Commits that were refused because a document had changed meanwhile, and were tried again.", nil, nil)
	descBytes      = prometheus.NewDesc("petrel_store_written_bytes_total", "Bytes of keys and values given to the store.", nil, nil)
	descReads      = prometheus.NewDesc("petrel_store_reads_total", "Documents and entries read from the store, from memory or disk.", nil, nil)
)

func newMetrics(s *store.Store, e *execution.Engine) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), store: s, engine: e}
	m.registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	for _, s := range core.Statuses {
		n, err := m.store.Executions().Count(context.Background(), store.Is{Index: store.ByStatus, Value: string(s)})
		if err != nil {
			ch <- prometheus.NewInvalidMetric(descExecutions, err)
			continue
		}
		ch <- prometheus.MustNewConstMetric(descExecutions, prometheus.GaugeValue, float64(n), string(s))
	}
	st := m.store.Stats()
	ch <- prometheus.MustNewConstMetric(descRunning, prometheus.GaugeValue, float64(m.engine.Active()))
	ch <- prometheus.MustNewConstMetric(descApplies, prometheus.CounterValue, float64(st.Applies))
	ch <- prometheus.MustNewConstMetric(descWaits, prometheus.CounterValue, float64(st.Waits))
	ch <- prometheus.MustNewConstMetric(descConflicts, prometheus.CounterValue, float64(st.Conflicts))
	ch <- prometheus.MustNewConstMetric(descBytes, prometheus.CounterValue, float64(st.Bytes))
	ch <- prometheus.MustNewConstMetric(descReads, prometheus.CounterValue, float64(st.Reads))
}
