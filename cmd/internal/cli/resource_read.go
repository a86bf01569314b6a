package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

// defaultLast is how many a list shows unless -n says otherwise.
const defaultLast = 50

// list makes the verb "list" of r.
func (a *app) list(r resource) *cobra.Command {
	var o listOptions
	return a.command(verb{
		name: "list", short: "List " + r.plural, attributes: r.columns, widths: true,
		flags: func(f *pflag.FlagSet) { o.register(f, r) },
		do: func(ctx context.Context, s *session, _ []string) error {
			return s.list(ctx, r, o.query(s, r), o.last)
		},
	})
}

type listOptions struct {
	last    int
	values  []*string
	present []*bool
}

func (o *listOptions) register(f *pflag.FlagSet, r resource) {
	if r.limited {
		f.IntVarP(&o.last, "last", "n", defaultLast, "how many at most")
	}
	o.values, o.present = make([]*string, len(r.filters)), make([]*bool, len(r.filters))
	for i, filter := range r.filters {
		if filter.value != "" {
			o.present[i] = f.BoolP(filter.flag, filter.short, false, filter.help)
		} else {
			o.values[i] = f.StringP(filter.flag, filter.short, "", filter.help)
		}
		if filter.dash != "" {
			alsoSpelled(f, filter.flag, filter.dash)
		}
	}
}

// query is what the options ask the API for.
func (o *listOptions) query(s *session, r resource) url.Values {
	q := url.Values{}
	if r.limited {
		q.Set("limit", strconv.Itoa(o.last))
	}
	for i, filter := range r.filters {
		switch {
		case o.values[i] != nil && *o.values[i] != "":
			q.Set(filter.parameter(), *o.values[i])
		case o.present[i] != nil && *o.present[i]:
			q.Set(filter.parameter(), filter.value)
		}
	}
	if !r.whole && !s.all() {
		q.Set("include_attributes", strings.Join(r.needed(s.attributes), ","))
	}
	return q
}

// needed are the attributes to ask for so that the given ones can be shown.
func (r resource) needed(attributes []string) []string {
	if r.elapsed && slices.Contains(attributes, "status") {
		for _, name := range []string{"start_timestamp", "end_timestamp"} {
			if !slices.Contains(attributes, name) {
				attributes = append(slices.Clone(attributes), name)
			}
		}
	}
	return attributes
}

// list asks for a page and shows it.
func (s *session) list(ctx context.Context, r resource, query url.Values, last int) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	page, err := c.List(ctx, r.path, query)
	if err != nil {
		return err
	}
	if err := s.showList(r, page.Items); err != nil {
		return err
	}
	return s.note(r, page, last)
}

// showList prints items as a table or a document.
func (s *session) showList(r resource, items []client.Object) error {
	// st2: cli.md, list table: reversed lists show an empty table instead of the sentence.
	if len(items) == 0 && !r.reversed && !(r.flipped && s.json) {
		s.printf("No matching items found\n")
		return nil
	}
	if r.reversed || r.flipped && s.document() {
		slices.Reverse(items)
	}
	for _, item := range items {
		r.derived(item)
	}
	if s.document() {
		return s.writeDocument(s.selectedItems(items))
	}
	attributes := s.attributes
	if s.all() {
		attributes = ordered(r.front, items...)
	}
	return s.table(r, items, attributes)
}

func (s *session) selectedItems(items []client.Object) []any {
	attributes := s.attributes
	if s.all() {
		attributes = nil
	}
	parts := make([]any, len(items))
	for i, item := range items {
		parts[i] = selected(item, attributes)
	}
	return parts
}

func (s *session) table(r resource, items []client.Object, attributes []string) error {
	ids := make([]string, len(items))
	rows := make([][]string, len(items))
	for i, item := range items {
		ids[i] = item.ID()
		for _, name := range attributes {
			rows[i] = append(rows[i], render.Cell(r.readable(s, item, name)))
		}
	}
	columns := make([]render.Column, len(attributes))
	widths := render.GivenWidths(s.widths, s.screen, attributes, ids)
	for i, name := range attributes {
		columns[i] = render.Column{Name: name, Max: widths[i]}
		if name == "status" {
			columns[i].Paint = s.colour()
		}
	}
	return render.Table(s.stdout, columns, rows)
}

// note says on stderr that there is more than the list shows. st2: cli.md, note box.
func (s *session) note(r resource, page client.Page, last int) error {
	if last <= 0 || page.Total <= last {
		return nil
	}
	text := fmt.Sprintf("Note: Only first %d %s are displayed. Use -n/--last flag for more results.", last, r.plural)
	if last == 1 {
		text = fmt.Sprintf("Note: Only one %s is displayed. Use -n/--last flag for more results.", strings.ToLower(r.name))
	}
	return render.Box(s.stderr, text)
}

// get makes the verb "get" of r.
func (a *app) get(r resource) *cobra.Command {
	attributes := r.details
	if attributes == nil {
		attributes = []string{"all"}
	}
	return a.command(verb{
		name: "get", short: "Show one " + strings.ToLower(r.name), args: r.key + "+", attributes: attributes,
		do: func(ctx context.Context, s *session, keys []string) error {
			return s.each(ctx, r, keys, func(o client.Object) error { return s.show(r, o) })
		},
	})
}

// each finds what keys name and hands it to use. Of several keys, those that name nothing
// are said and passed over. st2: cli.md, get of unknown.
func (s *session) each(ctx context.Context, r resource, keys []string, use func(client.Object) error) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		o, err := r.find(ctx, c, key)
		var missing *notFound
		if errors.As(err, &missing) {
			s.printf("%s", missing.line())
			if len(keys) > 1 {
				continue
			}
		}
		if err != nil {
			return err
		}
		if err := use(o); err != nil {
			return err
		}
	}
	return nil
}

// show prints one object as a property table or a document.
func (s *session) show(r resource, o client.Object) error {
	attributes := s.attributes
	if attributes == nil || s.all() {
		attributes = ordered(r.front, o)
	}
	if s.document() {
		return s.writeDocument(selected(o, attributes))
	}
	properties := make([]render.Property, len(attributes))
	for i, name := range attributes {
		v, _ := o.Lookup(name)
		properties[i] = render.Property{Name: name, Value: v}
	}
	return render.Properties(s.stdout, properties)
}
