package api

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
)

var policyTypeAttributes = attributes{
	all:    []string{"id", "uid", "ref", "name", "resource_type", "description", "enabled", "module", "parameters"},
	always: []string{"id", "ref"},
}

// forActions is the only type of resource there are policies for.
const forActions = "action"

// policyTypeID follows from the name: policy types come with the program.
func policyTypeID(t *core.PolicyType) string { return core.DeriveID("policy_type", t.Name) }

func shortName(t *core.PolicyType) string { return strings.TrimPrefix(t.Name, forActions+".") }

// writePolicyType appends a policy type as the API shows it.
func writePolicyType(b []byte, t *core.PolicyType, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", policyTypeID(t))
	o.text("uid", "policy_type:"+forActions+":"+shortName(t))
	o.text("ref", t.Name)
	o.text("name", shortName(t))
	o.text("resource_type", forActions)
	o.text("description", t.Description)
	o.flag("enabled", true)
	o.text("module", t.Module)
	o.value("parameters", t.Parameters)
	return o.end()
}

func policyTypes() []*core.PolicyType {
	var all []*core.PolicyType
	for _, t := range execution.PolicyTypes() {
		all = append(all, &t)
	}
	return all
}

func (c *call) listPolicyTypes() error {
	pick, err := c.pick(policyTypeAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(100)
	if err != nil {
		return err
	}
	ids, err := c.ids()
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(policyTypes(), func(t *core.PolicyType) bool {
		return !matches(c.text("resource_type"), forActions) || !matches(c.text("name"), shortName(t)) ||
			(len(ids) > 0 && !slices.Contains(ids, policyTypeID(t)))
	})
	return sendList(c, cut(all, p), len(all), p, func(b []byte, t *core.PolicyType) ([]byte, error) { return writePolicyType(b, t, pick) })
}

func (c *call) getPolicyType() error {
	wanted := c.Params("ref")
	for _, t := range policyTypes() {
		if wanted == t.Name || wanted == policyTypeID(t) {
			return sendOne(c, fiber.StatusOK, t, func(b []byte, t *core.PolicyType) ([]byte, error) { return writePolicyType(b, t, nil) })
		}
	}
	return core.Errorf(core.NotFound, "PolicyType with a reference of id \"%s\" not found.", wanted)
}
