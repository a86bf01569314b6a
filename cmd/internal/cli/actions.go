package cli

import (
	"context"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

var actionResource = resource{
	name: "Action", plural: "actions", path: "/actions", key: "ref-or-id",
	columns: []string{"ref", "pack", "description"},
	front:   []string{"id", "uid", "ref", "pack", "name", "description", "enabled", "entry_point", "runner_type", "parameters"},
	filters: []filter{packFilter},
}

func (a *app) actions() *cobra.Command {
	r := actionResource
	return a.group("action", "What can be done: list, show, change and run actions",
		a.list(r), a.get(r), a.create(r), a.update(r), a.actionDelete(r), a.actionClone(),
		a.enable(r), a.disable(r), a.actionExecute())
}

func (a *app) actionDelete(r resource) *cobra.Command {
	var files bool
	return a.command(verb{
		name: "delete", short: "Delete an action", args: r.key,
		flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&files, "remove-files", "r", false, "remove the action's files from its pack too")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			// st2: cli.md, delete of unknown: only this one exits 0.
			return s.remove(ctx, r, args[0], client.Object{"remove_files": files}, 0)
		},
	})
}

func (a *app) actionClone() *cobra.Command {
	var force bool
	return a.command(verb{
		name: "clone", short: "Copy an action to another name or pack", args: "source-ref-or-id dest-pack-name dest-action-name",
		flags: func(f *pflag.FlagSet) { f.BoolVarP(&force, "force", "f", false, "overwrite without asking") },
		do: func(ctx context.Context, s *session, args []string) error {
			err := s.cloneAction(ctx, args[0], args[1], args[2], force)
			if err == nil {
				return nil
			}
			// st2: cli.md, action clone: failures are printed, but the exit code is 0.
			s.printf("ERROR: %s\n\n", s.explain(err))
			return nil
		},
	})
}

func (s *session) cloneAction(ctx context.Context, source, pack, name string, overwrite bool) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	if _, err := actionResource.find(ctx, c, source); err != nil {
		return err
	}
	taken, err := exists(ctx, c, client.Path(actionResource.path, pack+"."+name))
	if err != nil {
		return err
	}
	if taken && !overwrite {
		answer, err := s.ask("The destination action already exists. Do you want to overwrite? (y/n): ")
		if err != nil {
			return err
		}
		if overwrite = strings.HasPrefix(strings.ToLower(answer), "y"); !overwrite {
			s.printf("Action is not cloned.\n")
			return nil
		}
	}
	o, err := c.Post(ctx, client.Path(actionResource.path, source, "clone"),
		client.Object{"dest_pack": pack, "dest_action": name, "overwrite": overwrite})
	if err != nil {
		return err
	}
	return s.show(actionResource.afterChange(), o)
}

func exists(ctx context.Context, c *client.Client, path string) (bool, error) {
	_, err := c.Get(ctx, path, nil)
	if client.StatusOf(err) == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}
