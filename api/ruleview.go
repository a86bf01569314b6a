package api

import (
	"encoding/json"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

var ruleAttributes = attributes{
	all: []string{"id", "uid", "ref", "pack", "name", "description", "enabled", "type", "trigger", "criteria",
		"action", "context", "tags", "metadata_file"},
	always: []string{"id", "ref"},
}

// ruleShown says how a rule is to be written.
type ruleShown struct {
	pick   *picked
	secret core.Parameters // of the action: the values to mask by
	views  *catalogue      // not nil: with the descriptions of action and trigger
}

// writeRule appends a rule as the API shows it.
func writeRule(b []byte, r *core.Rule, how ruleShown) ([]byte, error) {
	o := begin(b, how.pick)
	o.text("id", r.ID)
	o.text("uid", "rule:"+r.Pack+":"+r.Name)
	o.text("ref", r.Ref())
	o.text("pack", r.Pack)
	o.text("name", r.Name)
	o.some("description", r.Description)
	o.flag("enabled", r.Enabled)
	if o.member("type") {
		in := begin(o.b, nil)
		in.text("ref", r.Type.Ref)
		in.objectOr("parameters", r.Type.Parameters)
		o.b, o.err = in.end()
	}
	if o.member("trigger") {
		o.b = writeRuleTrigger(o.b, r, how.views)
	}
	o.value("criteria", r.Criteria)
	if o.member("action") {
		if err := writeRuleAction(o, r, how); err != nil {
			return nil, err
		}
	}
	o.value("context", r.Context)
	list(o, "tags", r.Tags)
	o.some("metadata_file", r.MetadataFile)
	return o.end()
}

func writeRuleTrigger(b []byte, r *core.Rule, views *catalogue) []byte {
	in := begin(b, nil)
	in.text("type", r.Trigger.Type)
	in.raw("parameters", r.Trigger.Parameters, "{}")
	in.text("ref", r.Trigger.Ref)
	if views != nil {
		description := ""
		if t, ok := views.types[r.Trigger.Type]; ok {
			description = t.Description
		}
		in.text("description", description)
	}
	b, _ = in.end()
	return b
}

func writeRuleAction(o *object, r *core.Rule, how ruleShown) error {
	params, err := maskBy(r.Action.Parameters, how.secret)
	if err != nil {
		return err
	}
	in := begin(o.b, nil)
	in.text("ref", r.Action.Ref)
	in.raw("parameters", params, "{}")
	if how.views != nil {
		description := ""
		if a, ok := how.views.actions[r.Action.Ref]; ok {
			description = a.Description
		}
		in.text("description", description)
	} else {
		in.some("description", r.Action.Description)
	}
	o.b, err = in.end()
	return err
}

// maskBy hides the values of a rule's action parameters that the action calls secret.
func maskBy(raw json.RawMessage, params core.Parameters) (json.RawMessage, error) {
	if !anySecret(params) || len(raw) == 0 {
		return raw, nil
	}
	values, err := decodeObject(raw)
	if err != nil || values == nil {
		return raw, err
	}
	return json.Marshal(schema.Mask(values, params))
}

var enforcementAttributes = attributes{
	all: []string{"id", "rule", "trigger_instance_id", "execution_id", "failure_reason", "enforced_at", "status",
		"trigger_instance", "execution"},
	always: []string{"id"},
}

// writeEnforcement begins an enforcement as the API shows it.
func writeEnforcement(b []byte, e *core.Enforcement, p *picked) *object {
	o := begin(b, p)
	o.text("id", e.ID)
	if o.member("rule") {
		pack, name, _ := core.SplitRef(e.Rule.Ref)
		in := begin(o.b, nil)
		in.text("ref", e.Rule.Ref)
		in.text("uid", "rule:"+pack+":"+name)
		in.text("id", e.Rule.ID)
		o.b, o.err = in.end()
	}
	o.some("trigger_instance_id", e.TriggerInstance)
	o.some("execution_id", e.Execution)
	o.some("failure_reason", e.Failure)
	o.at("enforced_at", e.At)
	o.text("status", string(e.Status))
	return o
}
