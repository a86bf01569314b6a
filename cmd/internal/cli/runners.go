package cli

import "github.com/spf13/cobra"

func (a *app) runners() *cobra.Command {
	r := resource{
		name: "Runner", plural: "runners", path: "/runnertypes", key: "name-or-id", byName: true,
		columns: []string{"id", "name", "description"},
		front:   []string{"id", "uid", "name", "description", "enabled"},
	}
	return a.group("runner", "How actions are carried out: list, show and switch runners",
		a.list(r), a.get(r), a.enable(r), a.disable(r))
}
