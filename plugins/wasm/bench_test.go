package wasm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/sdk/wire"
)

// The bars: a call by a new and by a kept instance takes at most 1.5 times what wazero alone
// takes for the same module (Bare, without any means to stop it; Killable is wazero's own);
// a C guest's new instance at most what fork and exec of a native Go program take.

var benchGuests = []struct {
	name  string
	build func(testing.TB) []byte
}{{"Go", goGuest}, {"C", func(t testing.TB) []byte { return compileC(t, "testdata/counter.c") }}}

func BenchmarkFresh(b *testing.B)  { benchmark(b, core.Runtime{}) }
func BenchmarkPooled(b *testing.B) { benchmark(b, core.Runtime{Reuse: true}) }

func benchmark(b *testing.B, rt core.Runtime) {
	for _, g := range benchGuests {
		b.Run(g.name, func(b *testing.B) {
			p := load(b, open(b, Config{}), g.build(b), rt)
			ctx, h, c := context.Background(), newWorld(), aCall(`{"name":"World","n":[1,2,3]}`)
			measure(b, syscall.RUSAGE_SELF, func() {
				if _, err := p.Call(ctx, c, h); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func BenchmarkBareFresh(b *testing.B)      { benchmarkBare(b, false, false) }
func BenchmarkBarePooled(b *testing.B)     { benchmarkBare(b, true, false) }
func BenchmarkKillableFresh(b *testing.B)  { benchmarkBare(b, false, true) }
func BenchmarkKillablePooled(b *testing.B) { benchmarkBare(b, true, true) }

func benchmarkBare(b *testing.B, reuse, killable bool) {
	for _, g := range benchGuests {
		b.Run(g.name, func(b *testing.B) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r := newBare(b, g.build(b), killable)
			kept := r.instance(ctx, b)
			measure(b, syscall.RUSAGE_SELF, func() {
				in := kept
				if !reuse {
					in = r.instance(ctx, b)
				}
				in.call(ctx, b)
				if !reuse {
					in.mod.Close(ctx)
				}
			})
		})
	}
}

// bare is wazero and nothing else.
type bare struct {
	wazero.Runtime
	code wazero.CompiledModule
}

func newBare(b *testing.B, module []byte, killable bool) bare {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCloseOnContextDone(killable).WithMemoryLimitPages(1024))
	b.Cleanup(func() { r.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	nothing := api.GoModuleFunc(func(context.Context, api.Module, []uint64) {})
	host := r.NewHostModuleBuilder(hostModule)
	host.NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32, i32}, []api.ValueType{i32}).Export("host_call")
	host.NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32}, []api.ValueType{i32}).Export("host_reply")
	if _, err := host.Instantiate(ctx); err != nil {
		b.Fatal(err)
	}
	code, err := r.CompileModule(ctx, module)
	if err != nil {
		b.Fatal(err)
	}
	return bare{r, code}
}

type bareInstance struct {
	mod                    api.Module
	alloc, handle, release api.Function
}

func (r bare) instance(ctx context.Context, b *testing.B) bareInstance {
	m, err := r.InstantiateModule(ctx, r.code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader))
	if err != nil {
		b.Fatal(err)
	}
	return bareInstance{m, m.ExportedFunction(exportAlloc), m.ExportedFunction(exportHandle), m.ExportedFunction(exportFree)}
}

// call does what any caller has to: the request in, the response out, both as JSON.
func (in bareInstance) call(ctx context.Context, b *testing.B) {
	c := aCall(`{"name":"World","n":[1,2,3]}`)
	request, err := json.Marshal(wire.Request{Version: wire.Version, Method: wire.Invoke, Call: &c})
	if err != nil {
		b.Fatal(err)
	}
	p, err := in.alloc.Call(ctx, uint64(len(request)))
	if err != nil {
		b.Fatal(err)
	}
	in.mod.Memory().Write(uint32(p[0]), request)
	out, err := in.handle.Call(ctx, p[0], uint64(len(request)))
	if err != nil {
		b.Fatal(err)
	}
	text, _ := in.mod.Memory().Read(uint32(out[0]>>32), uint32(out[0]))
	var r wire.Response
	if err := json.Unmarshal(text, &r); err != nil || r.Result == nil {
		b.Fatal(err)
	}
	if _, err := in.release.Call(ctx, out[0]>>32, out[0]&0xffffffff); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkForkExec is of a native Go program that does nothing: this one.
func BenchmarkForkExec(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	measure(b, syscall.RUSAGE_CHILDREN, func() {
		if err := exec.Command(self, "nothing").Run(); err != nil {
			b.Fatal(err)
		}
	})
}

// measure reports processor time beside wall time: on a busy machine it is the steadier figure.
func measure(b *testing.B, extra int, run func()) {
	before := cpuTime(b, extra)
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(cpuTime(b, extra)-before)/1e3/float64(b.N), "cpu-µs/op")
}

// cpuTime returns the nanoseconds that this process has used, or it and its children.
func cpuTime(b *testing.B, who int) (sum int64) {
	for _, who := range slices.Compact([]int{syscall.RUSAGE_SELF, who}) {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		sum += r.Utime.Nano() + r.Stime.Nano()
	}
	return sum
}

// TestSteadyMemory: after thousands of calls the process is no larger than after a hundred.
// PETREL_MEMORY_CALLS sets how many.
func TestSteadyMemory(t *testing.T) {
	calls := 500
	if n, err := strconv.Atoi(os.Getenv("PETREL_MEMORY_CALLS")); err == nil {
		calls = n
	}
	for _, rt := range []core.Runtime{{}, {Reuse: true}} {
		p := load(t, open(t, Config{}), goGuest(t), rt)
		serve(t, p, 100)
		before := rss(t)
		serve(t, p, calls-100)
		after := rss(t)
		t.Logf("resident: reuse %v: %d MiB after 100 calls, %d MiB after %d, %.2fx", rt.Reuse, before>>20, after>>20, calls, float64(after)/float64(before))
		if after > before*13/10 {
			t.Errorf("%+v: %d MiB after %d calls, %d after 100", rt, after>>20, calls, before>>20)
		}
	}
}

func serve(t testing.TB, p plugins.Plugin, n int) {
	t.Helper()
	for range n {
		if _, err := call(t, p, newWorld(), `{"name":"World"}`); err != nil {
			t.Fatal(err)
		}
	}
}
