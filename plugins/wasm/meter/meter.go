// Package meter rewrites a WASM module so that it can be stopped.
//
// wazero runs a module as machine code, which Go's scheduler cannot interrupt. wazero's own
// checks stand at the head of loops only: code that calls itself without looping, or moves
// large blocks of memory, runs on past its deadline, and since the garbage collector waits
// for it the whole process stands still. So every function's entry, every loop's head,
// every bulk instruction and every call of the host gets a check of ours, which counts down
// and every few milliseconds leaves the machine code and looks whether it is to stop.
// Counting is also cheaper than wazero's checks, which leave the machine code each time.
//
// It uses the standard library only, knows the instructions of WebAssembly 2.0, and refuses
// all others. What it returns still has to be validated; it keeps what was invalid invalid.
package meter

import (
	"errors"
	"fmt"
)

// What Rewrite adds to a module's exports.
const (
	// Stop is a mutable i32 global: once it is not 0, the module traps at its next check.
	Stop = "petrel:stop"
	// Start is the module's start function, if it has one: it is no longer called when the
	// module is instantiated, because nobody could stop it then.
	Start = "petrel:start"
)

// The limits of what Rewrite accepts.
const (
	MaxTable  = 1 << 20  // entries of a table
	MaxBody   = 4 << 20  // bytes of a function
	MaxLocals = 50_000   // of a function; other engines have the same limit
	MaxModule = 64 << 20 // bytes
)

// fuel is what a module may use between two looks at Stop. A function's entry and a loop's
// round cost 1 and 1 for each KiB of the function, a bulk instruction 1 for each 4 KiB: at
// most a few milliseconds of work in all.
const fuel = 10_000

// section ids in the order in which they stand in a module.
const (
	secCustom    = 0
	secType      = 1
	secImport    = 2
	secFunction  = 3
	secTable     = 4
	secMemory    = 5
	secGlobal    = 6
	secExport    = 7
	secStart     = 8
	secElement   = 9
	secCode      = 10
	secData      = 11
	secDataCount = 12
)

var order = []byte{secType, secImport, secFunction, secTable, secMemory, secGlobal, secExport, secElement, secDataCount, secCode, secData}

const header = "\x00asm\x01\x00\x00\x00"

// Rewrite returns module with the checks. The error says what is wrong with the module, or
// what it has that is not supported, in one line.
func Rewrite(module []byte) (out []byte, err error) {
	defer func() { // the reader's way out
		if r := recover(); r != nil {
			m, ok := r.(malformed)
			if !ok {
				panic(r)
			}
			out, err = nil, errors.New(string(m))
		}
	}()
	if len(module) > MaxModule {
		return nil, fmt.Errorf("the module has %d bytes, more than %d", len(module), MaxModule)
	}
	m := parse(module)
	m.addChecks()
	return m.encode(), nil
}

// rewriter holds a module's sections.
type rewriter struct {
	sections map[byte][]byte
	names    []byte // the custom section that names the functions
	imported uint32 // functions
	globals  uint32
}

func parse(module []byte) *rewriter {
	r := &reader{b: module}
	if string(r.bytes(len(header))) != header {
		fail("not a WebAssembly module of version 1")
	}
	m := &rewriter{sections: map[byte][]byte{}}
	for !r.empty() {
		id := r.byte()
		body := r.bytes(int(r.u32()))
		if id == secCustom {
			m.keepNames(body)
			continue
		}
		if _, twice := m.sections[id]; twice {
			fail("section %d stands twice", id)
		}
		if id > secDataCount {
			fail("section %d is of no WebAssembly 2.0 module", id)
		}
		m.sections[id] = body
	}
	m.readImports()
	m.readTables()
	m.globals = m.count(secGlobal)
	return m
}

func (m *rewriter) keepNames(body []byte) {
	r := &reader{b: body}
	if string(r.bytes(int(r.u32()))) == "name" {
		m.names = body
	}
}

// readImports counts the functions; nothing else can be imported.
func (m *rewriter) readImports() {
	body, ok := m.sections[secImport]
	if !ok {
		return
	}
	r := &reader{b: body}
	for n := r.u32(); n > 0; n-- {
		module, name := string(r.bytes(int(r.u32()))), string(r.bytes(int(r.u32())))
		switch kind := r.byte(); kind {
		case 0:
			r.u32()
			m.imported++
		case 1, 2, 3:
			fail("it imports the %s %q from %q, and only functions are offered", [...]string{"", "table", "memory", "global"}[kind], name, module)
		default:
			fail("an import of kind %d is of no WebAssembly 2.0 module", kind)
		}
	}
}

func (m *rewriter) readTables() {
	body, ok := m.sections[secTable]
	if !ok {
		return
	}
	r := &reader{b: body}
	for n := r.u32(); n > 0; n-- {
		r.byte() // what it refers to
		limits := r.byte()
		if size := r.u32(); size > MaxTable {
			fail("a table has %d entries, more than %d", size, MaxTable)
		}
		if limits&1 != 0 {
			r.u32()
		}
	}
}

// count returns how many things a section has.
func (m *rewriter) count(id byte) uint32 {
	body, ok := m.sections[id]
	if !ok {
		return 0
	}
	return (&reader{b: body}).u32()
}

// add puts further entries behind the n that a section has.
func (m *rewriter) add(id byte, entries ...[]byte) (first uint32) {
	var rest []byte
	if body, ok := m.sections[id]; ok {
		r := &reader{b: body}
		first, rest = r.u32(), r.b[r.at:]
	}
	body := appendU32(nil, first+uint32(len(entries)))
	body = append(body, rest...)
	for _, e := range entries {
		body = append(body, e...)
	}
	m.sections[id] = body
	return first
}

// addChecks rewrites the code and adds what the checks need. Everything is added behind
// what is there, so that no index changes.
func (m *rewriter) addChecks() {
	defined := m.count(secFunction)
	if defined == 0 {
		return
	}
	c := checks{fuel: m.globals, stop: m.globals + 1, look: m.imported + defined, charge: m.imported + defined + 1, imported: m.imported}
	m.sections[secCode] = c.weave(m.sections[secCode], defined)
	m.add(secCode, c.lookBody(), c.chargeBody())

	nothing := m.add(secType, []byte{0x60, 0, 0}, []byte{0x60, 1, i32, 1, i32})
	m.add(secFunction, appendU32(nil, nothing), appendU32(nil, nothing+1))
	m.add(secGlobal, global(fuel), global(0))
	m.add(secExport, export(Stop, 3, c.stop))
	if start, ok := m.sections[secStart]; ok {
		m.add(secExport, export(Start, 0, (&reader{b: start}).u32()))
	}
}

func global(value int32) []byte {
	return append(appendS32([]byte{i32, 1, opI32Const}, value), opEnd)
}

func export(name string, kind byte, index uint32) []byte {
	b := append(appendU32(nil, uint32(len(name))), name...)
	return appendU32(append(b, kind), index)
}

func (m *rewriter) encode() []byte {
	out := []byte(header)
	section := func(id byte, body []byte) {
		out = appendU32(append(out, id), uint32(len(body)))
		out = append(out, body...)
	}
	for _, id := range order {
		if body, ok := m.sections[id]; ok {
			section(id, body)
		}
	}
	if m.names != nil {
		section(secCustom, m.names)
	}
	return out
}
