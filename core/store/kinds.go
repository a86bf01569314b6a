package store

import "github.com/petrelhq/petrel/core"

func some[T any](f func(*T) string) func(*T) (string, bool) {
	return func(v *T) (string, bool) { return f(v), true }
}

// Index names, as used in a Query.
const (
	ByStatus   = "status"
	ByAction   = "action"
	ByRule     = "rule"
	ByRunner   = "runner"
	ByUser     = "user"
	ByParent   = "parent" // "" finds executions without a parent
	ByInstance = "instance"
	ByTrigger  = "trigger"
	ByType     = "type"
	ByID       = "id"
	ByPack     = "pack"
	ByGate     = "gate"
	BySealer   = "sealer"
)

var executions = &kind[core.Execution]{
	name: "execution",
	key:  func(e *core.Execution) string { return e.ID },
	at:   func(e *core.Execution) core.Time { return e.Start },
	note: noteExecution,
	copy: copyExecution,
	indexes: []index[core.Execution]{
		{ByStatus, some(func(e *core.Execution) string { return string(e.Status) }), true},
		{ByAction, some(func(e *core.Execution) string { return e.Action }), true},
		{ByRunner, some(func(e *core.Execution) string { return e.Runner }), true},
		{ByUser, some(func(e *core.Execution) string { return e.Context.User }), true},
		{ByParent, func(e *core.Execution) (string, bool) { return e.Parent, true }, false},
		{ByRule, fromRule(func(o *core.Origin) string { return o.Rule.Ref }), true},
		{ByTrigger, fromRule(func(o *core.Origin) string { return o.Trigger }), true},
		{ByInstance, fromRule(func(o *core.Origin) string { return o.TriggerInstance }), false},
	},
}

// fromRule indexes a field of the origin, for executions a rule asked for.
func fromRule(f func(*core.Origin) string) func(*core.Execution) (string, bool) {
	return func(e *core.Execution) (string, bool) {
		if e.Origin == nil {
			return "", false
		}
		return f(e.Origin), true
	}
}

var instances = &kind[core.TriggerInstance]{
	name: "instance",
	key:  func(i *core.TriggerInstance) string { return i.ID },
	at:   func(i *core.TriggerInstance) core.Time { return i.Occurred },
	indexes: []index[core.TriggerInstance]{
		{ByTrigger, some(func(i *core.TriggerInstance) string { return i.Trigger }), true},
		{ByStatus, unfinished, true},
	},
}

// unfinished indexes only what is not processed yet or failed: nearly every instance is
// processed, and an index of everything would find nothing.
func unfinished(i *core.TriggerInstance) (string, bool) {
	return string(i.Status), i.Status != core.InstanceProcessed
}

var enforcements = &kind[core.Enforcement]{
	name: "enforcement",
	key:  func(e *core.Enforcement) string { return e.ID },
	at:   func(e *core.Enforcement) core.Time { return e.At },
	indexes: []index[core.Enforcement]{
		{ByRule, some(func(e *core.Enforcement) string { return e.Rule.Ref }), true},
		{ByInstance, some(func(e *core.Enforcement) string { return e.TriggerInstance }), false},
	},
}

var packs = &kind[core.Pack]{
	name:      "pack",
	catalogue: true,
	key:       func(p *core.Pack) string { return p.Ref },
	indexes:   []index[core.Pack]{{ByID, some(func(p *core.Pack) string { return p.ID }), false}},
}

var actions = &kind[core.Action]{
	name:      "action",
	defined:   true,
	catalogue: true,
	key:       (*core.Action).Ref,
	indexes:   []index[core.Action]{{ByID, some(func(a *core.Action) string { return a.ID }), false}},
}

var runners = &kind[core.RunnerType]{
	name:      "runner",
	defined:   true,
	catalogue: true,
	key:       func(r *core.RunnerType) string { return r.Name },
	indexes:   []index[core.RunnerType]{{ByID, some(func(r *core.RunnerType) string { return r.ID }), false}},
}

var triggerTypes = &kind[core.TriggerType]{
	name:      "triggertype",
	defined:   true,
	catalogue: true,
	key:       (*core.TriggerType).Ref,
	indexes:   []index[core.TriggerType]{{ByID, some(func(t *core.TriggerType) string { return t.ID }), false}},
}

var triggers = &kind[core.Trigger]{
	name:      "trigger",
	catalogue: true,
	key:       (*core.Trigger).Ref,
	indexes: []index[core.Trigger]{
		{ByID, some(func(t *core.Trigger) string { return t.ID }), false},
		{ByType, some(func(t *core.Trigger) string { return t.Type }), false},
	},
}

var rules = &kind[core.Rule]{
	name:      "rule",
	defined:   true,
	catalogue: true,
	key:       (*core.Rule).Ref,
	indexes:   []index[core.Rule]{{ByID, some(func(r *core.Rule) string { return r.ID }), false}},
}

var sensors = &kind[core.Sensor]{
	name:      "sensor",
	catalogue: true,
	key:       (*core.Sensor).Ref,
	indexes:   []index[core.Sensor]{{ByID, some(func(s *core.Sensor) string { return s.ID }), false}},
}

var cursors = &kind[Cursor]{
	name: "cursor",
	key:  func(c *Cursor) string { return c.Source },
}

var timers = &kind[Timer]{
	name: "timer",
	key:  func(t *Timer) string { return t.ID },
}

var users = &kind[core.User]{
	name: "user",
	key:  func(u *core.User) string { return u.Name },
}

var tokens = &kind[core.Token]{
	name: "token",
	key:  func(t *core.Token) string { return t.Hash },
	at:   func(t *core.Token) core.Time { return t.Expiry },
	indexes: []index[core.Token]{
		{ByID, some(func(t *core.Token) string { return t.ID }), false},
	},
}

var apiKeys = &kind[core.APIKey]{
	name: "apikey",
	key:  func(k *core.APIKey) string { return k.Hash },
	at:   func(k *core.APIKey) core.Time { return k.Created },
	indexes: []index[core.APIKey]{
		{ByID, some(func(k *core.APIKey) string { return k.ID }), false},
		{ByUser, some(func(k *core.APIKey) string { return k.User }), true},
	},
}

var receipts = &kind[Receipt]{
	name: "receipt",
	key:  func(r *Receipt) string { return r.ID },
	at:   func(r *Receipt) core.Time { return r.At },
}

// keyValues are in the order of their end, so that those that are over are found; their
// own order is that of KeyName.
var keyValues = &kind[core.KeyValue]{
	name: "key",
	key:  func(k *core.KeyValue) string { return KeyName(k.Scope, k.User, k.Name) },
	at:   func(k *core.KeyValue) core.Time { return k.Expires },
	indexes: []index[core.KeyValue]{
		{BySealer, func(k *core.KeyValue) (string, bool) { return k.Sealer, k.Sealer != "" }, true},
	},
}

var flows = &kind[Flow]{
	name: "flow",
	key:  func(f *Flow) string { return f.Execution },
	copy: copyFlow,
}

var policies = &kind[core.Policy]{
	name:      "policy",
	catalogue: true,
	key:       (*core.Policy).Ref,
	indexes:   []index[core.Policy]{{ByID, some(func(p *core.Policy) string { return p.ID }), false}},
}

var gates = &kind[Gate]{
	name: "gate",
	key:  func(g *Gate) string { return g.Key },
}

var waiters = &kind[Waiter]{
	name:    "waiter",
	key:     func(w *Waiter) string { return w.Execution },
	at:      func(w *Waiter) core.Time { return w.Start },
	indexes: []index[Waiter]{{ByGate, some(func(w *Waiter) string { return w.Gate }), true}},
}

var entanglements = &kind[Entanglement]{
	name: "entanglement",
	key:  func(*Entanglement) string { return TheEntanglement },
}

var archives = &kind[Archive]{
	name: "archive",
	key:  func(a *Archive) string { return a.Digest },
}

var installations = &kind[core.Installation]{
	name:      "installation",
	catalogue: true,
	key:       func(i *core.Installation) string { return i.Pack },
}

var packConfigs = &kind[core.PackConfig]{
	name:      "packconfig",
	catalogue: true,
	key:       func(c *core.PackConfig) string { return c.Pack },
}

var configSchemas = &kind[core.ConfigSchema]{
	name:      "configschema",
	catalogue: true,
	key:       func(c *core.ConfigSchema) string { return c.Pack },
}
