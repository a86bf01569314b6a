package wasm

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// section is a section of a module written by hand.
func section(id byte, body string) string {
	return string(id) + leb(len(body)) + body
}

func leb(n int) string {
	var b []byte
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return string(append(b, byte(n)))
}

const header = "\x00asm\x01\x00\x00\x00"

// function is a module with one function of no parameters and this code.
func function(code string) string {
	return withLocals("\x00", code)
}

// withLocals is function with its local variables.
func withLocals(locals string, code ...string) string {
	body := locals + strings.Join(code, "")
	return header + section(1, "\x01\x60\x00\x00") + section(3, "\x01\x00") + section(5, "\x01\x00\x01") +
		section(7, "\x01\x06memory\x02\x00") + section(10, "\x01"+leb(len(body))+body)
}

// TestCheck: what can be said at installation is said then, in one line.
func TestCheck(t *testing.T) {
	good := string(hostile(t, "overlap"))
	for _, c := range []struct {
		name, module, message string
	}{
		{"nothing", "", "the file is no WebAssembly module"},
		{"a script", "#!/bin/sh\necho hello\n", "the file is no WebAssembly module"},
		{"component", "\x00asm\x0d\x00\x01\x00rest", "the file is a WebAssembly component, and only core modules are supported"},
		{"version 2", "\x00asm\x02\x00\x00\x00", "only version 1 is"},
		{"empty", header, `exports no memory named "memory"`},
		{"cut off", good[:len(good)/2], "the module is cut off"},
		{"section 13", header + section(13, "\x00"), "section 13 is of no WebAssembly 2.0 module"},
		{"twice", header + section(1, "\x00") + section(1, "\x00"), "section 1 stands twice"},
		{"length", header + "\x01\xff\xff\xff\xff\x0f", "the module is cut off"},
		{"number", header + "\x01\xff\xff\xff\xff\xff\x0f", "a number is too large"},
		{"memory", header + section(2, "\x01\x03env\x06memory\x02\x00\x01"), `it imports the memory "memory" from "env", and only functions are offered`},
		{"large memory", header + section(5, "\x01\x00"+leb(1025)), "the module cannot be run: section memory: min 1025 pages (64 Mi) over limit of 1024 pages (64 Mi)"},
		{"large table", header + section(4, "\x01\x70\x00"+leb(1<<20+1)), "a table has 1048577 entries, more than 1048576"},
		{"many locals", withLocals("\x01\xe0\xd4\x03\x7f"), "a function has 60000 locals, more than 50000"},
		{"no code", header + section(1, "\x01\x60\x00\x00") + section(3, "\x01\x00"), "the module is cut off"},
		{"no end", function("\x01\x01"), "the module is cut off"},
		{"behind the end", function("\x0b\x01\x0b"), "a function goes on behind its end"},
		{"an atomic", function("\xfe\x00\x0b"), "the instruction 0xfe is of no WebAssembly 2.0 module"},
		{"a tail call", function("\x12\x00\x0b"), "the instruction 0x12 is of no WebAssembly 2.0 module"},
		{"a hidden loop", function("\xfd\x8c\x00\x03\x40\x0c\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b"), "0xfd 0x8c is of no WebAssembly 2.0 module"},
		{"table.grow", function("\xfc\x0f\x00\x0b"), "it uses table.grow, which is not supported"},
		{"an invalid one", function("\x1a\x0b"), "the module cannot be run: "},
		{"no door", function("\x0b"), "the module exports no function petrel_abi_version, nor _start as a WASI command does"},
		{"command, data outside", header + section(1, "\x01\x60\x00\x00") + section(3, "\x01\x00") + section(5, "\x01\x00\x01") +
			section(7, "\x02\x06memory\x02\x00\x06_start\x00\x00") + section(10, "\x01\x02\x00\x0b") + section(11, "\x01\x00\x41\x80\x80\x04\x0b\x01x"),
			"the module cannot be started: data[0]: out of bounds memory access"},
		{"good", good, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := open(t, Config{}).Check(context.Background(), []byte(c.module), core.Runtime{}, "hello")
			if c.message == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkError(t, err, wire.Invalid, c.message)
		})
	}
}

// TestStartFunction: a start function that does not end cannot be run before there is a
// deadline.
func TestStartFunction(t *testing.T) {
	loop := "\x00\x03\x40\x0c\x00\x0b\x0b"
	module := header + section(1, "\x01\x60\x00\x00") + section(3, "\x01\x00") + section(5, "\x01\x00\x01") +
		section(7, "\x02\x06memory\x02\x00\x06_start\x00\x00") + section(8, "\x00") + section(10, "\x01"+leb(len(loop))+loop)
	p := load(t, open(t, Config{}), []byte(module), core.Runtime{})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := p.Call(ctx, aCall("{}"), newWorld())
	checkError(t, err, wire.TimedOut, "the deadline has passed")
}
