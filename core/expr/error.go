package expr

import (
	"errors"
	"fmt"
)

// Error is what goes wrong in an expression, under the name Python gives it.
type Error struct {
	Class string // "UndefinedError", "TypeError", "JinjaEvaluationException" …
	Cause string // class of the inner error when Class wraps one, else ""
	Msg   string
	Pos   Pos   // where in the source; zero when unknown
	Err   error // the wrapped error, or nil
}

// Pos is a place in an expression's source. Line and Col count from 1, Col in characters; Offset in bytes.
type Pos struct{ Offset, Line, Col int }

// Error is "Class: message".
func (e *Error) Error() string { return e.Class + ": " + e.Msg }

// Unwrap gives the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of the given Python class.
func Errorf(class, format string, args ...any) error {
	return &Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}

// ClassOf is the class of the first Error in err's chain, or "" when there is none.
func ClassOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}

// At gives err the position p unless it has one already.
func At(err error, p Pos) error {
	if err == nil {
		return nil
	}
	var e *Error
	if p.Line == 0 || !errors.As(err, &e) || e.Pos.Line != 0 || e == errFrozen {
		return err
	}
	c := *e
	c.Pos = p
	return &c
}

// ErrFrozen is met when an expression tries to change shared data. Evaluators answer it
// by running again on a private copy; users never see it.
var ErrFrozen error = errFrozen

var errFrozen = &Error{Class: "TypeError", Msg: "shared data cannot be changed"}

// BudgetError is the class of errors that stop an expression which costs too much.
const BudgetError = "BudgetExceeded"
