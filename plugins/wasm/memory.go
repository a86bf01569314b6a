package wasm

import (
	"context"
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// withMemory makes the instance take its memory from the system rather than from Go's heap:
// it is there when first touched, never moves, and is given back when the instance ends
// instead of at some later collection.
func (in *instance) withMemory() context.Context {
	return experimental.WithMemoryAllocator(in.ctx, experimental.MemoryAllocatorFunc(func(_, most uint64) experimental.LinearMemory {
		in.memory = reserve(most)
		return in.memory
	}))
}

// reserved is an instance's memory: addresses for the most it may grow to.
type reserved struct {
	all []byte
}

func reserve(most uint64) experimental.LinearMemory {
	all, err := syscall.Mmap(-1, 0, int(most), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil { // no addresses left: limits of the process or of the machine
		return &moving{}
	}
	return &reserved{all: all}
}

// Reallocate returns the first size bytes; those behind the last size are 0.
func (r *reserved) Reallocate(size uint64) []byte {
	if size > uint64(len(r.all)) {
		return nil
	}
	return r.all[:size:size]
}

// Free gives it back, once the code runs no more.
func (r *reserved) Free() {
	if r.all != nil {
		syscall.Munmap(r.all) // fails for what is no mapping only
		r.all = nil
	}
}

// moving is memory on Go's heap.
type moving struct {
	b []byte
}

func (m *moving) Reallocate(size uint64) []byte {
	if grown := size - uint64(len(m.b)); grown > 0 {
		m.b = append(m.b, make([]byte, grown)...)
	}
	return m.b[:size:size]
}

func (m *moving) Free() { m.b = nil }
