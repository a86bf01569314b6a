package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// resource describes one kind of thing the API keeps, enough for the generic verbs:
// list and get in resource_read.go, create, update, delete, enable and disable in
// resource_write.go.
type resource struct {
	name   string // as messages say it: "Rule Enforcement"
	plural string // as the note below a list says it: "rule enforcements"
	path   string // below the API's base URL: "/ruleenforcements"
	key    string // what identifies one, as usage says it: "ref-or-id"
	byName bool   // the key may be a name, which is looked up with ?name= first

	columns []string // attributes a list shows
	details []string // attributes get shows, nil = all
	front   []string // attributes that come first where all are shown
	times   []string // attributes a list shows as readable times
	elapsed bool     // lists show beside the status how long it took

	filters  []filter
	limited  bool // lists take -n/--last
	whole    bool // lists always get whole objects: the API knows no include_attributes here
	reversed bool // lists show the newest last, though the API gives it first
	flipped  bool // only -j and -y are reversed

	derive func(client.Object) // adds attributes that are shown but not stored, nil = none
	query  url.Values          // goes with every request for one
}

// filter is an option of a list that becomes a query parameter.
type filter struct {
	flag, short string
	dash        string // a spelling with one dash, such as -tg
	param       string // "" = the flag's name with underscores
	help        string
	value       string // what the option's presence means; "" = the option takes a value
}

func (f filter) parameter() string {
	if f.param != "" {
		return f.param
	}
	return strings.ReplaceAll(f.flag, "-", "_")
}

var packFilter = filter{flag: "pack", short: "p", help: "only those of this pack"}

// timeFilters narrow a list to a time; param is what the API calls the time.
func timeFilters(param string) []filter {
	return []filter{
		{flag: "timestamp-gt", dash: "-tg", param: param + "_gt", help: "only those after this time, such as 2026-11-22T12:58:48Z"},
		{flag: "timestamp-lt", dash: "-tl", param: param + "_lt", help: "only those before this time"},
	}
}

// notFound is a key that names nothing.
type notFound struct {
	resource resource
	key      string
}

func (n *notFound) Error() string { return fmt.Sprintf("Resource %s not found.", n.key) }

// line is what StackStorm's client prints about it before anything else.
func (n *notFound) line() string {
	return fmt.Sprintf("%s %q is not found.\n\n", n.resource.name, n.key)
}

// find reads the resource that key names. Errors: *notFound, and all of the client's.
//
// st2 differs: only 404 means not found; StackStorm's client hides a failing server behind it.
func (r resource) find(ctx context.Context, c *client.Client, key string) (client.Object, error) {
	if r.byName {
		page, err := c.List(ctx, r.path, url.Values{"name": {key}})
		if err != nil {
			return nil, err
		}
		if len(page.Items) > 0 {
			return r.derived(page.Items[0]), nil
		}
	}
	o, err := c.Get(ctx, client.Path(r.path, key), r.query)
	if client.StatusOf(err) == http.StatusNotFound {
		return nil, &notFound{resource: r, key: key}
	}
	return r.derived(o), err
}

func (r resource) derived(o client.Object) client.Object {
	if r.derive != nil && o != nil {
		r.derive(o)
	}
	return o
}

// readable is an attribute as lists show it.
func (r resource) readable(s *session, o client.Object, name string) any {
	v, _ := o.Lookup(name)
	if list, ok := v.([]any); ok && slices.Contains(r.times, name) {
		return linesOfTimes(s, list)
	}
	text, ok := v.(string)
	if !ok {
		return v
	}
	if r.elapsed && name == "status" {
		return render.Elapsed(text, o.String("start_timestamp"), o.String("end_timestamp"), s.now())
	}
	if slices.Contains(r.times, name) {
		return render.Timestamp(text, s.zone)
	}
	return v
}

// linesOfTimes is a list of times, a line each.
func linesOfTimes(s *session, list []any) string {
	lines := make([]string, len(list))
	for i, item := range list {
		text, _ := item.(string)
		lines[i] = render.Timestamp(text, s.zone)
	}
	return strings.Join(lines, "\n")
}

// faultOf is what the server said, "" when err is no answer of the server's.
func faultOf(err error) string {
	var e *client.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}
