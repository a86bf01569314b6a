package regex

import (
	"fmt"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// SyntaxError says what is wrong with a pattern or a replacement, and where.
type SyntaxError struct {
	Msg    string
	Source string // the pattern or replacement
	Pos    int    // in code points, from 0
	class  string // Python's class of it
}

// Error words the fault as Python does: "missing ), unterminated subpattern at position 0".
func (e *SyntaxError) Error() string {
	msg := fmt.Sprintf("%s at position %d", e.Msg, e.Pos)
	if !strings.Contains(e.Source, "\n") {
		return msg
	}
	before := string([]rune(e.Source)[:e.Pos])
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1
	return fmt.Sprintf("%s (line %d, column %d)", msg, line, column)
}

// Unwrap gives the error of Python's class, for [expr.ClassOf]: "error" (re.error), or
// IndexError for a group name that a replacement uses and the pattern does not have.
func (e *SyntaxError) Unwrap() error { return expr.Errorf(e.class, "%s", e.Error()) }

// TimeoutError says that matching was cut by the clock.
type TimeoutError struct {
	Pattern string
	Limit   time.Duration
}

// Error names the pattern and the way out.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("matching %s was stopped after %s; make the pattern simpler (nested repeats such as (a+)+ are the usual cause)",
		shorten(e.Pattern), e.Limit)
}

// Unwrap gives the error of the class of exceeded budgets, for [expr.ClassOf].
func (e *TimeoutError) Unwrap() error { return expr.Errorf(expr.BudgetError, "%s", e.Error()) }

func shorten(pattern string) string {
	const most = 80
	if r := []rune(pattern); len(r) > most {
		return fmt.Sprintf("%q…", string(r[:most]))
	}
	return fmt.Sprintf("%q", pattern)
}
