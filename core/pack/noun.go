package pack

import (
	"path"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/schema"
)

// DefaultPack is where things made without naming a pack live.
const DefaultPack = "default"

// ParseAction reads an action: YAML if file names where it comes from, JSON from a
// request if file is empty. Faults of a file come all at once, each with its place; of a
// request the first, in StackStorm's words. The error is Invalid.
// st2: metadata reference 3.
func ParseAction(data []byte, file string) (*core.Action, error) {
	return parse(data, file, (*source).action, func(a *core.Action) *string { return &a.Pack })
}

// ParseRule reads a rule, by the rules of [ParseAction]. Operators, patterns and the
// trigger's parameters are not its business. st2: metadata reference 4.
func ParseRule(data []byte, file string) (*core.Rule, error) {
	return parse(data, file, (*source).rule, func(r *core.Rule) *string { return &r.Pack })
}

// ParseTriggerType reads a trigger type, by the rules of [ParseAction].
// st2: metadata reference 6.
func ParseTriggerType(data []byte, file string) (*core.TriggerType, error) {
	return parse(data, file, (*source).triggerType, func(t *core.TriggerType) *string { return &t.Pack })
}

// ParsePolicy reads a policy, by the rules of [ParseAction]. Whether its type and
// parameters make sense is not its business. st2: metadata reference 8.
func ParsePolicy(data []byte, file string) (*core.Policy, error) {
	return parse(data, file, (*source).policy, func(p *core.Policy) *string { return &p.Pack })
}

func parse[T any](data []byte, file string, read func(*source) *T, pack func(*T) *string) (*T, error) {
	s, err := newSource(data, file)
	if err != nil {
		return nil, err
	}
	v := read(s)
	if err := s.err(); err != nil {
		return nil, err
	}
	if name := pack(v); *name == "" {
		*name = DefaultPack
	}
	return v, nil
}

// action returns nil if the form is wrong; other faults are recorded beside it.
func (s *source) action() *core.Action {
	a := &core.Action{Enabled: true}
	if !s.fill(actionShape(), a) {
		return nil
	}
	a.ID, a.MetadataFile = "", ""
	s.failAll([]string{"parameters"}, schema.Validate(a.Parameters))
	s.checkEntryPoint(a.EntryPoint)
	return a
}

// checkEntryPoint keeps entry points inside the pack's actions folder.
// st2 differs: absolute paths are refused, since a pack may lie anywhere.
func (s *source) checkEntryPoint(entry string) {
	inside := entry == path.Clean(entry) && !path.IsAbs(entry) && entry != ".." && !strings.HasPrefix(entry, "../")
	if entry != "" && !inside {
		s.fail([]string{"entry_point"}, "entry_point %q needs to be a plain path inside the pack's actions folder, such as run.sh or lib/run.sh", entry)
	}
}

func (s *source) rule() *core.Rule {
	r := &core.Rule{Type: core.RuleType{Ref: core.StandardRule}}
	if !s.fill(ruleShape(), r) {
		return nil
	}
	r.ID, r.MetadataFile = "", ""
	if r.Type.Parameters == nil {
		r.Type.Parameters = map[string]any{}
	}
	return r
}

func (s *source) policy() *core.Policy {
	p := &core.Policy{Enabled: true}
	if !s.fill(policyShape(), p) {
		return nil
	}
	p.ID, p.MetadataFile = "", ""
	return p
}

func (s *source) triggerType() *core.TriggerType {
	t := &core.TriggerType{}
	if !s.fill(triggerTypeShape(), t) {
		return nil
	}
	t.ID, t.MetadataFile = "", ""
	s.settleSchemas(t, nil)
	return t
}

func (s *source) settleSchemas(t *core.TriggerType, path []string) {
	t.Parameters = s.settleSchema(t.Parameters, append(path, "parameters_schema"))
	t.Payload = s.settleSchema(t.Payload, append(path, "payload_schema"))
}

// settleSchema makes no schema an empty one. One that makes no sense is a warning only,
// as StackStorm takes it; what is checked against it will be refused.
func (s *source) settleSchema(of map[string]any, path []string) map[string]any {
	if of == nil {
		return map[string]any{}
	}
	if _, err := schema.CompileObject(of); err != nil {
		s.warn(path, "%s: %v; what is checked against it will be refused", strings.Join(path, "."), err)
	}
	return of
}

// sensor returns a sensor, without the refs of its trigger types, and those types; nil if
// the form is wrong.
func (s *source) sensor() (*core.Sensor, []*core.TriggerType) {
	read := struct {
		core.Sensor
		Types []*core.TriggerType `json:"trigger_types"` // not only refs, as in core.Sensor
	}{Sensor: core.Sensor{Enabled: true}}
	if !s.fill(sensorShape(), &read) {
		return nil, nil
	}
	read.ID, read.MetadataFile, read.Meant = "", "", read.Enabled
	for i, t := range read.Types {
		s.settleSchemas(t, []string{"trigger_types", strconv.Itoa(i)})
	}
	return &read.Sensor, read.Types
}

func (s *source) configSchema() core.Parameters {
	var params core.Parameters
	if s.value.IsNull() {
		s.fail(nil, "config.schema.yaml is empty; describe the configuration in it, or remove it")
		return nil
	}
	if !s.fill(configSchemaShape(), &params) {
		return nil
	}
	s.failAll(nil, schema.Validate(params))
	return params
}

// belongs fills in the pack a thing belongs to, or records that it names another.
func (s *source) belongs(pack *string, ref string) bool {
	if *pack != "" && *pack != ref {
		s.fail([]string{"pack"}, "pack is %q, but this is pack %q; leave the key out", *pack, ref)
		return false
	}
	*pack = ref
	return true
}
