package bzip2

import (
	"cmp"
	"container/heap"
)

// maxLength is how long a code may be.
const maxLength = 17

// count says how often each symbol occurs.
func count(symbols []int, kinds int) []int {
	counts := make([]int, kinds)
	for _, s := range symbols {
		counts[s]++
	}
	return counts
}

// codeLengths returns how many bits the code of each symbol has: Huffman's, with counts
// made more alike until none is too long.
func codeLengths(counts []int) []int {
	for {
		lengths := make([]int, len(counts))
		tree(counts).measure(0, lengths)
		longest := 0
		for _, l := range lengths {
			longest = max(longest, l)
		}
		if longest <= maxLength {
			return lengths
		}
		for i, c := range counts {
			counts[i] = c / 2
		}
	}
}

// node is a symbol, or two nodes under one.
type node struct {
	weight, symbol int
	left, right    *node // nil for a symbol
}

// tree builds Huffman's tree. A symbol that does not occur has a code too.
func tree(counts []int) *node {
	var f forest
	for s, c := range counts {
		f = append(f, &node{weight: max(c, 1), symbol: s})
	}
	heap.Init(&f)
	for len(f) > 1 {
		a, b := heap.Pop(&f).(*node), heap.Pop(&f).(*node)
		heap.Push(&f, &node{weight: a.weight + b.weight, symbol: min(a.symbol, b.symbol), left: a, right: b})
	}
	return f[0]
}

// measure writes down how deep each symbol lies.
func (n *node) measure(depth int, lengths []int) {
	if n.left == nil {
		lengths[n.symbol] = depth
		return
	}
	n.left.measure(depth+1, lengths)
	n.right.measure(depth+1, lengths)
}

// forest is a heap of nodes, the lightest first.
type forest []*node

func (f forest) Len() int { return len(f) }
func (f forest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[i].weight, f[j].weight), cmp.Compare(f[i].symbol, f[j].symbol)) < 0
}
func (f forest) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *forest) Push(x any)   { *f = append(*f, x.(*node)) }
func (f *forest) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// canonical gives out codes: the shorter ones first, equally long ones in the order of
// their symbols.
func canonical(lengths []int) []int {
	codes := make([]int, len(lengths))
	code := 0
	for l := 1; l <= maxLength; l++ {
		for s := range lengths {
			if lengths[s] == l {
				codes[s] = code
				code++
			}
		}
		code <<= 1
	}
	return codes
}
