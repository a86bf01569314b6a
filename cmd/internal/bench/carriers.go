package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// carrierBenchmarks are the packages whose benchmarks hold what carries packs' code against
// the bare library that does it, from the folder of this program.
var carrierBenchmarks = []string{"../../../plugins/wasm", "../../../plugins/process"}

const carrierRounds = 5

// carriers compares a call of a pack's code with what the library below alone takes, and
// with starting a program for each call.
func (b *bench) carriers() error {
	ns := map[string][]float64{}
	for range b.few(carrierRounds) {
		for _, dir := range carrierBenchmarks {
			if err := b.goBench(dir, ns); err != nil {
				return err
			}
		}
	}
	t := newTable("carriers: one call of a pack's code", "call", "takes", "calls/s", "yardstick", "takes", "ratio", "bar")
	const native = "ForkExecNative/1"
	for _, r := range []struct {
		name, ours, yardstick, bare string
		bar                         float64
	}{
		{"WASM, Go, fresh", "Fresh/Go", "bare wazero", "BareFresh/Go", 1.5},
		{"WASM, Go, pooled", "Pooled/Go", "bare wazero", "BarePooled/Go", 1.5},
		{"WASM, C, fresh", "Fresh/C", "bare wazero", "BareFresh/C", 1.5},
		{"WASM, C, pooled", "Pooled/C", "bare wazero", "BarePooled/C", 1.5},
		{"WASM, C, fresh", "Fresh/C", "fork+exec, Go", native, 1},
		{"process, 1 client", "Call/1", "bare go-plugin", "BareGoPluginEcho/1", 1.5},
		{"process, 16 clients", "Call/16", "bare go-plugin", "BareGoPluginEcho/16", 1.5},
		{"process, 1 client", "Call/1", "fork+exec, Go", native, 1},
	} {
		if len(ns[r.ours]) == 0 || len(ns[r.bare]) == 0 {
			return fmt.Errorf("no figures for %s and %s; there are %v", r.ours, r.bare, slices.Sorted(maps.Keys(ns)))
		}
		ours, bare := median(ns[r.ours]), median(ns[r.bare])
		t.row(r.name, took(ours), perSecond(1e9/ours), r.yardstick, took(bare), times(ours/bare), verdict(ours/bare <= r.bar, fmt.Sprintf("<= %gx", r.bar)))
	}
	t.remark("Bare: the same module or the same bytes through the library alone, with nothing to stop a call. Medians of interleaved rounds.")
	if err := b.carrierMemory(t); err != nil {
		return err
	}
	t.print(b.out)
	return nil
}

// took is a duration given in nanoseconds.
func took(ns float64) string { return micros(ns / 1e9) }

// goBench runs a package's benchmarks once and adds their nanoseconds, by name.
func (b *bench) goBench(dir string, ns map[string][]float64) error {
	length := time.Second
	if b.quick {
		length = 100 * time.Millisecond
	}
	out, err := goTest(dir, nil, "-run", "^$", "-bench", "^Benchmark(Fresh|Pooled|Bare|Call|ForkExecNative)", "-benchtime", length.String())
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		words := strings.Fields(line)
		if len(words) < 4 || words[3] != "ns/op" {
			continue
		}
		name := strings.TrimPrefix(words[0], "Benchmark")
		if i := strings.LastIndex(name, "-"); i > 0 {
			name = name[:i] // the number of processors
		}
		v, err := strconv.ParseFloat(words[2], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		ns[name] = append(ns[name], v)
	}
	return nil
}

// carrierMemory tells what the process holds after 10,000 calls, against after 100.
func (b *bench) carrierMemory(t *table) error {
	calls := "PETREL_MEMORY_CALLS=" + strconv.Itoa(b.few(10_000))
	out, err := goTest(carrierBenchmarks[0], []string{calls}, "-count=1", "-v", "-run", "^TestSteadyMemory$")
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if _, said, ok := strings.Cut(line, "resident: "); ok {
			t.remark("%s (bar 1.3x)", strings.TrimSpace(said))
		}
	}
	return nil
}

func goTest(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", append(append([]string{"test"}, args...), ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go test %s: %w\n%s", dir, err, out.Bytes())
	}
	return out.String(), nil
}
