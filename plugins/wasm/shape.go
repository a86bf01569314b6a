package wasm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/petrelhq/petrel/sdk/wire"
)

// ABIVersion is of docs/wasm-abi.md.
const ABIVersion = 1

// What a reactor exports.
const (
	exportMemory     = "memory"
	exportVersion    = "petrel_abi_version"
	exportAlloc      = "petrel_alloc"
	exportFree       = "petrel_free"
	exportHandle     = "petrel_handle"
	exportInitialize = "_initialize"
	exportStart      = "_start" // of a command
)

const (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
)

// signature is a function's type.
type signature struct{ params, results []api.ValueType }

func signatureOf(f api.FunctionDefinition) signature {
	return signature{f.ParamTypes(), f.ResultTypes()}
}

func (s signature) is(other signature) bool {
	return slices.Equal(s.params, other.params) && slices.Equal(s.results, other.results)
}

func (s signature) String() string {
	list := func(types []api.ValueType) string {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = api.ValueTypeName(t)
		}
		return "(" + strings.Join(names, ", ") + ")"
	}
	return list(s.params) + " -> " + list(s.results)
}

// reactor is what such a module has to export.
var reactor = []struct {
	name string
	signature
}{
	{exportVersion, signature{nil, []api.ValueType{i32}}},
	{exportAlloc, signature{[]api.ValueType{i32}, []api.ValueType{i32}}},
	{exportFree, signature{[]api.ValueType{i32, i32}, nil}},
	{exportHandle, signature{[]api.ValueType{i32, i32}, []api.ValueType{i64}}},
}

// checkHeader tells what is no core module from its first bytes.
func checkHeader(module []byte) error {
	switch {
	case len(module) < 8 || string(module[:4]) != "\x00asm":
		return refusal("the file is no WebAssembly module")
	case module[6] == 1: // the layer; 0 for a core module
		return refusal("the file is a WebAssembly component, and only core modules are supported: build it as a WASI preview 1 reactor (wasip1), not for wasip2")
	case string(module[4:8]) != "\x01\x00\x00\x00":
		return refusal("the file is of a WebAssembly version that is not known: only version 1 is")
	}
	return nil
}

// checkShape tells a reactor from a command, and both from what can be neither.
func checkShape(c wazero.CompiledModule, offered map[string]signature) (command bool, err error) {
	if err := checkImports(c, offered); err != nil {
		return false, err
	}
	if _, ok := c.ExportedMemories()[exportMemory]; !ok {
		return false, refusal("the module exports no memory named %q", exportMemory)
	}
	exports := c.ExportedFunctions()
	if _, ok := exports[exportHandle]; !ok && exports[exportStart] != nil {
		return true, nil
	}
	for _, want := range reactor {
		f, ok := exports[want.name]
		if !ok {
			return false, refusal("the module exports no function %s%s; see docs/wasm-abi.md", want.name, hint(exports))
		}
		if !signatureOf(f).is(want.signature) {
			return false, refusal("the module's %s is a function %s, and should be %s", want.name, signatureOf(f), want.signature)
		}
	}
	if f, ok := exports[exportInitialize]; ok && !signatureOf(f).is(signature{}) {
		return false, refusal("the module's %s is a function %s, and should be () -> ()", exportInitialize, signatureOf(f))
	}
	return false, nil
}

func hint(exports map[string]api.FunctionDefinition) string {
	if exports[exportInitialize] == nil && exports[exportHandle] == nil {
		return ", nor _start as a WASI command does"
	}
	return ""
}

// checkImports names everything that the module wants and nobody offers.
func checkImports(c wazero.CompiledModule, offered map[string]signature) error {
	var unknown []string
	for _, f := range c.ImportedFunctions() {
		module, name, _ := f.Import()
		have, ok := offered[module+"."+name]
		switch {
		case !ok:
			unknown = append(unknown, printable(module+"."+name))
		case !have.is(signatureOf(f)):
			return refusal("the module imports %s.%s as a function %s, and it is %s", module, name, signatureOf(f), have)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	unknown = slices.Compact(unknown)
	rest := ""
	if n := len(unknown) - 10; n > 0 {
		unknown, rest = unknown[:10], fmt.Sprintf(" and %d more", n)
	}
	return refusal("the module imports what is not offered: %s%s (offered are petrel.host_call, petrel.host_reply and WASI preview 1)", strings.Join(unknown, ", "), rest)
}

// printable keeps a stranger's names from writing to a terminal.
func printable(name string) string {
	q := fmt.Sprintf("%q", name[:min(len(name), 200)])
	return q[1 : len(q)-1]
}

// checkVersion is of what petrel_abi_version returned.
func checkVersion(v int32) *wire.Error {
	if v != ABIVersion {
		return refusal("the module is of version %d of Petrel's ABI, and this server knows version %d", v, ABIVersion)
	}
	return nil
}
