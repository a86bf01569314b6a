package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

const (
	flowsInFlight = 30 // workflows that run when a life's end is chosen
	flowsAtKill   = 22 // and that do at least when the kill comes
	flowsSettle   = 90 * time.Second
)

// flowKinds are the workflows of testdata/flows, by name, with how many lines each leaves
// in the file when it succeeds.
var flowKinds = map[string]int{"sequence": 4, "fan": 4, "items": 6, "retries": 3, "circle": 3, "outer": 2, "slow": 2, "asks": 2}

// TestWorkflowKill kills the real server at random moments while many workflows run, on
// both stores. In the end every workflow has reached its expected end, or has failed at a
// task whose action ran when a server was killed; none is stuck, and no attempt of a task
// has run twice. PETREL_KILL_N sets the number of kills.
func TestWorkflowKill(t *testing.T) {
	for _, store := range []string{"local", "redis"} {
		t.Run(store, func(t *testing.T) { killUnderFlows(t, store) })
	}
}

func killUnderFlows(t *testing.T, store string) {
	kills := killsOr(2)
	seed := rand.Uint64()
	fmt.Printf("flow-kill-test: %s, seed %d\n", store, seed)
	f := newFlows(t, store, rand.New(rand.NewPCG(seed, 0)))
	began := time.Now()
	for range kills {
		f.life()
		if t.Failed() {
			t.FailNow()
		}
	}
	settled := f.settle()
	f.judge()
	fmt.Printf("flow-kill-test: %s: %d kills in %.0f s, at least %d workflows in flight at each; %d workflows: %d succeeded, %d abandoned at a task; none stuck %.1f s after the last kill\n",
		store, kills, time.Since(began).Seconds(), f.fewest, len(f.roots()), f.succeeded, f.abandoned, settled.Seconds())
}

// flows is a run of the test.
type flows struct {
	*killing
	store                string
	started              int
	succeeded, abandoned int
	lastKill             time.Time
}

func newFlows(t *testing.T, store string, rng *rand.Rand) *flows {
	dir := t.TempDir()
	f := &flows{killing: &killing{
		t: t, rng: rng, binary: buildServer(t), ledger: newLedger(),
		data: filepath.Join(dir, "data"), files: filepath.Join(dir, "lines"), fewest: 1 << 30,
	}}
	if store == "redis" {
		f.store = redistest.Start(t).URL()
	}
	f.config(dir)
	f.start()
	f.token = f.server.login()
	f.server.token = f.token
	return f
}

func (f *flows) config(dir string) {
	packs, err := filepath.Abs(filepath.Join("testdata", "flows"))
	if err != nil {
		f.t.Fatal(err)
	}
	text := fmt.Sprintf("packs: [%s]\nlease: 9s\n", packs)
	if err := os.WriteFile(filepath.Join(dir, "petrel.yaml"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *flows) start() {
	more := []string{"--config", filepath.Join(filepath.Dir(f.data), "petrel.yaml")}
	if f.store != "" {
		more = append(more, "--store", f.store)
	}
	f.server = startProcess(f.t, f.binary, f.data, more...)
	f.server.token = f.token
}

// life keeps workflows in flight, kills the server at a random moment and starts the next.
func (f *flows) life() {
	f.top(flowsInFlight)
	f.steer()
	time.Sleep(time.Duration(f.rng.IntN(100_000)) * time.Microsecond) // the moment is the random part; nothing is waited for
	n := f.top(flowsAtKill)
	f.fewest = min(f.fewest, n)
	f.server.kill()
	f.lastKill = time.Now()
	f.start()
}

// top begins workflows until at least n run, and returns how many do.
func (f *flows) top(n int) int {
	for {
		now := f.inFlight()
		if now >= n {
			return now
		}
		for range n - now + 5 {
			f.begin()
		}
	}
}

// begin starts a workflow of a random kind.
func (f *flows) begin() {
	names := []string{"sequence", "fan", "items", "retries", "circle", "outer", "slow", "asks"}
	f.started++
	f.server.call(http.MethodPost, "/api/v1/executions", map[string]any{
		"action":     "flows." + names[f.rng.IntN(len(names))],
		"parameters": map[string]any{"key": "w" + strconv.Itoa(f.started), "file": f.files},
	}, nil)
}

// root is what the API says of a workflow.
type root struct {
	ID         string               `json:"id"`
	Status     string               `json:"status"`
	Parent     string               `json:"parent"`
	Action     struct{ Ref string } `json:"action"`
	Result     json.RawMessage      `json:"result"`
	Parameters struct{ Key string } `json:"parameters"`
}

// all are all executions; roots those that no workflow asked for.
func (f *flows) all() []root {
	return pages[root](f.server, "/api/v1/executions?include_attributes=status,parent,action.ref,result,parameters")
}

func (f *flows) roots() []root {
	var out []root
	for _, r := range f.all() {
		if r.Parent == "" && strings.HasPrefix(r.Action.Ref, "flows.") {
			out = append(out, r)
		}
	}
	return out
}

// inFlight counts the workflows that a user began and that have not ended.
func (f *flows) inFlight() int {
	n := 0
	for _, status := range []string{"requested", "scheduled", "running", "paused", "pausing", "resuming"} {
		var xs []root
		f.server.call(http.MethodGet, "/api/v1/executions?limit=500&include_attributes=status,parent,action.ref&status="+status, nil, &xs)
		for _, x := range xs {
			if x.Parent == "" && strings.HasPrefix(x.Action.Ref, "flows.") {
				n++
			}
		}
	}
	return n
}

// steer pauses and resumes some workflows and answers some questions. What is refused,
// because it came too late, does not matter.
func (f *flows) steer() {
	for _, r := range f.roots() {
		switch {
		case r.Status == "running" && f.rng.IntN(4) == 0:
			f.ask(r.ID, "pausing")
		case r.Status == "paused" && f.rng.IntN(2) == 0:
			f.ask(r.ID, "resuming")
		}
	}
	f.answer(2)
}

func (f *flows) ask(id, status string) {
	if _, _, err := f.server.send(http.MethodPut, "/api/v1/executions/"+id, map[string]string{"status": status}, nil); err != nil {
		f.t.Fatal(err)
	}
}

// answer answers one in so many open questions.
func (f *flows) answer(in int) int {
	var open []struct{ ID string }
	f.server.call(http.MethodGet, "/api/v1/inquiries?limit=500", nil, &open)
	for _, q := range open {
		if f.rng.IntN(in) == 0 {
			f.server.call(http.MethodPut, "/api/v1/inquiries/"+q.ID, map[string]any{"id": q.ID, "response": map[string]any{"continue": true}}, nil)
		}
	}
	return len(open)
}

// settle lets everything come to its end, and returns how long after the last kill it has.
func (f *flows) settle() time.Duration {
	f.server.await("every workflow has ended", flowsSettle, func() bool {
		f.answer(1)
		for _, r := range f.roots() {
			if r.Status == "paused" {
				f.ask(r.ID, "resuming")
			}
		}
		return f.inFlight() == 0 && f.server.waiting() == 0
	})
	return time.Since(f.lastKill)
}

// judge looks at how each workflow has ended and at what its tasks have left.
func (f *flows) judge() {
	all := f.all()
	abandoned := map[string]bool{} // executions with an abandoned one below them
	byID := map[string]root{}
	for _, x := range all {
		byID[x.ID] = x
	}
	for _, x := range all {
		if x.Status == "abandoned" {
			for p := x.Parent; p != ""; p = byID[p].Parent {
				abandoned[p] = true
			}
		}
	}
	lines := f.lines()
	for _, r := range f.roots() {
		kind := strings.TrimPrefix(r.Action.Ref, "flows.")
		mine := lines[r.Parameters.Key]
		for line, n := range mine {
			if n > 1 {
				f.t.Errorf("%s %s: the attempt %q ran %d times", kind, r.ID, line, n)
			}
		}
		switch {
		case r.Status == "succeeded" && (len(mine) == flowKinds[kind] || abandoned[r.ID]):
			f.succeeded++
		case r.Status == "failed" && abandoned[r.ID]:
			f.abandoned++
		default:
			f.t.Errorf("%s %s (%s) ended as %s, with %v: %s", kind, r.ID, r.Parameters.Key, r.Status, mine, r.Result)
		}
	}
	if f.succeeded == 0 {
		f.t.Error("no workflow has succeeded")
	}
}

// lines counts, by workflow, the lines that the attempts of its tasks have left.
func (f *flows) lines() map[string]map[string]int {
	raw, err := os.ReadFile(f.files)
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string]map[string]int{}
	for line := range strings.Lines(string(raw)) {
		key, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if out[key] == nil {
			out[key] = map[string]int{}
		}
		out[key][what]++
	}
	return out
}
