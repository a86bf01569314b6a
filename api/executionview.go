package api

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

var executionAttributes = attributes{
	all: []string{"id", "action", "runner", "liveaction", "status", "start_timestamp", "end_timestamp",
		"elapsed_seconds", "parameters", "result", "result_size", "context", "parent", "children", "log",
		"web_url", "delay", "workflow_execution", "task_execution", "rule", "trigger", "trigger_type",
		"trigger_instance", "reason"},
	excludable: []string{"result", "trigger_instance", "status"},
	always:     []string{"id"},
}

// shown says how executions are to be written.
type shown struct {
	pick      *picked
	secrets   bool // in clear
	large     bool // results kept in chunks also
	maxResult int  // bytes; a larger result is left out; 0: no such limit
}

// largePayload is the size in bytes above which lists leave a trigger instance's payload
// out, as they do with results.
const largePayload = 16 << 10

// executionView writes executions, with what they refer to joined to them.
type executionView struct {
	s         *Server
	shown     shown
	names     *catalogue
	instances map[string]*core.TriggerInstance
}

// view prepares for writing these executions, reading what they share in one go.
func (s *Server) view(ctx context.Context, xs []*core.Execution, how shown) (*executionView, error) {
	names, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	v := &executionView{s: s, shown: how, names: names}
	if !how.pick.has("trigger_instance") {
		return v, nil
	}
	var ids []string
	for _, x := range xs {
		if x.Origin != nil {
			ids = append(ids, x.Origin.TriggerInstance)
		}
	}
	slices.Sort(ids)
	found, err := s.Store.Instances().Many(ctx, slices.Compact(ids))
	v.instances = make(map[string]*core.TriggerInstance, len(found))
	for _, i := range found {
		v.instances[i.ID] = i
	}
	return v, err
}

// write appends one execution as the API shows it. Whatever Python calls false is left
// out. st2: rest-api reference, common conventions, response.
func (v *executionView) write(ctx context.Context, b []byte, x *core.Execution) ([]byte, error) {
	ran, err := v.s.defs.ranWith(ctx, v.s.Store, x)
	if err != nil {
		return nil, err
	}
	params := []byte(x.Parameters)
	if !v.shown.secrets {
		if params, err = ran.maskParameters(params); err != nil {
			return nil, err
		}
	}
	o := begin(b, v.shown.pick)
	o.text("id", x.ID)
	o.raw("action", ran.action, "")
	o.raw("runner", ran.runner, "")
	writeLiveAction(o, x, ran, params)
	o.text("status", string(x.Status))
	o.at("start_timestamp", x.Start)
	writeEnd(o, x)
	o.truthy("parameters", params)
	if err := v.writeResult(ctx, o, x, ran); err != nil {
		return nil, err
	}
	o.truthy("context", contextJSON(x))
	o.some("parent", x.Parent)
	if err := v.writeChildren(ctx, o, x, ran); err != nil {
		return nil, err
	}
	writeLog(o, x.Log)
	o.text("web_url", v.s.WebURL+"/#/history/"+x.ID+"/general")
	if x.Delay > 0 {
		o.number("delay", x.Delay)
	}
	o.some("reason", x.Reason)
	if err := v.writeOrigin(ctx, o, x, ran); err != nil {
		return nil, err
	}
	return o.end()
}

func writeEnd(o *object, x *core.Execution) {
	o.at("end_timestamp", x.End)
	if d := x.End.Sub(x.Start); x.End != 0 && d > 0 && o.member("elapsed_seconds") {
		o.b = strconv.AppendFloat(o.b, d.Seconds(), 'f', -1, 64)
	}
}

func writeLog(o *object, log []core.StatusChange) {
	if len(log) == 0 || !o.member("log") {
		return
	}
	for i, l := range log {
		o.b = append(o.b, `[,`[min(i, 1)])
		o.b = append(o.b, `{"timestamp":`...)
		o.b = appendText(o.b, l.At.String())
		o.b = append(o.b, `,"status":`...)
		o.b = append(appendText(o.b, string(l.Status)), '}')
	}
	o.b = append(o.b, ']')
}

// writeLiveAction writes what StackStorm keeps as an object of its own; here it is the
// same thing and has the same id. st2: execution reference, objects.
func writeLiveAction(o *object, x *core.Execution, ran *ranWith, params []byte) {
	if !o.member("liveaction") {
		return
	}
	in := begin(o.b, nil)
	writeCommon(in, x, ran, params)
	o.b, _ = in.end()
}

func writeCommon(in *object, x *core.Execution, ran *ranWith, params []byte) {
	in.text("id", x.ID)
	in.text("action", x.Action)
	in.flag("action_is_workflow", ran.workflow)
	in.raw("parameters", params, "{}")
	in.raw("callback", x.Callback, "{}")
	if in.member("runner_info") {
		in.b = append(in.b, '{')
		if r := x.RunnerInfo; r != nil {
			in.b = append(appendText(append(in.b, `"hostname":`...), r.Hostname), `,"pid":`...)
			in.b = strconv.AppendInt(in.b, int64(r.PID), 10)
		}
		in.b = append(in.b, '}')
	}
	in.raw("notify", x.Notify, "")
}

// writeResult writes the result and its size. A result kept in chunks is read for a
// single execution only.
// st2 differs: lists leave results over 16 KB out and say result_size, so that one large
// result cannot slow every list.
func (v *executionView) writeResult(ctx context.Context, o *object, x *core.Execution, ran *ranWith) error {
	size := int64(len(x.Result))
	if x.Stored != nil {
		size = x.Stored.Size
	}
	if size == 0 {
		return nil
	}
	tooLarge := v.shown.maxResult > 0 && size > int64(v.shown.maxResult)
	if o.pick.has("result") && !tooLarge && (x.Stored == nil || v.shown.large) {
		raw, err := v.s.result(ctx, x, ran, v.shown.secrets)
		if err != nil {
			return err
		}
		o.truthy("result", raw)
	}
	o.number("result_size", size)
	return nil
}

// result returns an execution's whole result, masked unless secrets may be shown.
func (s *Server) result(ctx context.Context, x *core.Execution, ran *ranWith, secrets bool) ([]byte, error) {
	raw, err := s.Store.Result(ctx, x)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		raw = []byte(string([]rune(string(raw))))
	}
	if secrets || len(raw) == 0 {
		return raw, nil
	}
	return ran.maskResult(x, raw)
}

// writeChildren names the children of a workflow.
func (v *executionView) writeChildren(ctx context.Context, o *object, x *core.Execution, ran *ranWith) error {
	if !ran.workflow || !o.pick.has("children") {
		return nil
	}
	ids, err := v.s.Store.Executions().IDs(ctx, store.Query{Oldest: true, Where: []store.Is{{Index: store.ByParent, Value: x.ID}}})
	if err == nil && len(ids) > 0 {
		o.value("children", ids)
	}
	return err
}

// contextJSON flattens what a caller added into the context it was added to.
func contextJSON(x *core.Execution) []byte {
	plain := x.FullContext()
	plain.Extra = nil
	raw, err := json.Marshal(plain)
	if err != nil || len(x.Context.Extra) == 0 {
		return raw
	}
	whole := maps.Clone(x.Context.Extra)
	if err := json.Unmarshal(raw, &whole); err != nil {
		return raw
	}
	if raw, err = json.Marshal(whole); err != nil {
		return nil
	}
	return raw
}

// writeOrigin writes the rule and the event of an execution that a rule asked for.
func (v *executionView) writeOrigin(ctx context.Context, o *object, x *core.Execution, ran *ranWith) error {
	if x.Origin == nil {
		return nil
	}
	if o.pick.has("rule") {
		if err := v.writeRuleOf(ctx, o, x, ran); err != nil {
			return err
		}
	}
	if t, ok := v.names.triggers[x.Origin.Trigger]; !ok {
		o.value("trigger", map[string]string{"ref": x.Origin.Trigger, "type": x.Origin.TriggerType})
	} else if o.member("trigger") {
		o.b, o.err = writeTrigger(o.b, t, nil)
	}
	if t, ok := v.names.types[x.Origin.TriggerType]; !ok {
		o.value("trigger_type", map[string]string{"ref": x.Origin.TriggerType})
	} else if o.member("trigger_type") {
		o.b, o.err = writeTriggerType(o.b, t, nil)
	}
	i, ok := v.instances[x.Origin.TriggerInstance]
	switch {
	case !o.member("trigger_instance"):
	case !ok:
		o.b = append(appendText(append(o.b, `{"id":`...), x.Origin.TriggerInstance), '}')
	default:
		o.b, o.err = writeInstance(o.b, i, v.payloadPick(i))
	}
	return o.err
}

func (v *executionView) payloadPick(i *core.TriggerInstance) *picked {
	if v.shown.large || len(i.Payload) <= largePayload {
		return nil
	}
	return &picked{names: []string{"payload"}, exclude: true}
}

func (v *executionView) writeRuleOf(ctx context.Context, o *object, x *core.Execution, ran *ranWith) error {
	r, err := v.s.defs.rule(ctx, v.s.Store, x.Origin.RuleDigest)
	switch {
	case err != nil:
		return err
	case r == nil:
		o.value("rule", x.Origin.Rule)
		return nil
	}
	o.member("rule")
	secret := ran.params
	if v.shown.secrets {
		secret = nil
	}
	o.b, err = writeRule(o.b, r, ruleShown{secret: secret})
	return err
}

// writeLive appends the LiveAction form of an execution, for the event stream.
// st2: rest-api reference, liveaction.
func (v *executionView) writeLive(ctx context.Context, b []byte, x *core.Execution) ([]byte, error) {
	ran, err := v.s.defs.ranWith(ctx, v.s.Store, x)
	if err != nil {
		return nil, err
	}
	params, err := ran.maskParameters(x.Parameters)
	if err != nil {
		return nil, err
	}
	o := begin(b, nil)
	writeCommon(o, x, ran, params)
	o.text("status", string(x.Status))
	o.at("start_timestamp", x.Start)
	o.at("end_timestamp", x.End)
	if err := v.writeResult(ctx, o, x, ran); err != nil {
		return nil, err
	}
	o.raw("context", contextJSON(x), "{}")
	if x.Delay > 0 {
		o.number("delay", x.Delay)
	}
	return o.end()
}
