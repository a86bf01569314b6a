package meter

// The instructions that matter here, by their names in the specification.
const (
	i32 = 0x7f // the type

	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opI32Load      = 0x28
	opI64Store32   = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32LtS       = 0x48
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opI64Extend32S = 0xc4
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opBulk         = 0xfc
	opVector       = 0xfd

	void = 0x40 // the block type
)

// checks are the indices of what Rewrite adds: the globals fuel and stop, the functions
// look (takes nothing) and charge (takes and returns the length of a bulk instruction).
type checks struct {
	fuel, stop, look, charge uint32
	imported                 uint32 // functions: those below
}

// weave returns the code section with checks in each of its n functions.
func (c checks) weave(code []byte, n uint32) []byte {
	r := &reader{b: code}
	if r.u32() != n {
		fail("there are not as many bodies as functions")
	}
	out := appendU32(make([]byte, 0, len(code)*3/2), n)
	var body []byte
	for range n {
		size := r.u32()
		if size > MaxBody {
			fail("a function has %d bytes, more than %d", size, MaxBody)
		}
		body = c.function(body[:0], r.bytes(int(size)))
		out = appendU32(out, uint32(len(body)))
		out = append(out, body...)
	}
	if !r.empty() {
		fail("the code section has more than its functions")
	}
	return out
}

// function appends a function's body to out, with its checks.
func (c checks) function(out, body []byte) []byte {
	r := &reader{b: body}
	skipLocals(r)
	out = append(out, body[:r.at]...)
	check := c.check(int32(1 + len(body)/1024))
	out = append(out, check...)
	for depth := 1; depth > 0; {
		from := r.at
		op := r.byte()
		switch c.operands(r, op) {
		case bulk:
			out = appendU32(append(out, opCall), c.charge)
		case outward:
			out = c.trapIfStopped(append(out, check...))
		case unknown:
			out = c.trapIfStopped(out)
		}
		out = append(out, body[from:r.at]...)
		switch op {
		case opLoop:
			out = append(out, check...)
			depth++
		case opBlock, opIf:
			depth++
		case opEnd:
			depth--
		}
	}
	if !r.empty() {
		fail("a function goes on behind its end")
	}
	return out
}

func skipLocals(r *reader) {
	var sum uint64
	for n := r.u32(); n > 0; n-- {
		sum += uint64(r.u32())
		r.valueType()
	}
	if sum > MaxLocals {
		fail("a function has %d locals, more than %d", sum, MaxLocals)
	}
}

// weight is what an instruction may take.
type weight int

const (
	light   weight = iota
	bulk           // as long as the length on top of the stack says
	outward        // a call of the host
	unknown        // a call that may be one of the host
)

// operands skips what follows op, and tells how op is to be paid for.
func (c checks) operands(r *reader, op byte) weight {
	switch {
	case op == opCall:
		if r.u32() < c.imported {
			return outward
		}
	case op == opBlock || op == opLoop || op == opIf:
		r.blockType()
	case op == opBr, op == opBrIf, op == opRefFunc, op >= opLocalGet && op <= opTableSet:
		r.u32()
	case op == opBrTable:
		for n := r.u32(); n > 0; n-- {
			r.u32()
		}
		r.u32()
	case op == opCallIndirect:
		r.u32()
		r.u32()
		return unknown
	case op >= opI32Load && op <= opI64Store32:
		r.u32()
		r.u32()
	case op == opSelectTyped:
		if r.byte() != 1 {
			fail("a select has not one type")
		}
		r.valueType()
	case op == opMemorySize || op == opMemoryGrow:
		r.zero()
	case op == opRefNull:
		r.valueType()
	case op == opI32Const:
		r.signed(5)
	case op == opI64Const:
		r.signed(10)
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == opBulk:
		return bulkOperands(r)
	case op == opVector:
		vectorOperands(r)
	case op <= 0x01, op == opElse, op == opEnd, op == opReturn, op == opDrop, op == opSelect, op == opRefIsNull,
		op >= opI32Eqz && op <= opI64Extend32S:
	default:
		fail("the instruction 0x%02x is of no WebAssembly 2.0 module", op)
	}
	return light
}

// bulkOperands reads on behind 0xfc. The number of the instruction must be one byte, as it
// is for all of them: wazero may not read what is written longer as we do.
func bulkOperands(r *reader) weight {
	switch op := r.byte(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating truncations
	case 8: // memory.init
		r.u32()
		r.zero()
		return bulk
	case 10: // memory.copy
		r.zero()
		r.zero()
		return bulk
	case 11: // memory.fill
		r.zero()
		return bulk
	case 12, 14: // table.init, table.copy
		r.u32()
		r.u32()
		return bulk
	case 17: // table.fill
		r.u32()
		return bulk
	case 9, 13, 16: // data.drop, elem.drop, table.size
		r.u32()
	case 15:
		fail("it uses table.grow, which is not supported: no limit would bound it")
	default:
		fail("the instruction 0xfc 0x%02x is of no WebAssembly 2.0 module", op)
	}
	return light
}

// vectorOperands reads on behind 0xfd. The number is one byte, or two of which the second
// is 1: see bulkOperands.
func vectorOperands(r *reader) {
	op := r.byte()
	if op >= 0x80 {
		if r.byte() != 1 {
			fail("the instruction 0xfd 0x%02x is of no WebAssembly 2.0 module", op)
		}
		return
	}
	switch {
	case op <= 0x0b, op == 0x5c, op == 0x5d: // loads and stores
		r.u32()
		r.u32()
	case op == 0x0c, op == 0x0d: // const, shuffle
		r.bytes(16)
	case op >= 0x54 && op <= 0x5b: // loads and stores of a lane
		r.u32()
		r.u32()
		r.byte()
	case op >= 0x15 && op <= 0x22: // lanes
		r.byte()
	}
}

// check is what stands at a function's entry and at a loop's head.
func (c checks) check(cost int32) []byte {
	b := c.pay(nil, func(b []byte) []byte { return appendS32(append(b, opI32Const), cost) })
	return c.lookIfSpent(b)
}

// pay takes from the fuel what cost pushes.
func (c checks) pay(b []byte, cost func([]byte) []byte) []byte {
	b = appendU32(append(b, opGlobalGet), c.fuel)
	b = append(cost(b), opI32Sub)
	return appendU32(append(b, opGlobalSet), c.fuel)
}

func (c checks) lookIfSpent(b []byte) []byte {
	b = appendU32(append(b, opGlobalGet), c.fuel)
	b = append(b, opI32Const, 0, opI32LtS, opIf, void)
	b = appendU32(append(b, opCall), c.look)
	return append(b, opEnd)
}

// trapIfStopped stands before a call of the host, which fuel does not measure: what the
// module hands over may keep the host busy for as long as thousands of loops' rounds.
func (c checks) trapIfStopped(b []byte) []byte {
	b = appendU32(append(b, opGlobalGet), c.stop)
	return append(b, opIf, void, opUnreachable, opEnd)
}

// lookBody is the function look: it fills up the fuel, leaves the machine code (growing the
// memory by nothing is the one instruction that does nothing else) and traps if told to.
func (c checks) lookBody() []byte {
	b := appendS32([]byte{0, opI32Const}, fuel)
	b = appendU32(append(b, opGlobalSet), c.fuel)
	b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop)
	return sized(append(c.trapIfStopped(b), opEnd))
}

// chargeBody is the function charge: it pays for length bytes or entries and returns length.
func (c checks) chargeBody() []byte {
	b := c.pay([]byte{0}, func(b []byte) []byte {
		return append(b, opLocalGet, 0, opI32Const, 12, opI32ShrU, opI32Const, 1, opI32Add)
	})
	return sized(append(c.lookIfSpent(b), opLocalGet, 0, opEnd))
}

func sized(body []byte) []byte {
	return append(appendU32(nil, uint32(len(body))), body...)
}
