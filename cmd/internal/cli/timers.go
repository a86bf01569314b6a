package cli

import "github.com/spf13/cobra"

// timers are triggers of the timer types.
//
// st2 differs: next_firings and last_firing are not there.
func (a *app) timers() *cobra.Command {
	r := resource{
		name: "Timer", plural: "timers", path: "/timers", key: "ref-or-id", whole: true,
		columns: []string{"id", "uid", "pack", "name", "type", "parameters", "next_firings"},
		front:   []string{"id", "uid", "ref", "pack", "name", "type", "parameters", "last_firing", "next_firings"},
		times:   []string{"next_firings"},
		filters: []filter{{flag: "timer-type", dash: "-ty", help: "only those of this type, such as core.st2.CronTimer"}},
	}
	return a.group("timer", "The timers that rules wait for, with their next five firings", a.list(r), a.get(r))
}
