package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// text returns a query parameter, "" when it is not given.
func (c *call) text(name string) string { return c.Query(name) }

var integerForm = regexp.MustCompile(`^-?[0-9]+$`)

// number returns an integer query parameter.
func (c *call) number(name string, otherwise int) (int, error) {
	v := c.Query(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if !integerForm.MatchString(v) || err != nil {
		return 0, core.FieldErrorf(name, "Parameter \"%s\" is not of type integer", name)
	}
	return n, nil
}

// flag returns a boolean query parameter; given is false when there is none.
func (c *call) flag(name string) (value, given bool, err error) {
	switch strings.ToLower(c.Query(name)) {
	case "":
		return false, false, nil
	case "true", "1", "yes", "y":
		return true, true, nil
	case "false", "0", "no", "n":
		return false, true, nil
	}
	return false, false, core.FieldErrorf(name, "Parameter \"%s\" is not of type boolean", name)
}

// showSecrets reports whether the caller asked to see secrets, and may.
func (c *call) showSecrets() (bool, error) {
	show, _, err := c.flag("show_secrets")
	return show && c.s.Auth.Admin(c.who), err
}

// words returns a comma list.
func (c *call) words(name string) []string {
	v := c.Query(name)
	if v == "" {
		return nil
	}
	ws := strings.Split(v, ",")
	for i := range ws {
		ws[i] = strings.TrimSpace(ws[i])
	}
	return slices.DeleteFunc(ws, func(w string) bool { return w == "" })
}

const maxIDs = 100

// ids returns the filter "id".
func (c *call) ids() ([]string, error) {
	ids := c.words("id")
	if len(ids) > maxIDs {
		return nil, core.FieldErrorf("id", "Maximum of %d items can be provided for a query parameter value", maxIDs)
	}
	return ids, nil
}

// moment returns a query parameter that is a timestamp, 0 when it is not given.
func (c *call) moment(name string) (core.Time, error) {
	v := c.Query(name)
	if v == "" {
		return 0, nil
	}
	return core.ParseTime(strings.ReplaceAll(v, " 00:00", "+00:00")) // a plus that came as a space
}

// between returns the bounds that name_gt and name_lt set: from included, to not.
func (c *call) between(name string) (from, to core.Time, err error) {
	gt, err := c.moment(name + "_gt")
	if err != nil {
		return 0, 0, err
	}
	lt, err := c.moment(name + "_lt")
	if gt != 0 {
		gt++
	}
	return gt, lt, err
}

// isNull reports whether a filter's value asks for the absence of the field.
func isNull(v string) bool { return strings.EqualFold(v, "null") }

// matches holds a filter's value against a field: not given fits all.
func matches(want, have string) bool {
	switch {
	case want == "":
		return true
	case isNull(want):
		return have == ""
	}
	return want == have
}

// paging is the part of a list that was asked for.
type paging struct{ limit, offset int } // limit 0: all

// paging reads limit and offset. st2: rest-api reference, common conventions, limit.
func (c *call) paging(otherwise int) (paging, error) {
	limit, err := c.number("limit", otherwise)
	if err != nil {
		return paging{}, err
	}
	switch {
	case c.Query("limit") == "":
	case limit == 0:
		return paging{}, core.FieldErrorf("limit", "Limit, \"0\" specified, must be a positive number or -1 for full result set.")
	case limit == -1 && !c.s.Auth.Admin(c.who):
		return paging{}, core.Errorf(core.Forbidden, "Administrator access required to be able to specify limit=-1 and retrieve all the records")
	case limit == -1:
		limit = 0
	case limit < -1:
		return paging{}, core.FieldErrorf("limit", "Limit, \"%d\" specified, must be a positive number.", limit)
	}
	offset, err := c.number("offset", 0)
	switch {
	case err != nil:
		return paging{}, err
	case offset >= 1<<31:
		return paging{}, core.FieldErrorf("offset", "Offset \"%d\" specified is more than 32-bit int", offset)
	case offset < 0:
		return paging{}, core.FieldErrorf("offset", "Offset \"%d\" specified, must not be negative.", offset)
	}
	return paging{limit, offset}, nil
}

// cut returns a page of a list that is in memory.
func cut[T any](all []T, p paging) []T {
	all = all[min(p.offset, len(all)):]
	if p.limit > 0 {
		all = all[:min(p.limit, len(all))]
	}
	return all
}

// countHeaders tells how many there are in all, and the limit in force.
func (c *call) countHeaders(total int, p paging) {
	c.Set("X-Total-Count", strconv.Itoa(total))
	if p.limit > 0 {
		c.Set("X-Limit", strconv.Itoa(p.limit))
	}
}

// attributes are what a noun's JSON has.
type attributes struct {
	all        []string
	excludable []string // nil: all
	always     []string // returned whatever was asked for
}

// picked says which attributes to return; nil: all.
type picked struct {
	names   []string
	exclude bool
}

func (p *picked) has(name string) bool {
	return p == nil || slices.Contains(p.names, name) != p.exclude
}

// pick reads include_attributes and exclude_attributes.
// st2: rest-api reference, common conventions.
func (c *call) pick(a attributes) (*picked, error) {
	include, exclude := c.words("include_attributes"), c.words("exclude_attributes")
	switch {
	case len(include) > 0 && len(exclude) > 0:
		return nil, core.FieldErrorf("include_attributes", "exclude_attributes and include_attributes arguments are mutually exclusive. You need to provide either one or another, but not both.")
	case len(include) > 0:
		names, err := tops(include, a.all, "include")
		return &picked{names: append(names, a.always...)}, err
	case len(exclude) > 0:
		valid := a.all
		if a.excludable != nil {
			valid = a.excludable
		}
		names, err := tops(exclude, valid, "exclude")
		keep := func(n string) bool { return slices.Contains(a.always, n) }
		return &picked{names: slices.DeleteFunc(names, keep), exclude: true}, err
	}
	return nil, nil
}

// tops returns the first parts of dotted names, checked.
func tops(names, valid []string, verb string) ([]string, error) {
	out := make([]string, 0, len(names))
	for _, n := range names {
		top, _, _ := strings.Cut(n, ".")
		if !slices.Contains(valid, top) {
			return nil, core.FieldErrorf(verb+"_attributes", "Invalid or unsupported %s attribute specified: %s", verb, n)
		}
		out = append(out, top)
	}
	return out, nil
}
