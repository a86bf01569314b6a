package expr

import "strings"

// TextBuilder collects text within a budget.
type TextBuilder struct {
	strings.Builder
	Budget *Budget
}

// Put writes a text and pays for the memory that is asked for: nothing while there is room, then twice of what there is.
func (b *TextBuilder) Put(s string) error {
	if b.Cap()-b.Len() < len(s) {
		if err := b.Budget.Grow(int64(2*b.Cap() + len(s))); err != nil {
			return err
		}
		b.Builder.Grow(len(s))
	}
	b.WriteString(s)
	return nil
}
