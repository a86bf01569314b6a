package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What is asked of workflows, whose actions do nothing.
const (
	barTasks = 10_000 // of the workflows that are held to it

	timeBar      = 1.3   // per task, from 100 tasks to the most
	bytesBar     = 2.2   // the same
	memoryBar    = 200e6 // bytes at most, of a server that ran the most items
	workflowsBar = 300   // a second, of 10 tasks in a row, at 16 clients
	temporals    = 5.5   // what Temporal's dev server was found to do of these a second
)

// workflows measures whole workflows, from the request to the end, on the local store.
func (b *bench) workflows() error {
	most := b.mostTasks()
	var all []workflow
	for _, n := range []int{10, 100, 1000, barTasks} {
		all = append(all, workflow{sequence, n})
	}
	all = append(all, workflow{fanOut, 100})
	for _, n := range []int{100, 1000, barTasks} {
		all = append(all, workflow{withItems, n})
	}
	all = slices.DeleteFunc(all, func(w workflow) bool { return w.n > most })
	config, err := b.writePack(all)
	if err != nil {
		return err
	}
	if err := b.eachWorkflow(config, all); err != nil {
		return err
	}
	return b.manyWorkflows(config, workflow{sequence, 10})
}

func (b *bench) mostTasks() int {
	if b.quick {
		return cmp.Or(b.tasks, 1000)
	}
	return cmp.Or(b.tasks, barTasks)
}

// eachWorkflow measures them one by one, each on a server of its own.
func (b *bench) eachWorkflow(config string, all []workflow) error {
	t := newTable("workflows: one at a time, every action core.noop", "workflow", "tasks", "time", "per task", "to 100", "bar",
		"stored per task", "to 100", "bar", "Applies", "conflicts", "bar", "CPU", "memory", "peak", "bar")
	base := map[string]workflowCosts{}
	for _, w := range all {
		c, err := b.workflowAlone(config, w)
		if err != nil {
			return fmt.Errorf("%s of %d: %w", w.name, w.n, err)
		}
		if w.n == 100 {
			base[w.name] = c
		}
		t.row(c.cells(w, base[w.name])...)
	}
	t.remark("Time: from the request to the end on the event stream, the median where there are several; it covers reading and inspecting the workflow.")
	t.remark("The first run on a server is left out, but of the largest. Stored: bytes given to the store, per task or item, with the child's execution.")
	t.remark("Memory: of a server that ran only this, at the end and at most. The conductor alone, beside Python's: go test -run '^$' -bench . ./core/workflow")
	t.print(b.out)
	return nil
}

// workflowCosts are per task or item where nothing else is said.
type workflowCosts struct {
	took                time.Duration // of the whole workflow
	each                time.Duration
	bytes, applies, cpu float64
	conflicts           float64
	memory, peak        float64 // bytes, of the server
}

func (c workflowCosts) cells(w workflow, base workflowCosts) []string {
	ratio, grown, timeVerdict, bytesVerdict, memoryVerdict := "", "", "", "", ""
	if base.each > 0 && w.n > 100 {
		byTime, byBytes := float64(c.each)/float64(base.each), c.bytes/base.bytes
		ratio, grown = times(byTime), times(byBytes)
		if w.n == barTasks {
			timeVerdict = verdict(byTime <= timeBar, fmt.Sprintf("<= %gx", timeBar))
			bytesVerdict = verdict(byBytes <= bytesBar, fmt.Sprintf("<= %gx", bytesBar))
		}
	}
	if w.n == barTasks && w.name == withItems.name {
		memoryVerdict = verdict(c.peak < memoryBar, "< "+megabytes(memoryBar))
	}
	return []string{
		w.name, fmt.Sprint(w.children()), millis(c.took), micros(c.each.Seconds()), ratio, timeVerdict,
		fmt.Sprintf("%.0f B", c.bytes), grown, bytesVerdict, fmt.Sprintf("%.2f", c.applies),
		fmt.Sprintf("%.4f", c.conflicts), verdict(c.conflicts == 0, "none"), micros(c.cpu), megabytes(c.memory), megabytes(c.peak), memoryVerdict,
	}
}

// tasksTogether is how many tasks the runs of a small workflow have together.
const tasksTogether = 2000

// workflowAlone runs a workflow as often as makes sense, one run after the other.
func (b *bench) workflowAlone(config string, w workflow) (c workflowCosts, err error) {
	s, err := b.serve(filepath.Join(b.dir, "workflow-"+w.action()), "--config", config)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	runs := b.few(tasksTogether / w.n)
	if w.n < tasksTogether {
		if _, err := s.workflow(w); err != nil { // what comes first is read, inspected and allocated for
			return c, err
		}
	}
	before, err := s.figures()
	if err != nil {
		return c, err
	}
	var took []time.Duration
	for range max(1, runs) {
		d, err := s.workflow(w)
		if err != nil {
			return c, err
		}
		took = append(took, d)
	}
	after, err := s.figures()
	if err != nil {
		return c, err
	}
	tasks := len(took) * w.children()
	c = workflowCosts{
		took: median(took), each: median(took) / time.Duration(w.children()),
		bytes: after.each(before, metricBytes, tasks), applies: after.each(before, metricApplies, tasks), cpu: after.each(before, metricCPU, tasks),
		conflicts: after.each(before, metricConflicts, tasks),
	}
	if c.memory, err = s.memory(); err != nil {
		return c, err
	}
	c.peak, err = s.peak()
	return c, err
}

// workflow runs a workflow and returns how long that took.
func (s *server) workflow(w workflow) (time.Duration, error) {
	began := time.Now()
	var x struct {
		ID string `json:"id"`
	}
	if err := s.call(http.MethodPost, "/api/v1/executions", map[string]any{"action": "bench." + w.action()}, &x); err != nil {
		return 0, err
	}
	last, err := s.end(x.ID)
	took := time.Since(began)
	if err != nil || !strings.Contains(last, `"status":"succeeded"`) {
		return took, errors.Join(err, fmt.Errorf("it did not succeed: %.2000s", last))
	}
	return took, nil
}

// end waits for the end of an execution and returns the last that the stream told of it.
func (s *server) end(id string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, s.url+"/stream/v1/stream?events=st2.execution__update&execution_ids="+id+"&end_execution_id="+id, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Auth-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", errors.Join(err, fmt.Errorf("the event stream: %s", resp.Status))
	}
	said := string(raw)
	return said[max(0, strings.LastIndex(said, "data: ")):], nil
}

const workflowClients = 16

// manyWorkflows measures how many workflows of a kind are done a second.
func (b *bench) manyWorkflows(config string, w workflow) (err error) {
	s, err := b.serve(filepath.Join(b.dir, "workflows-many"), "--config", config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	n := b.few(1500)
	var rates []float64
	var before, after figures
	for range b.rounds() {
		if before, err = s.figures(); err != nil {
			return err
		}
		r, err := rate(workflowClients, n, func() error {
			_, err := s.workflow(w)
			return err
		})
		if err != nil {
			return err
		}
		rates = append(rates, r)
		if after, err = s.figures(); err != nil {
			return err
		}
	}
	t := newTable(fmt.Sprintf("workflows: %d tasks in a row, %d clients that each wait for the end", w.n, workflowClients),
		"rate", "bar", "to Temporal's dev server", "Applies", "waits", "conflicts", "bar", "bytes", "reads", "CPU")
	r := median(rates)
	conflicts := after.each(before, metricConflicts, n)
	t.row(perSecond(r), atLeast(r, workflowsBar, "/s"), times(r/temporals), fmt.Sprintf("%.2f", after.each(before, metricApplies, n)),
		fmt.Sprintf("%.2f", after.each(before, metricWaits, n)), fmt.Sprintf("%.4f", conflicts), verdict(conflicts == 0, "none"), fmt.Sprintf("%.0f", after.each(before, metricBytes, n)),
		fmt.Sprintf("%.1f", after.each(before, metricReads, n)), micros(after.each(before, metricCPU, n)))
	t.remark("Median of %d; costs per workflow. Temporal: %g/s, recorded on another day on two such cores.", b.rounds(), temporals)
	t.print(b.out)
	return nil
}
