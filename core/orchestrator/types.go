package orchestrator

import "github.com/petrelhq/petrel/core"

// Types describes the runner types that are workflows. st2: runners reference 6 and 7.
func Types() []core.RunnerType {
	return []core.RunnerType{
		{
			Name: ActionChain, Module: "action_chain_runner", Enabled: true, OutputKey: "published",
			Description: "A runner for launching linear action chains.",
			Parameters: core.Parameters{
				{Name: "display_published", Schema: core.Schema{
					"type": "boolean", "default": true,
					"description": "Intermediate published variables will be stored and displayed.",
				}},
				{Name: "skip_notify", Schema: core.Schema{
					"type": "array", "default": []any{}, "description": "List of tasks to skip notifications for.",
				}},
			},
		},
		{
			Name: Orquesta, Module: "orquesta_runner", Enabled: true, OutputKey: "output",
			Description: "A runner for executing orquesta workflow.",
			Parameters: core.Parameters{
				{Name: "notify", Schema: core.Schema{
					"type": "array", "default": []any{}, "uniqueItems": true, "items": map[string]any{"type": "string", "pattern": `^\w+$`},
					"description": "List of tasks to trigger notifications for.",
				}},
			},
		},
	}
}
