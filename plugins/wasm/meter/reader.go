package meter

import "fmt"

// malformed is the panic with which reading ends; Rewrite makes an error of it.
type malformed string

func fail(format string, args ...any) {
	panic(malformed(fmt.Sprintf(format, args...)))
}

// reader reads a part of a module from its beginning.
type reader struct {
	b  []byte
	at int
}

func (r *reader) empty() bool { return r.at == len(r.b) }

func (r *reader) byte() byte {
	if r.at >= len(r.b) {
		fail("the module is cut off")
	}
	r.at++
	return r.b[r.at-1]
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		fail("the module is cut off")
	}
	r.at += n
	return r.b[r.at-n : r.at : r.at]
}

// zero reads an index that can only be 0.
func (r *reader) zero() {
	if r.byte() != 0 {
		fail("an instruction names a second memory, and there is one")
	}
}

// u32 reads an unsigned LEB128 number.
func (r *reader) u32() uint32 {
	var n uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if n > 0xffffffff {
				break
			}
			return uint32(n)
		}
	}
	fail("a number is too large")
	return 0
}

// signed skips a signed LEB128 number of at most so many bytes.
func (r *reader) signed(most int) {
	for range most {
		if r.byte() < 0x80 {
			return
		}
	}
	fail("a number is too large")
}

// valueType reads one of WebAssembly 2.0's, which are one byte each.
func (r *reader) valueType() {
	if t := r.byte(); !isValueType(t) {
		fail("the type 0x%02x is of no WebAssembly 2.0 module", t)
	}
}

func isValueType(t byte) bool { return t >= 0x7b && t <= 0x7f || t == 0x70 || t == 0x6f }

// blockType reads nothing, a value type or the index of a function type. What is negative
// but none of these would have more behind it in later versions.
func (r *reader) blockType() {
	t := r.byte()
	switch {
	case t == void || isValueType(t):
	case t < 0x40: // an index
	case t < 0x80:
		fail("the block type 0x%02x is of no WebAssembly 2.0 module", t)
	default:
		from := r.at
		r.signed(4)
		if r.b[r.at-1]&0x40 != 0 {
			fail("the block type %x is of no WebAssembly 2.0 module", r.b[from-1:r.at])
		}
	}
}

func appendU32(b []byte, n uint32) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

func appendS32(b []byte, n int32) []byte {
	for n < -64 || n > 63 {
		b = append(b, byte(n)&0x7f|0x80)
		n >>= 7
	}
	return append(b, byte(n)&0x7f)
}
