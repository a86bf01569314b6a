package render

import "github.com/mattn/go-runewidth"

const (
	minIDWidth  = 26
	statusWidth = 24
)

// Widths shares a screen among the attributes of a list. An id in first place gets what
// it needs, status a fixed width, the others equal parts.
// st2: cli.md, column width.
func Widths(screen int, attributes []string, ids []string) []int {
	n := len(attributes)
	widths := make([]int, n)
	first := screen / max(n, 1)
	share := first
	if n > 0 && attributes[0] == "id" {
		first = minIDWidth
		for _, id := range ids {
			first = max(first, runewidth.StringWidth(id))
		}
		share = max((screen-first)/n, 1)
	}
	for i, name := range attributes {
		switch {
		case i == 0:
			widths[i] = first
		case name == "status":
			widths[i] = statusWidth
		default:
			widths[i] = share
		}
	}
	return widths
}

// GivenWidths are widths a user asked for: one for all columns, or one each. Columns
// without one share the screen.
func GivenWidths(given []int, screen int, attributes, ids []string) []int {
	widths := Widths(screen, attributes, ids)
	for i := range widths {
		switch {
		case len(given) == 1:
			widths[i] = given[0]
		case i < len(given):
			widths[i] = given[i]
		}
	}
	return widths
}
