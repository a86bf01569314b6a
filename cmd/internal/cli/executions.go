package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/cmd/internal/cli/render"
	"github.com/petrelhq/petrel/sdk/client"
)

var executionResource = resource{
	name: "Action Execution", plural: "action executions", path: "/executions", key: "id",
	columns: []string{"id", "action.ref", "context.user", "status", "start_timestamp", "end_timestamp"},
	times:   []string{"start_timestamp", "end_timestamp"},
	elapsed: true, limited: true, reversed: true,
	filters: append([]filter{
		{flag: "action", help: "only those of this action"},
		{flag: "status", help: "only those in this status"},
		{flag: "user", help: "only those of this user"},
		{flag: "trigger-instance", help: "only those this trigger instance led to"},
	}, timeFilters("timestamp")...),
}

// runAttributes are shown of an execution that was just run.
var runAttributes = []string{
	"id", "action.ref", "context.user", "parameters", "status", "start_timestamp", "end_timestamp", "result",
}

// getAttributes are shown of an execution that was asked for.
var getAttributes = slices.Insert(slices.Clone(runAttributes), len(runAttributes)-1, "log")

func (a *app) executions() *cobra.Command {
	return a.group("execution", "What has been done: list, show, end, repeat and follow executions",
		a.executionList(), a.executionGet(), a.executionReRun(), a.executionCancel(),
		a.executionSteer("pause", "pausing", "Pause workflows"),
		a.executionSteer("resume", "resuming", "Let paused workflows go on"),
		a.executionTail())
}

func (a *app) executionList() *cobra.Command {
	r := executionResource
	var o listOptions
	var order string
	var children bool
	return a.command(verb{
		name: "list", short: "List executions, the newest last", attributes: r.columns, widths: true,
		flags: func(f *pflag.FlagSet) {
			o.register(f, r)
			f.StringVarP(&order, "sort", "s", "descending", "which to begin with: ascending for the oldest, descending for the newest")
			f.BoolVarP(&children, "showall", "l", false, "also those that workflows asked for")
		},
		do: func(ctx context.Context, s *session, _ []string) error {
			query := o.query(s, r)
			if !children {
				query.Set("parent", "null")
			}
			if strings.HasPrefix(order, "asc") {
				query.Set("sort_asc", "True")
			} else {
				query.Set("sort_desc", "True")
			}
			return s.list(ctx, r, query, o.last)
		},
	})
}

// view is how one execution is shown.
type view struct {
	detail  bool
	key     string
	tasks   bool // of a workflow: a table of all its children
	depth   int  // of the children shown, below 0 all
	raw     bool // a workflow like any other execution
	exclude bool // without the result
}

func (v *view) register(f *pflag.FlagSet) {
	f.BoolVarP(&v.detail, "detail", "d", false, "show the execution as a table")
	f.StringVarP(&v.key, "key", "k", "", "show only this part of the result, such as stdout or body.items")
	f.BoolVar(&v.tasks, "show-tasks", false, "of a workflow: show all its children as a table")
	f.IntVar(&v.depth, "depth", -1, "of a workflow: how many levels of children to show, -1 for all")
	f.BoolVar(&v.raw, "raw", false, "show a workflow without its tasks")
}

func (a *app) executionGet() *cobra.Command {
	var v view
	return a.command(verb{
		name: "get", short: "Show an execution", args: "id+", attributes: getAttributes, attrLong: true,
		long: `Shows executions by id; "last" is the newest. Of a workflow it draws the tasks, and says
what went wrong first, or why it waits.`,
		flags: func(f *pflag.FlagSet) {
			v.register(f)
			f.BoolVarP(&v.exclude, "exclude-result", "x", false, "leave out the result, which may be large")
		},
		do: func(ctx context.Context, s *session, ids []string) error {
			if v.exclude {
				s.attributes = slices.DeleteFunc(slices.Clone(s.attributes), func(name string) bool { return name == "result" })
			}
			query := s.executionQuery(v.exclude)
			return s.eachExecution(ctx, ids, query, func(o client.Object) error { return s.showExecution(ctx, o, v) })
		},
	})
}

func (s *session) executionQuery(noResult bool) url.Values {
	switch {
	case noResult:
		return url.Values{"exclude_attributes": {"result"}}
	case s.all():
		return nil
	}
	needed := append([]string{"action.ref", "action.runner_type", "start_timestamp", "end_timestamp", "reason"}, s.attributes...)
	return url.Values{"include_attributes": {strings.Join(needed, ",")}}
}

func (s *session) eachExecution(ctx context.Context, ids []string, query url.Values, use func(client.Object) error) error {
	asked := executionResource
	asked.query = query
	return s.each(ctx, asked, ids, use)
}

// showExecution prints one execution. st2: cli.md, execution text and section 5.
func (s *session) showExecution(ctx context.Context, o client.Object, v view) error {
	o = masked(o)
	if v.tasks && !isWorkflow(o) {
		return errors.New("--show-tasks option can only be used with workflow actions")
	}
	plain := v.detail || v.raw || s.cmd.Flags().Changed("attr")
	switch {
	case v.key != "":
		return s.showResult(o, v.key)
	case isWorkflow(o) && !plain:
		return s.showWorkflow(ctx, o, v)
	}
	attributes := s.attributes
	if s.all() {
		attributes = ordered(nil, o)
	}
	if s.document() {
		return s.writeDocument(selected(o, attributes))
	}
	properties := s.properties(o, attributes)
	if !s.cmd.Flags().Changed("attr") {
		properties = afterStatus(properties, append(lineage(o), reasonOf(o)...))
	}
	if v.detail {
		return render.Properties(s.stdout, properties)
	}
	return render.Text(s.stdout, properties)
}

func (s *session) properties(o client.Object, attributes []string) []render.Property {
	properties := make([]render.Property, len(attributes))
	for i, name := range attributes {
		value := executionResource.readable(s, o, name)
		if text, ok := value.(string); ok && name == "status" {
			value = s.paint(text)
		}
		properties[i] = render.Property{Name: name, Value: value}
	}
	return properties
}

func (s *session) showResult(o client.Object, key string) error {
	part, _ := o.Lookup("result." + key)
	if s.document() {
		return s.writeDocument(part)
	}
	if text, ok := part.(string); ok {
		s.printf("%s\n", text)
		return nil
	}
	s.printf("%s\n", render.Repr(part))
	return nil
}

// masked hides the parameters that are secrets by their names. st2: cli.md, masking.
func masked(o client.Object) client.Object {
	parameters := o.Object("parameters")
	for _, name := range []string{"password", "private_key"} {
		if _, ok := parameters[name]; ok {
			parameters[name] = mask
		}
	}
	return o
}

func (a *app) executionCancel() *cobra.Command {
	return a.command(verb{
		name: "cancel", short: "End executions that are not finished", args: "ids+",
		do: func(ctx context.Context, s *session, ids []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := s.cancel(ctx, c, id); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// cancel prints what came of it. st2: cli.md, fixed texts: a refusal, and an id nobody
// knows, are the server's sentence and no failure.
func (s *session) cancel(ctx context.Context, c *client.Client, id string) error {
	o, err := c.Cancel(ctx, id)
	if refused := faultOf(err); refused != "" && client.StatusOf(err) == http.StatusNotFound {
		s.printf("%s\n", refused)
		return nil
	}
	if err != nil {
		return err
	}
	if refused := o.String("faultstring"); refused != "" {
		s.printf("%s\n", refused)
		return nil
	}
	s.printf("action execution with id %s canceled.\n", id)
	return nil
}

// executionSteer makes a verb that asks for another status.
func (a *app) executionSteer(name, status, short string) *cobra.Command {
	var v view
	return a.command(verb{
		name: name, short: short, args: "ids+", attributes: runAttributes, attrLong: true, flags: v.register,
		do: func(ctx context.Context, s *session, ids []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			for _, id := range ids {
				e, err := c.SetStatus(ctx, id, status)
				if err != nil {
					return err
				}
				if err := s.showExecution(ctx, e.Raw, v); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
