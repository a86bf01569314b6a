package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// table is a plain table with a title and remarks.
type table struct {
	title   string
	remarks []string
	rows    [][]string // the first is the head
}

func newTable(title string, head ...string) *table {
	return &table{title: title, rows: [][]string{head}}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) remark(format string, args ...any) {
	t.remarks = append(t.remarks, fmt.Sprintf(format, args...))
}

// print writes the table, its columns as wide as they need to be.
func (t *table) print(w io.Writer) {
	width := make([]int, len(t.rows[0]))
	for _, r := range t.rows {
		for i, c := range r {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	fmt.Fprintf(w, "\n%s\n", t.title)
	for _, r := range t.rows {
		var line strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", width[i]-len([]rune(c)))
			if i == 0 {
				line.WriteString("  " + c + pad)
				continue
			}
			line.WriteString("  " + pad + c)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
	for _, r := range t.remarks {
		fmt.Fprintln(w, "  "+r)
	}
}

// verdict names a bar and whether it was reached.
func verdict(reached bool, bar string) string {
	if reached {
		return bar + " ok"
	}
	return bar + " short"
}

func atLeast(v, bar float64, unit string) string {
	return verdict(v >= bar, fmt.Sprintf(">= %g%s", bar, unit))
}

func under(v, bar time.Duration) string {
	return verdict(v < bar, fmt.Sprintf("< %v", bar))
}

func perSecond(v float64) string { return fmt.Sprintf("%.0f/s", v) }

func times(v float64) string { return fmt.Sprintf("%.2fx", v) }

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

func micros(seconds float64) string { return fmt.Sprintf("%.0f us", seconds*1e6) }

func megabytes(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }

type number interface{ ~int64 | ~float64 }

func median[T number](vs []T) T { return percentile(vs, 50) }

func percentile[T number](vs []T, p int) T {
	if len(vs) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(vs))
	return s[min(len(s)-1, len(s)*p/100)]
}

// spread is the smallest and the largest.
func spread[T number](vs []T) (T, T) { return slices.Min(vs), slices.Max(vs) }
