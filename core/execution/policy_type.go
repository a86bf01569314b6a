package execution

import "github.com/petrelhq/petrel/core"

// mostSlots bounds a threshold: a gate's record names all who are inside.
const mostSlots = 1000

// PolicyTypes describes the types of policies there are, in the order of their names.
// st2: execution reference, policies.
func PolicyTypes() []core.PolicyType {
	// st2 differs: a threshold of 0 is refused, which would stop the action for good.
	threshold := core.Parameter{Name: "threshold", Schema: core.Schema{
		"type": "integer", "required": true, "minimum": int64(1), "maximum": int64(mostSlots),
		"description": "How many executions may run at a time.",
	}}
	action := core.Parameter{Name: "action", Schema: core.Schema{
		"type": "string", "enum": []any{"delay", "cancel"}, "default": "delay",
		"description": "What becomes of an execution for which there is no place: it waits, or it is cancelled.",
	}}
	attributes := core.Parameter{Name: "attributes", Schema: core.Schema{
		"type": "array", "required": true, "minItems": int64(1), "uniqueItems": true,
		"items":       map[string]any{"type": "string", "minLength": int64(1)},
		"description": "The parameters whose values make executions compete.",
	}}
	return []core.PolicyType{
		{
			Name: core.ConcurrencyPolicy, Module: "st2actions.policies.concurrency",
			Description: "Limits how many executions of an action run at a time.",
			Parameters:  core.Parameters{action, threshold},
		},
		{
			Name: core.ConcurrencyAttrPolicy, Module: "st2actions.policies.concurrency_by_attr",
			Description: "Limits how many executions of an action with the same parameters run at a time.",
			Parameters:  core.Parameters{action, threshold, attributes},
		},
		{
			Name: core.RetryPolicy, Module: "st2actions.policies.retry",
			Description: "Asks again for an action that failed or took too long.",
			Parameters:  retryParameters(),
		},
	}
}

func retryParameters() core.Parameters {
	return core.Parameters{
		{Name: "retry_on", Schema: core.Schema{
			"type": "string", "enum": []any{"failure", "timeout"}, "required": true,
			"description": "The end after which the action is asked for again.",
		}},
		{Name: "max_retry_count", Schema: core.Schema{
			"type": "integer", "required": true, "minimum": int64(1), "maximum": int64(5), "default": int64(2),
			"description": "How often it is asked for again at most.",
		}},
		{Name: "delay", Schema: core.Schema{
			"type": "number", "minimum": int64(0), "maximum": int64(120), "default": int64(0),
			"description": "Seconds to wait before that.",
		}},
	}
}
