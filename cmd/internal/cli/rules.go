package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var ruleResource = resource{
	name: "Rule", plural: "rules", path: "/rules", key: "ref-or-id",
	columns: []string{"ref", "pack", "description", "enabled"},
	front:   []string{"id", "uid", "ref", "pack", "name", "description", "enabled", "action", "criteria", "tags"},
	limited: true,
	filters: []filter{
		packFilter,
		{flag: "action", short: "c", help: "only those that run this action"},
		{flag: "trigger", short: "g", help: "only those on this trigger"},
		{flag: "enabled", value: "True", help: "only those that are enabled"},
		{flag: "disabled", param: "enabled", value: "False", help: "only those that are disabled"},
	},
}

func (a *app) rules() *cobra.Command {
	r := ruleResource
	return a.group("rule", "What happens when: list, show and change rules",
		a.ruleList(r), a.get(r), a.create(r), a.update(r), a.remove(r), a.enable(r), a.disable(r))
}

// ruleList is list with --iftt, which shows what a rule connects.
func (a *app) ruleList(r resource) *cobra.Command {
	var o listOptions
	var connects bool
	return a.command(verb{
		name: "list", short: "List rules", attributes: r.columns, widths: true,
		flags: func(f *pflag.FlagSet) {
			o.register(f, r)
			f.BoolVar(&connects, "iftt", false, "show which trigger leads to which action")
		},
		do: func(ctx context.Context, s *session, _ []string) error {
			if connects {
				s.attributes = append(slices.Clone(s.attributes), "trigger.ref", "action.ref")
			}
			return s.list(ctx, r, o.query(s, r), o.last)
		},
	})
}

func (a *app) enforcements() *cobra.Command {
	r := resource{
		name: "Rule Enforcement", plural: "rule enforcements", path: "/ruleenforcements", key: "id",
		columns: []string{"id", "rule.ref", "trigger_instance_id", "execution_id", "enforced_at"},
		details: []string{"id", "rule.ref", "trigger_instance_id", "execution_id", "failure_reason", "enforced_at"},
		limited: true, whole: true, flipped: true,
		filters: append([]filter{
			{flag: "trigger-instance", help: "only those of this trigger instance"},
			{flag: "execution", help: "only the one that asked for this execution"},
			{flag: "rule", param: "rule_ref", help: "only those of this rule"},
		}, timeFilters("enforced_at")...),
	}
	return a.group("rule-enforcement", "Which rules matched what, and what came of it", a.list(r), a.get(r))
}
