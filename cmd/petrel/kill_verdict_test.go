package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
)

func isFinal(status string) bool { return core.Status(status).Final() }

// told is what the API says of an execution.
type told struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Context struct {
		Rule            struct{ Name string } `json:"rule"`
		TriggerInstance struct{ ID string }   `json:"trigger_instance"`
	} `json:"context"`
	Log []struct {
		Timestamp time.Time
		Status    string
	} `json:"log"`
}

// toldInstance is what the API says of a trigger instance.
type toldInstance struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Payload struct {
		Body struct{ Number int } `json:"body"`
	} `json:"payload"`
}

// verdict counts what should not be.
type verdict struct {
	lost, doubled, stuck, left int
	succeeded, abandoned       int
}

// verdict compares the ledger with the API, with what actions left in the file, and with
// the processes of the machine.
func (k *killing) verdict() *verdict {
	v := &verdict{}
	instances := pages[toldInstance](k.server, "/api/v1/triggerinstances?")
	executions := pages[told](k.server, "/api/v1/executions?include_attributes=status,context,log")
	byInstance := map[string][]told{}
	for _, x := range executions {
		byInstance[x.Context.TriggerInstance.ID] = append(byInstance[x.Context.TriggerInstance.ID], x)
		k.judgeEnd(v, x)
	}
	byNumber := map[int][]toldInstance{}
	for _, i := range instances {
		byNumber[i.Payload.Body.Number] = append(byNumber[i.Payload.Body.Number], i)
	}
	runs := k.runs()
	for n := 1; n <= k.ledger.next; n++ {
		k.judge(v, n, byNumber[n], byInstance, runs[n])
	}
	k.judgeProcesses(v, executions)
	return v
}

// pages reads a whole list.
func pages[T any](p *serverProcess, path string) []T {
	const limit = 5000
	var all []T
	for {
		var page []T
		p.call(http.MethodGet, fmt.Sprintf("%s&sort_asc=true&limit=%d&offset=%d", path, limit, len(all)), nil, &page)
		all = append(all, page...)
		if len(page) < limit {
			return all
		}
	}
}

// runs counts how often each number's command ran.
func (k *killing) runs() map[int]int {
	raw, err := os.ReadFile(k.files)
	if err != nil {
		k.t.Fatal(err)
	}
	counts := map[int]int{}
	for line := range strings.Lines(string(raw)) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			k.t.Errorf("an action left %q", line)
		}
		counts[n]++
	}
	return counts
}

// judge looks for what became of one event.
func (k *killing) judge(v *verdict, n int, instances []toldInstance, byInstance map[string][]told, runs int) {
	acked := k.ledger.acked[n]
	switch {
	case len(instances) > 1 || runs > 1:
		k.wrong(&v.doubled, "event %d: %d trigger instances, its command ran %d times", n, len(instances), runs)
		return
	case len(instances) == 0:
		if acked || runs > 0 {
			k.wrong(&v.lost, "event %d was acknowledged (%v), ran %d times and has no trigger instance", n, acked, runs)
		}
		return
	}
	i := instances[0]
	if i.Status != string(core.InstanceProcessed) {
		k.wrong(&v.stuck, "event %d: trigger instance %s is %s", n, i.ID, i.Status)
	}
	rules := []string{"counts", "nothing"}
	if sleeping(n) {
		rules = []string{"sleeps"}
	}
	for _, rule := range rules {
		k.judgeRule(v, n, rule, byInstance[i.ID], runs)
	}
}

// judgeRule looks at the executions that one rule asked for because of one event.
func (k *killing) judgeRule(v *verdict, n int, rule string, all []told, runs int) {
	var mine []told
	for _, x := range all {
		if x.Context.Rule.Name == rule {
			mine = append(mine, x)
		}
	}
	switch {
	case len(mine) == 0:
		k.wrong(&v.lost, "event %d: rule %s has no execution", n, rule)
	case len(mine) > 1:
		k.wrong(&v.doubled, "event %d: rule %s has %d executions", n, rule, len(mine))
	case mine[0].Status == string(core.Succeeded) && runs == 0 && rule != "nothing":
		k.wrong(&v.lost, "event %d: execution %s of rule %s succeeded and its command did not run", n, mine[0].ID, rule)
	}
}

// judgeEnd looks at how an execution ended: it succeeded, or a kill hit it while it ran.
func (k *killing) judgeEnd(v *verdict, x told) {
	switch {
	case x.Status == string(core.Succeeded):
		v.succeeded++
	case x.Status == string(core.Abandoned):
		v.abandoned++
		if !k.killedDuring(x) {
			k.wrong(&v.lost, "execution %s was abandoned, and no kill hit it while it ran: %v", x.ID, x.Log)
		}
	case !isFinal(x.Status):
		k.wrong(&v.stuck, "execution %s is %s", x.ID, x.Status)
	default:
		k.wrong(&v.lost, "execution %s ended as %s", x.ID, x.Status)
	}
}

func (k *killing) killedDuring(x told) bool {
	var began, ended time.Time
	for _, l := range x.Log {
		switch l.Status {
		case string(core.Running):
			began = l.Timestamp
		case string(core.Abandoned):
			ended = l.Timestamp
		}
	}
	for _, at := range k.kills {
		if !began.IsZero() && began.Before(at) && at.Before(ended) {
			return true
		}
	}
	return false
}

// judgeProcesses looks for processes that carry the mark of an execution.
func (k *killing) judgeProcesses(v *verdict, executions []told) {
	marks := map[string]bool{}
	for _, x := range executions {
		marks[execution.MarkVariable+"="+x.ID] = true
	}
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		k.t.Fatal(err)
	}
	for _, path := range environs {
		environ, err := os.ReadFile(path)
		if err != nil {
			continue // gone, or somebody else's
		}
		for entry := range bytes.SplitSeq(environ, []byte{0}) {
			if marks[string(entry)] {
				k.wrong(&v.left, "%s carries %s", path, entry)
			}
		}
	}
}

// wrong counts and tells of what should not be.
func (k *killing) wrong(counter *int, format string, args ...any) {
	k.t.Helper()
	if *counter++; *counter <= 10 {
		k.t.Errorf(format, args...)
	}
}
