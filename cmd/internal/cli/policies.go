package cli

import "github.com/spf13/cobra"

func (a *app) policies() *cobra.Command {
	r := resource{
		name: "Policy", plural: "policies", path: "/policies", key: "ref-or-id",
		columns: []string{"ref", "resource_ref", "policy_type", "enabled"},
		front:   []string{"id", "ref", "pack", "name", "description", "enabled", "resource_ref", "policy_type", "parameters"},
		filters: []filter{
			packFilter,
			{flag: "resource-ref", short: "r", help: "only those for this action"},
			{flag: "policy-type", dash: "-pt", help: "only those of this type"},
		},
	}
	return a.group("policy", "How many executions of an action may run, and which are tried again",
		a.list(r), a.get(r), a.create(r), a.update(r), a.remove(r), a.enable(r), a.disable(r))
}

func (a *app) policyTypes() *cobra.Command {
	r := resource{
		name: "Policy Type", plural: "policy types", path: "/policytypes", key: "ref-or-id",
		columns: []string{"id", "resource_type", "name", "description"},
		front:   []string{"id", "ref", "resource_type", "name", "description", "enabled", "parameters"},
		filters: []filter{{flag: "resource-type", short: "r", help: "only those for this type of resource"}},
	}
	return a.group("policy-type", "What policies there can be", a.list(r), a.get(r))
}
