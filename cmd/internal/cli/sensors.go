package cli

import "github.com/spf13/cobra"

func (a *app) sensors() *cobra.Command {
	r := resource{
		name: "Sensor", plural: "sensors", path: "/sensortypes", key: "ref-or-id",
		columns: []string{"ref", "pack", "description", "enabled"},
		front:   []string{"id", "uid", "ref", "pack", "name", "class_name", "description", "enabled", "entry_point", "trigger_types"},
		filters: []filter{packFilter},
	}
	return a.group("sensor", "What waits for things to happen: list, show and switch sensors",
		a.list(r), a.get(r), a.enable(r), a.disable(r))
}
