// Guest is the least a Go program needs to be a module: no SDK, an echo of its parameters.
package main

import (
	"encoding/json"
	"unsafe"
)

var kept = map[uint32][]byte{}

//go:wasmexport petrel_abi_version
func abiVersion() uint32 { return 1 }

//go:wasmexport petrel_alloc
func alloc(n uint32) uint32 {
	b := make([]byte, n)
	p := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	kept[p] = b
	return p
}

//go:wasmexport petrel_free
func free(p, n uint32) { delete(kept, p) }

//go:wasmexport petrel_handle
func handle(p, n uint32) uint64 {
	in := kept[p]
	delete(kept, p)
	var req struct {
		Method string
		Call   struct{ Params json.RawMessage }
	}
	json.Unmarshal(in, &req)
	out, _ := json.Marshal(map[string]any{"result": map[string]any{"value": req.Call.Params}})
	q := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(out))))
	kept[q] = out
	return uint64(q)<<32 | uint64(len(out))
}

func main() {}
