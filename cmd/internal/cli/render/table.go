package render

import (
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Column is one column of a table.
type Column struct {
	Name  string
	Max   int                      // cells wrap at this many screen columns
	Paint func(text string) string // colours a cell that is laid out already; nil = leave it
}

// Table writes rows under a header, framed. A row has one cell per column.
func Table(w io.Writer, columns []Column, rows [][]string) error {
	wrapped := make([][][]string, len(rows))
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = runewidth.StringWidth(c.Name) // the header is never wrapped
	}
	for r, row := range rows {
		wrapped[r] = make([][]string, len(columns))
		for i, cell := range row {
			wrapped[r][i] = Wrap(cell, columns[i].Max)
			widths[i] = max(widths[i], min(widest(strings.Split(cell, "\n")), columns[i].Max))
		}
	}
	t := table{columns: columns, widths: widths}
	t.frame(wrapped)
	_, err := io.WriteString(w, t.out.String())
	return err
}

type table struct {
	columns []Column
	widths  []int
	out     strings.Builder
}

func (t *table) frame(rows [][][]string) {
	t.rule()
	for i, c := range t.columns {
		t.cell(c.Name, t.widths[i], nil)
	}
	t.out.WriteString("|\n")
	t.rule()
	for _, row := range rows {
		t.row(row)
	}
	t.rule()
}

func (t *table) rule() {
	for _, width := range t.widths {
		t.out.WriteString("+" + strings.Repeat("-", width+2))
	}
	t.out.WriteString("+\n")
}

// row writes one row, which is as high as its highest cell.
func (t *table) row(cells [][]string) {
	height := 1
	for _, lines := range cells {
		height = max(height, len(lines))
	}
	for line := range height {
		for i, lines := range cells {
			text := ""
			if line < len(lines) {
				text = lines[line]
			}
			t.cell(text, t.widths[i], t.columns[i].Paint)
		}
		t.out.WriteString("|\n")
	}
}

func (t *table) cell(text string, width int, paint func(string) string) {
	padding := strings.Repeat(" ", width-runewidth.StringWidth(text))
	if paint != nil {
		text = paint(text)
	}
	t.out.WriteString("| " + text + padding + " ")
}

func widest(lines []string) int {
	n := 0
	for _, line := range lines {
		n = max(n, runewidth.StringWidth(line))
	}
	return n
}

// Box writes one line of text in a frame.
func Box(w io.Writer, text string) error {
	rule := "+" + strings.Repeat("-", runewidth.StringWidth(text)+2) + "+\n"
	_, err := io.WriteString(w, rule+"| "+text+" |\n"+rule)
	return err
}
