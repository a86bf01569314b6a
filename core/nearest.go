package core

import "strings"

// Nearest returns the known name most like a mistyped one, for "did you mean", or "" when
// none is near: a third of its letters and one more may differ, and a name of which it is
// the beginning is near.
func Nearest(name string, known []string) string {
	nearest, least := "", len(name)/3+2
	for _, k := range known {
		d := editDistance(name, k)
		if len(name) > 2 && strings.HasPrefix(k, name) {
			d = 1
		}
		if d < least || (d == least && nearest != "" && k < nearest) {
			nearest, least = k, d
		}
	}
	return nearest
}

// editDistance counts the letters to change, add, drop or swap with their neighbour.
func editDistance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
