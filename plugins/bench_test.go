package plugins_test

import (
	"context"
	"testing"

	"github.com/petrelhq/petrel/core"
)

// BenchmarkCall is what the loader adds to a call: finding the code, the host, the result.
func BenchmarkCall(b *testing.B) {
	w := newWorld(b)
	w.does(quick)
	w.change(func() { w.pack = &core.Pack{Ref: "hello", Digest: "d", Runtime: &core.Runtime{Type: core.RuntimeWASM}} })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.action(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
