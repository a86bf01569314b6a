// Package bzip2 compresses what compress/bzip2 and Python's bz2 decompress.
//
// It is for small values: blocks hold a hundred thousand bytes, and one Huffman table
// serves each. block.go sorts and prepares a block, huffman.go finds its codes.
package bzip2

// blockSize is how many bytes a block holds after runs are folded: that of "BZh1", with
// room for the last run.
const blockSize = 100_000 - 19

const (
	blockMagic = 0x314159265359 // π
	endMagic   = 0x177245385090 // √π
)

// Compress returns data as a bzip2 file.
func Compress(data []byte) []byte {
	w := &bits{out: []byte("BZh1")}
	whole := uint32(0)
	for len(data) > 0 {
		folded, n := foldRuns(data, blockSize)
		sum := checksum(data[:n])
		whole = whole<<1 | whole>>31
		whole ^= sum
		writeBlock(w, folded, sum)
		data = data[n:]
	}
	w.write(endMagic, 48)
	w.write(uint64(whole), 32)
	return w.flush()
}

// writeBlock writes one block.
func writeBlock(w *bits, folded []byte, sum uint32) {
	last, origin := transform(folded)
	used, alphabet := usedBytes(last)
	symbols := moveToFront(last, alphabet)
	lengths := codeLengths(count(symbols, len(alphabet)+2))

	w.write(blockMagic, 48)
	w.write(uint64(sum), 32)
	w.write(0, 1) // not randomised
	w.write(uint64(origin), 24)
	writeUsed(w, used)
	writeTables(w, lengths, len(symbols))
	codes := canonical(lengths)
	for _, s := range symbols {
		w.write(uint64(codes[s]), lengths[s])
	}
}

// writeUsed says which bytes occur: which sixteenths of all, then which in each of those.
func writeUsed(w *bits, used [256]bool) {
	var groups [16]uint64
	present := uint64(0)
	for b, yes := range used {
		if yes {
			groups[b/16] |= 1 << (15 - b%16)
			present |= 1 << (15 - b/16)
		}
	}
	w.write(present, 16)
	for _, g := range groups {
		if g != 0 {
			w.write(g, 16)
		}
	}
}

// perTable is how many symbols one choice of a table is for.
const perTable = 50

// writeTables writes the table of code lengths. There have to be two at least: they are
// the same, and the first is chosen always.
func writeTables(w *bits, lengths []int, symbols int) {
	const tables = 2
	choices := (symbols + perTable - 1) / perTable
	w.write(tables, 3)
	w.write(uint64(choices), 15)
	for range choices {
		w.write(0, 1)
	}
	for range tables {
		now := lengths[0]
		w.write(uint64(now), 5)
		for _, l := range lengths {
			for ; now < l; now++ {
				w.write(0b10, 2)
			}
			for ; now > l; now-- {
				w.write(0b11, 2)
			}
			w.write(0, 1)
		}
	}
}

// bits collects bits, the highest first.
type bits struct {
	out  []byte
	left uint64 // the bits that fill no byte yet
	n    int
}

// write appends the lowest n bits of v, at most 48.
func (w *bits) write(v uint64, n int) {
	w.left = w.left<<n | v
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.left>>(w.n-8)))
	}
}

// flush fills the last byte and returns everything.
func (w *bits) flush() []byte {
	if w.n > 0 {
		w.write(0, 8-w.n)
	}
	return w.out
}

// checksum is CRC-32 with the highest bit first.
func checksum(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b) << 24
		for range 8 {
			top := crc >> 31
			crc = crc<<1 ^ top*0x04c11db7
		}
	}
	return ^crc
}
