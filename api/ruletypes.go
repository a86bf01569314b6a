package api

import (
	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
)

type ruleType struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Enabled     bool           `json:"enabled"`
	Parameters  map[string]any `json:"parameters"`
}

// ruleTypes are the two there are; their ids derive from their names.
func ruleTypes() []ruleType {
	return []ruleType{
		{ID: core.DeriveID("rule_type", core.StandardRule), Name: core.StandardRule, Enabled: true,
			Description: "Tried for every trigger instance of its trigger.", Parameters: map[string]any{}},
		{ID: core.DeriveID("rule_type", core.BackstopRule), Name: core.BackstopRule, Enabled: true,
			Description: "Tried when no standard rule matched.", Parameters: map[string]any{}},
	}
}

func (c *call) listRuleTypes() error { return answer(c.Ctx, fiber.StatusOK, ruleTypes()) }

func (c *call) getRuleType() error {
	for _, t := range ruleTypes() {
		if id := c.Params("id"); t.ID == id || t.Name == id {
			return answer(c.Ctx, fiber.StatusOK, t)
		}
	}
	return noResource(c.Params("id"))
}
