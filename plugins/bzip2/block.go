package bzip2

import "slices"

// A run of four equal bytes is followed by how many more there are.
const (
	runStart = 4
	runMost  = 255
)

// foldRuns folds runs of equal bytes at the head of data until room bytes are filled. It
// returns the result and how many bytes of data it stands for.
func foldRuns(data []byte, room int) (folded []byte, n int) {
	for n < len(data) && len(folded)+runStart < room {
		run := 1
		for run < runMost && n+run < len(data) && data[n+run] == data[n] {
			run++
		}
		for range min(run, runStart) {
			folded = append(folded, data[n])
		}
		if run >= runStart {
			folded = append(folded, byte(run-runStart))
		}
		n += run
	}
	return folded, n
}

// transform is the Burrows-Wheeler transform: the last bytes of all rotations of a block
// in their order, and which of them is the block itself.
func transform(block []byte) (last []byte, origin int) {
	order := sortRotations(block)
	last = make([]byte, len(block))
	for i, r := range order {
		last[i] = block[(r+len(block)-1)%len(block)]
		if r == 0 {
			origin = i
		}
	}
	return last, origin
}

// sortRotations returns where the rotations of a block begin, in their order. Ranks by the
// first width bytes give those by twice as many, until no two are alike.
func sortRotations(block []byte) []int {
	n := len(block)
	order, rank, next := make([]int, n), make([]int, n), make([]int, n)
	for i, b := range block {
		order[i], rank[i] = i, int(b)
	}
	for width := 0; ; width = max(1, 2*width) {
		compare := func(a, b int) int {
			if d := rank[a] - rank[b]; d != 0 || width == 0 {
				return d
			}
			return rank[(a+width)%n] - rank[(b+width)%n]
		}
		slices.SortFunc(order, compare)
		ranks := 1
		next[order[0]] = 0
		for i := 1; i < n; i++ {
			if compare(order[i-1], order[i]) != 0 {
				ranks++
			}
			next[order[i]] = ranks - 1
		}
		rank, next = next, rank
		if ranks == n || 2*width >= n {
			return order // rotations that are alike still may stand in any order
		}
	}
}

// usedBytes says which bytes occur, as a table and as a list.
func usedBytes(data []byte) (used [256]bool, alphabet []byte) {
	for _, b := range data {
		used[b] = true
	}
	for b, yes := range used {
		if yes {
			alphabet = append(alphabet, byte(b))
		}
	}
	return used, alphabet
}

// The first two symbols write the length of a run of zeros, in base two with digits one
// and two; then come the places in the list that are not zero, last the end of the block.
const (
	runA = iota
	runB
)

// moveToFront replaces each byte by its place in a list of which the one used last is at
// the front, runs of zeros folded, the end of the block added.
func moveToFront(data, alphabet []byte) []int {
	list := slices.Clone(alphabet)
	var symbols []int
	zeros := 0
	for _, b := range data {
		at := slices.Index(list, b)
		if at == 0 {
			zeros++
			continue
		}
		copy(list[1:at+1], list[:at])
		list[0] = b
		symbols = append(appendRun(symbols, zeros), at+1)
		zeros = 0
	}
	return append(appendRun(symbols, zeros), len(alphabet)+1)
}

func appendRun(symbols []int, n int) []int {
	for ; n > 0; n = (n - 1) / 2 {
		if n%2 == 1 {
			symbols = append(symbols, runA)
		} else {
			symbols = append(symbols, runB)
		}
	}
	return symbols
}
