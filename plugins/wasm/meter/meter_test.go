package meter_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/petrelhq/petrel/plugins/wasm/meter"
)

func compile(t testing.TB, flags ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mix.wasm")
	args := append([]string{"--target=wasm32", "-msimd128", "-mbulk-memory", "-mnontrapping-fptoint", "-msign-ext", "-nostdlib",
		"-Wl,--no-entry", "-o", file, "testdata/mix.c"}, flags...)
	if out, err := exec.Command("clang", args...).CombinedOutput(); err != nil {
		t.Fatalf("clang: %v\n%s", err, out)
	}
	module, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func rewrite(t testing.TB, module []byte) []byte {
	t.Helper()
	metered, err := meter.Rewrite(module)
	if err != nil {
		t.Fatal(err)
	}
	return metered
}

func instantiate(t testing.TB, module []byte) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	t.Cleanup(func() { r.Close(ctx) })
	m, err := r.Instantiate(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSame: with the checks a module computes what it did without.
func TestSame(t *testing.T) {
	for _, level := range []string{"-O0", "-O2", "-Oz"} {
		module := compile(t, level)
		plain, metered := instantiate(t, module), instantiate(t, rewrite(t, module))
		for n := range uint64(200) {
			args := []uint64{n * 7919, math.Float64bits(float64(n) / 3), uint64(math.Float32bits(float32(n))), n << 33}
			want, err := plain.ExportedFunction("mix").Call(context.Background(), args...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := metered.ExportedFunction("mix").Call(context.Background(), args...)
			if err != nil || got[0] != want[0] {
				t.Fatalf("%s: mix(%d) is %v with checks (%v), %v without", level, n, got, err, want)
			}
		}
	}
}

// TestStop: a module that is told to stop traps.
func TestStop(t *testing.T) {
	m := instantiate(t, rewrite(t, compile(t, "-O2")))
	m.ExportedGlobal(meter.Stop).(api.MutableGlobal).Set(1)
	var err error
	for n := 0; n < 1000 && err == nil; n++ { // some are so short that no check is due
		_, err = m.ExportedFunction("mix").Call(context.Background(), 1, 1, 1, 1)
	}
	if err == nil {
		t.Error("it goes on")
	}
}

// TestTwice: a module that was rewritten is not rewritten again, since its exports are there.
func TestTwice(t *testing.T) {
	twice := rewrite(t, rewrite(t, compile(t, "-O2")))
	r := wazero.NewRuntime(context.Background())
	defer r.Close(context.Background())
	if _, err := r.CompileModule(context.Background(), twice); err == nil {
		t.Error("a module with its own petrel:stop is taken")
	}
}

// FuzzRewrite: nothing makes Rewrite panic, and what was valid stays valid.
func FuzzRewrite(f *testing.F) {
	module := compile(f, "-O2", "-Wl,-s")
	f.Add(module)
	f.Add(module[:100])
	f.Add(bytes.ReplaceAll(module, []byte{0x03, 0x40}, []byte{0x83, 0x40}))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, module []byte) {
		metered, err := meter.Rewrite(module)
		if err != nil {
			return
		}
		ctx := context.Background()
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
		defer r.Close(ctx)
		c, err := r.CompileModule(ctx, module)
		if err != nil || len(c.ExportedMemories()) == 0 || c.ExportedFunctions()[meter.Start] != nil {
			return
		}
		if _, err := r.CompileModule(ctx, metered); err != nil {
			t.Errorf("a valid module has become invalid: %v", err)
		}
	})
}
