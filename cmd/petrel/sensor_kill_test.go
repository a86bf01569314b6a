package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ticksPerKill is how many events are acknowledged between two kills, at least.
const ticksPerKill = 20

// TestSensorKill kills the server, and the sensor's own process where it has one, at random
// moments, while a sensor of a pack raises triggers that fire a rule: a sensor in a WASM
// module, one in a module that runs in a process of its own, and one in a subprocess. What
// the sensor was told is stored is there, and nothing is there twice. PETREL_KILL_N sets
// the number of kills of each.
func TestSensorKill(t *testing.T) {
	binary := buildServer(t)
	for _, carrier := range []string{"wasm", "wasm in a process", "process"} {
		t.Run(strings.ReplaceAll(carrier, " ", "-"), func(t *testing.T) { killUnderSensor(t, binary, carrier) })
	}
}

func killUnderSensor(t *testing.T, binary, carrier string) {
	kills := killsOr(2)
	seed := rand.Uint64()
	k := newSensing(t, binary, carrier, rand.New(rand.NewPCG(seed, 0)))
	began := time.Now()
	for range kills {
		k.life()
		if t.Failed() {
			t.FailNow()
		}
	}
	settled := k.settle()
	lost, doubled := k.judge()
	fmt.Printf("sensor-kill-test: %s, seed %d: %d kills of the server and %d of the sensor's process in %.0f s, at least %d events acknowledged before each\n",
		carrier, seed, k.servers, k.plugins, time.Since(began).Seconds(), k.fewest)
	fmt.Printf("sensor-kill-test: %s: %d acknowledged to the sensor, %d lost, %d doubled; every one fired its rule once, %.1f s after the last kill\n",
		carrier, k.world.acknowledged(), lost, doubled, settled.Seconds())
}

// numbers is the world that the sensor looks at: numbers that grow as fast as they are
// read, and which of them the sensor was told are stored.
type numbers struct {
	*httptest.Server
	mu     sync.Mutex
	closed bool // nothing new
	last   int
	stored int
}

func newNumbers(t *testing.T) *numbers {
	w := &numbers{}
	w.Server = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.Close)
	return w
}

func (w *numbers) answer(rw http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.URL.Path == "/stored" {
		w.stored = max(w.stored, n)
		return
	}
	fresh := []int{}
	for i := n + 1; i <= n+3 && (i <= w.last || !w.closed); i++ {
		fresh = append(fresh, i)
		w.last = max(w.last, i)
	}
	_ = json.NewEncoder(rw).Encode(fresh)
}

func (w *numbers) acknowledged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stored
}

func (w *numbers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// settled reports whether everything there is has been stored.
func (w *numbers) settled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed && w.stored == w.last
}

// sensing is a run of the test.
type sensing struct {
	*killing
	world            *numbers
	carrier          string
	seen             int // acknowledged when this life began
	servers, plugins int
	last             time.Time // of the last kill
}

func newSensing(t *testing.T, binary, carrier string, rng *rand.Rand) *sensing {
	dir := t.TempDir()
	k := &sensing{
		killing: &killing{t: t, rng: rng, binary: binary, data: filepath.Join(dir, "data"), fewest: 1 << 30},
		world:   newNumbers(t), carrier: carrier,
	}
	k.server = startProcess(t, k.binary, k.data)
	k.token = k.server.login()
	k.server.token = k.token
	k.install(filepath.Join(dir, "ticks"))
	k.server.call(http.MethodPost, "/api/v1/rules", map[string]any{
		"name": "ticked", "pack": "default", "enabled": true,
		"trigger": map[string]any{"type": "ticks.tick"},
		"action":  map[string]any{"ref": "core.noop"},
	}, nil)
	return k
}

// install builds the pack with the author's own tools and installs it.
func (k *sensing) install(pack string) {
	runtime := map[string]string{
		"wasm":              "wasm",
		"wasm in a process": "{type: wasm, isolation: process}",
		"process":           "process",
	}[k.carrier]
	k.write(filepath.Join(pack, "pack.yaml"), fmt.Sprintf(`name: ticks
description: Numbers.
version: 1.0.0
author: a test
runtime: %s
permissions:
  http: ["%s"]
  networks: [127.0.0.1/32]
`, runtime, k.world.URL))
	source, err := os.ReadFile(filepath.Join("testdata", "ticks", "main.go"))
	if err != nil {
		k.t.Fatal(err)
	}
	sdk, err := filepath.Abs(filepath.Join("..", "..", "sdk"))
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(filepath.Join(pack, "main.go"), string(source))
	k.write(filepath.Join(pack, "go.mod"), fmt.Sprintf(`module ticks

go 1.26.0

require github.com/petrelhq/petrel/sdk v0.0.0

replace github.com/petrelhq/petrel/sdk => %s
`, sdk))
	k.petrel("pack", "build", pack)
	k.petrel("pack", "install", pack, "--yes")
	k.petrel("pack", "config", "ticks", "--set", "url="+k.world.URL)
}

func (k *sensing) write(file, text string) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *sensing) petrel(args ...string) {
	k.t.Helper()
	cmd := exec.Command(k.binary, args...)
	cmd.Env = append(os.Environ(), "PETREL_URL="+k.server.url, "ST2_AUTH_TOKEN="+k.token)
	if out, err := cmd.CombinedOutput(); err != nil {
		k.server.fatal("petrel %v: %v\n%s", args, err, out)
	}
}

// life lets events come, and kills the server or, half of the time, only the sensor's
// process at a random moment.
func (k *sensing) life() {
	k.server.await("events come", time.Minute, func() bool { return k.world.acknowledged() >= k.seen+ticksPerKill })
	k.fewest = min(k.fewest, k.world.acknowledged()-k.seen)
	time.Sleep(time.Duration(k.rng.IntN(50_000)) * time.Microsecond) // the moment is the random part; nothing is waited for
	k.last = time.Now()
	if k.carrier != "wasm" && k.rng.IntN(2) == 0 {
		k.seen = k.world.acknowledged()
		k.plugins += k.killPlugin()
		return
	}
	k.server.kill()
	k.servers++
	k.seen = k.world.acknowledged()
	k.server = startProcess(k.t, k.binary, k.data)
	k.server.token = k.token
}

// killPlugin kills the server's children and reports how many there were, up to one.
func (k *sensing) killPlugin() int {
	found := 0
	for _, pid := range children(k.t, k.server.cmd.Process.Pid) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			found = 1
		}
	}
	return found
}

// children are the processes that a process has begun.
func children(t *testing.T, pid int) (all []int) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tasks {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has ended
		}
		for word := range strings.FieldsSeq(string(raw)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// settle lets the last numbers through.
func (k *sensing) settle() time.Duration {
	k.world.close()
	k.server.await("every number is stored", time.Minute, k.world.settled)
	k.server.await("every event has been worked off", time.Minute, func() bool { return k.server.waiting() == 0 })
	return time.Since(k.last)
}

// judge compares what is stored with what the sensor was told.
func (k *sensing) judge() (lost, doubled int) {
	type instance struct {
		Trigger string `json:"trigger"`
		Payload struct{ Number int }
	}
	times := map[int]int{}
	for _, x := range pages[instance](k.server, "/api/v1/triggerinstances?trigger=ticks.tick") {
		times[x.Payload.Number]++
	}
	for n := 1; n <= k.world.acknowledged(); n++ {
		if times[n] == 0 {
			lost++
		} else if times[n] > 1 {
			doubled++
		}
	}
	fired := len(pages[root](k.server, "/api/v1/executions?action=core.noop"))
	if lost > 0 || doubled > 0 || fired != len(times) {
		k.t.Errorf("%d lost, %d doubled; %d events fired %d executions", lost, doubled, len(times), fired)
	}
	if k.carrier != "wasm" && k.servers+k.plugins > 20 && k.plugins == 0 {
		k.t.Error("the sensor's own process was never killed")
	}
	return lost, doubled
}
