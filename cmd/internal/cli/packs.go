package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

var packResource = resource{
	name: "Pack", plural: "packs", path: "/packs", key: "ref-or-id",
	columns: []string{"ref", "name", "description", "version", "author"},
	details: []string{"name", "version", "author", "email", "keywords", "description"},
	front:   []string{"id", "uid", "ref", "name", "description", "version", "author"},
}

func (a *app) packs() *cobra.Command {
	r := packResource
	return a.group("pack", "What a server knows to do: find, install, set up and remove packs",
		a.list(r), a.get(r), a.packInstall(), a.packRemove(r), a.packRollback(r), a.packConfig(), a.packPermissions(r), a.packSearch())
}

// packSearch looks for packs in the server's registries. st2: cli.md, pack search.
func (a *app) packSearch() *cobra.Command {
	r := packResource
	r.columns = []string{"name", "description", "version", "author"}
	return a.command(verb{
		name: "search", short: "Find packs in the registries of the server", args: "query", attributes: r.columns, widths: true,
		long: "Finds packs in the registries that registries: in the server's configuration names.",
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			found, err := c.PostList(ctx, "/packs/index/search", client.Object{"query": args[0]})
			if err != nil {
				return err
			}
			return s.showList(r, found)
		},
	})
}

func (a *app) packRemove(r resource) *cobra.Command {
	var force, purge bool
	return a.command(verb{
		name: "remove", short: "Remove packs with all their content", args: "pack+",
		long: "Removes packs with all their content. Keys of the datastore stay, and so does the configuration.",
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&force, "force", false, "although rules of other packs refer to it; they are switched off")
			f.BoolVar(&purge, "purge", false, "remove its configuration too")
		},
		do: func(ctx context.Context, s *session, names []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			for _, name := range names {
				o, err := r.find(ctx, c, name)
				var missing *notFound
				if errors.As(err, &missing) {
					s.printf("%s", missing.line())
					return leave(2)
				}
				if err != nil {
					return err
				}
				path := fmt.Sprintf("%s?force=%t&purge=%t", client.Path(r.path, o.String("ref")), force, purge)
				if _, err := c.Delete(ctx, path); err != nil && client.StatusOf(err) != http.StatusNotFound {
					return err
				}
				s.printf("Pack %q has been removed.\n", o.String("ref"))
			}
			return nil
		},
	})
}

func (a *app) packRollback(r resource) *cobra.Command {
	var force bool
	return a.command(verb{
		name: "rollback", short: "Go back to the version that was installed before", args: "pack",
		long: "Goes back to the version that was installed before, with what it was granted then.",
		flags: func(f *pflag.FlagSet) {
			f.BoolVar(&force, "force", false, "although rules refer to what that version lacks; they are switched off")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Within(installTime).Post(ctx, client.Path(r.path, args[0], "rollback"), client.Object{"force": force})
			if err != nil {
				return err
			}
			s.attributes = r.columns
			return s.show(r, o)
		},
	})
}

// packPermissions shows what a pack's code may do, and what it has made use of.
func (a *app) packPermissions(r resource) *cobra.Command {
	r.details = []string{"pack", "version", "granted", "asked", "user", "granted_at", "used"}
	return a.command(verb{
		name: "permissions", short: "Show what a pack's code may do, and what it made use of", args: "pack", attributes: r.details,
		long: "Shows what a pack's code may do, what it asks for, and what it made use of since the server that answers began.",
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Get(ctx, client.Path(r.path, args[0], "permissions"), nil)
			if err != nil {
				return err
			}
			if !s.document() {
				o["granted"], o["asked"], o["used"] = linesOf(o["granted"]), linesOf(o["asked"]), uses(o["used"])
			}
			return s.show(r, o)
		},
	})
}

// linesOf is a list of texts, a line each.
func linesOf(v any) string { return strings.Join(texts(v), "\n") }

func texts(v any) []string {
	list, _ := v.([]any)
	lines := make([]string, len(list))
	for i, item := range list {
		lines[i], _ = item.(string)
	}
	return lines
}

// uses tells of each permission how often it was used, a line each.
func uses(v any) string {
	list, _ := v.([]any)
	lines := make([]string, len(list))
	for i, item := range list {
		use := client.Object(asObject(item))
		what := use.String("permission") + " " + use.String("entry")
		if use.String("entry") == "" {
			what = use.String("permission") + ", refused"
		}
		often := fmt.Sprintf("%v times, last", use["count"])
		if often == "1 times, last" {
			often = "once,"
		}
		lines[i] = fmt.Sprintf("%s: %s %s", what, often, use.String("last"))
	}
	return strings.Join(lines, "\n")
}

func asObject(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
