package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

func startOf(x *core.Execution) core.Time { return x.Start }

// listExecutions answers every filter from an index where there is one.
// st2: rest-api reference, GET /executions.
func (c *call) listExecutions() error {
	how := shown{}
	var err error
	if how.pick, err = c.pick(executionAttributes); err != nil {
		return err
	}
	if how.secrets, err = c.showSecrets(); err != nil {
		return err
	}
	p, err := c.paging(100)
	if err != nil {
		return err
	}
	f, err := c.executionFilter()
	if err != nil {
		return err
	}
	xs, total, err := page(c.ctx(), c.s.Store.Executions(), f, p, startOf)
	if err != nil {
		return err
	}
	c.countHeaders(total, p)
	return c.sendExecutions(xs, how)
}

func (c *call) sendExecutions(xs []*core.Execution, how shown) error {
	view, err := c.s.view(c.ctx(), xs, how)
	if err != nil {
		return err
	}
	return sendAll(c, xs, func(b []byte, x *core.Execution) ([]byte, error) { return view.write(c.ctx(), b, x) })
}

func (c *call) sendExecution(status int, x *core.Execution, how shown) error {
	view, err := c.s.view(c.ctx(), []*core.Execution{x}, how)
	if err != nil {
		return err
	}
	return sendOne(c, status, x, func(b []byte, x *core.Execution) ([]byte, error) { return view.write(c.ctx(), b, x) })
}

func (c *call) executionFilter() (found[core.Execution], error) {
	var f found[core.Execution]
	var err error
	if f.ids, err = c.ids(); err != nil {
		return f, err
	}
	if id := c.text("liveaction"); id != "" {
		f.ids = append(f.ids, id) // st2: a liveaction and its execution are one here
	}
	f.is(store.ByStatus, c.text("status"), func(x *core.Execution) string { return string(x.Status) })
	f.is(store.ByAction, c.text("action"), func(x *core.Execution) string { return x.Action })
	f.is(store.ByRunner, c.text("runner"), func(x *core.Execution) string { return x.Runner })
	f.is(store.ByUser, c.text("user"), func(x *core.Execution) string { return x.Context.User })
	f.is(store.ByTrigger, c.text("trigger"), origin(func(o *core.Origin) string { return o.Trigger }))
	f.is(store.ByInstance, c.text("trigger_instance"), origin(func(o *core.Origin) string { return o.TriggerInstance }))
	f.has(c.text("trigger_type"), origin(func(o *core.Origin) string { return o.TriggerType }))
	if parent := c.text("parent"); isNull(parent) {
		f.where = append(f.where, store.Is{Index: store.ByParent})
		f.indexed = append(f.indexed, func(x *core.Execution) bool { return x.Parent == "" })
	} else {
		f.is(store.ByParent, parent, func(x *core.Execution) string { return x.Parent })
	}
	if err := c.ruleFilter(&f); err != nil {
		return f, err
	}
	if err := c.valueFilter(&f); err != nil {
		return f, err
	}
	return f, c.timeFilter(&f)
}

// origin reads a field of the rule and event an execution came from.
func origin(field func(*core.Origin) string) func(*core.Execution) string {
	return func(x *core.Execution) string {
		if x.Origin == nil {
			return ""
		}
		return field(x.Origin)
	}
}

// ruleFilter takes a rule's name, as StackStorm, or its reference.
func (c *call) ruleFilter(f *found[core.Execution]) error {
	want := c.text("rule")
	ref := origin(func(o *core.Origin) string { return o.Rule.Ref })
	if want == "" || isNull(want) {
		f.is(store.ByRule, want, ref)
		return nil
	}
	refs, err := c.s.Store.Executions().Values(c.ctx(), store.ByRule)
	if err != nil {
		return err
	}
	named := slices.DeleteFunc(refs, func(r string) bool { return r != want && ruleName(r) != want })
	if len(named) > 1 {
		f.keep = append(f.keep, func(x *core.Execution) bool { return slices.Contains(named, ref(x)) })
		return nil
	}
	f.is(store.ByRule, append(named, want)[0], ref)
	return nil
}

func ruleName(ref string) string {
	_, name, _ := core.SplitRef(ref)
	return name
}

// valueFilter reads filter=path:value, several separated by spaces.
func (c *call) valueFilter(f *found[core.Execution]) error {
	for _, term := range strings.Fields(c.text("filter")) {
		path, want, ok := strings.Cut(term, ":")
		if !ok {
			return core.FieldErrorf("filter", "filter needs to be path:value, got %q", term)
		}
		keys := strings.Split(path, ".")
		f.keep = append(f.keep, func(x *core.Execution) bool {
			raw, err := json.Marshal(x)
			return err == nil && valueAt(raw, keys) == want
		})
	}
	return nil
}

// valueAt returns the text of the value at a path of keys, "" when there is none.
func valueAt(raw []byte, keys []string) string {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return ""
	}
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		v = m[k]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// timeFilter reads timestamp, timestamp_gt, timestamp_lt and the order.
func (c *call) timeFilter(f *found[core.Execution]) error {
	var err error
	if f.from, f.to, err = c.between("timestamp"); err != nil {
		return err
	}
	if err := c.timestamp(f); err != nil {
		return err
	}
	asc, _, err := c.flag("sort_asc")
	if err != nil {
		return err
	}
	desc, _, err := c.flag("sort_desc")
	f.oldest = !desc && (asc || c.text("timestamp_gt") != "" || f.oldest)
	for _, key := range c.words("sort") {
		if name := strings.TrimLeft(key, "+- "); name == "timestamp" || name == "start_timestamp" {
			f.oldest = !strings.HasPrefix(key, "-")
			break
		}
	}
	return err
}

// timestamp is one moment, or two as a..b, later first for newest first.
func (c *call) timestamp(f *found[core.Execution]) error {
	v := c.text("timestamp")
	if v == "" || isNull(v) {
		return nil
	}
	first, second, isRange := strings.Cut(v, "..")
	a, err := core.ParseTime(first)
	if err != nil {
		return err
	}
	b := a
	if isRange {
		if b, err = core.ParseTime(second); err != nil {
			return err
		}
		f.oldest = a <= b
	}
	f.from, f.to = min(a, b), max(a, b)+1
	return nil
}

// findExecution returns the execution a path names; "last" is the newest.
func (c *call) findExecution() (*core.Execution, error) {
	id := c.Params("id")
	if id == "last" {
		xs, _, err := c.s.Store.Executions().List(c.ctx(), store.Query{Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(xs) == 1 {
			return xs[0], nil
		}
	}
	x, err := c.s.Store.Executions().Get(c.ctx(), id)
	if core.KindOf(err) == core.NotFound {
		return nil, noResource(id)
	}
	return x, err
}

func noResource(id string) error {
	return core.Errorf(core.NotFound, "Unable to identify resource with id \"%s\".", id)
}

const mostResult = 14 << 20 // st2: what its database can hold

func (c *call) getExecution() error {
	how := shown{large: true}
	var err error
	if how.pick, err = c.pick(executionAttributes); err != nil {
		return err
	}
	if how.secrets, err = c.showSecrets(); err != nil {
		return err
	}
	if how.maxResult, err = c.number("max_result_size", 0); err != nil {
		return err
	}
	if how.maxResult < 0 || how.maxResult > mostResult || (how.maxResult == 0 && c.text("max_result_size") != "") {
		return core.FieldErrorf("max_result_size", "max_result_size query parameter must be positive and at most %d bytes (14 MB)", mostResult)
	}
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	return c.sendExecution(fiber.StatusOK, x, how)
}

func (c *call) getExecutionAttribute() error {
	name := c.Params("attribute")
	if !slices.Contains(executionAttributes.excludable, name) {
		return core.Errorf(core.Invalid, "Invalid attribute \"%s\" specified. Valid attributes are: %s", name, strings.Join(executionAttributes.excludable, ", "))
	}
	x, err := c.findExecution()
	if err != nil {
		return err
	}
	view, err := c.s.view(c.ctx(), []*core.Execution{x}, shown{large: true, pick: &picked{names: []string{name}}})
	if err != nil {
		return err
	}
	raw, err := view.write(c.ctx(), nil, x)
	if err != nil {
		return err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if m[name] == nil {
		m[name] = json.RawMessage("null")
	}
	return answerRaw(c.Ctx, fiber.StatusOK, m[name])
}

// listExecutionChildren returns all descendants down to a depth.
// st2: rest-api reference, GET /executions/{id}/children.
// st2 differs: it takes include_attributes, as lists do, so that large workflows can be drawn.
func (c *call) listExecutionChildren() error {
	depth, err := c.number("depth", -1)
	if err != nil {
		return err
	}
	how := shown{}
	if how.pick, err = c.pick(executionAttributes); err != nil {
		return err
	}
	top, err := c.findExecution()
	if err != nil {
		return err
	}
	xs, err := c.s.descendants(c.ctx(), top.ID, depth)
	if err != nil {
		return err
	}
	if c.text("result_fmt") == "sorted" {
		slices.SortStableFunc(xs, func(a, b *core.Execution) int { return int(a.Start - b.Start) })
	}
	return c.sendExecutions(xs, how)
}

// descendants goes depth first, siblings by start; depth counts from 1, below 0 is all.
func (s *Server) descendants(ctx context.Context, id string, depth int) ([]*core.Execution, error) {
	if depth == 0 {
		return nil, nil
	}
	children, _, err := s.Store.Executions().List(ctx, store.Query{Oldest: true, Where: []store.Is{{Index: store.ByParent, Value: id}}})
	if err != nil {
		return nil, err
	}
	var all []*core.Execution
	for _, x := range children {
		all = append(all, x)
		if !isWorkflow(x.Runner) {
			continue
		}
		below, err := s.descendants(ctx, x.ID, depth-1)
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// listExecutionFilters tells which values the filters can have.
func (c *call) listExecutionFilters() error {
	indexes := map[string]string{
		"action": store.ByAction, "status": store.ByStatus, "rule": store.ByRule, "runner": store.ByRunner,
		"trigger": store.ByTrigger, "trigger_type": store.ByTrigger, "user": store.ByUser,
	}
	asked := c.words("types")
	names, err := c.s.catalogue(c.ctx())
	if err != nil {
		return err
	}
	out := map[string][]string{}
	for name, index := range indexes {
		if len(asked) > 0 && !slices.Contains(asked, name) {
			continue
		}
		values, err := c.s.Store.Executions().Values(c.ctx(), index)
		if err != nil {
			return err
		}
		out[name] = filterValues(name, values, names)
	}
	return answer(c.Ctx, fiber.StatusOK, out)
}

// filterValues turns what is indexed into what the filter of this name takes.
func filterValues(name string, values []string, names *catalogue) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		switch name {
		case "rule":
			v = ruleName(v)
		case "trigger_type":
			if t, ok := names.triggers[v]; ok {
				v = t.Type
			}
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
