package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// sentence says why a check does not hold.
func (c *check) sentence(v verdict, err error) string {
	return c.head() + ": " + c.why(v, err)
}

// head names the check: its key, operator and pattern, with Jinja as written.
func (c *check) head() string {
	name := c.operator.name
	if name == "" {
		return c.key
	}
	switch {
	case c.operator.ignoresPattern:
		return c.key + " " + name
	case name == searchName:
		return strings.TrimSpace(c.key + " " + name + " " + c.condition)
	}
	return c.key + " " + name + " " + show(c.pattern.value)
}

func (c *check) why(v verdict, err error) string {
	switch {
	case v.detail != "":
		return v.detail
	case err != nil:
		return message(err)
	case !v.found:
		return "the payload has no such value"
	}
	return "the value was " + show(v.value) + c.rendered(v)
}

// rendered says what a pattern with Jinja came to, unless it may be a secret of the datastore.
func (c *check) rendered(v verdict) string {
	if c.pattern.template == "" || strings.Contains(c.pattern.template, "st2kv") {
		return ""
	}
	return ", the pattern " + show(v.pattern)
}

// message is an error's text without the name of its Python class.
func message(err error) string {
	text := err.Error()
	var e *expr.Error
	if errors.As(err, &e) {
		text = strings.Replace(text, e.Error(), e.Msg, 1)
	}
	return text
}

// show writes a value in at most a line.
func show(v expr.Value) string {
	const most = 100
	switch v {
	case nil:
		return "null"
	case true:
		return "true"
	case false:
		return "false"
	}
	text, err := expr.Repr(nil, v)
	if err != nil {
		return fmt.Sprintf("a %s", expr.TypeName(v))
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
