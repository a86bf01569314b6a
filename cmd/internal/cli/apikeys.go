package cli

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

var apiKeyResource = resource{
	name: "API Key", plural: "API keys", path: "/apikeys", key: "key-or-id",
	columns: []string{"id", "user", "metadata"},
	front:   []string{"id", "user", "metadata"},
	whole:   true,
	filters: []filter{
		{flag: "user", short: "u", help: "only those of this user"},
		{flag: "show-secrets", value: "True", help: "show the keys' hashes"},
	},
}

func (a *app) apiKeys() *cobra.Command {
	r := apiKeyResource
	return a.group("apikey", "Keys for programs: make, list, switch and delete them",
		a.apiKeyList(r), a.get(r), a.apiKeyCreate(r), a.remove(r), a.enable(r), a.disable(r), a.apiKeyLoad(r))
}

func (a *app) apiKeyList(r resource) *cobra.Command {
	var o listOptions
	var detail bool
	return a.command(verb{
		name: "list", short: "List API keys", attributes: r.columns, widths: true,
		flags: func(f *pflag.FlagSet) {
			o.register(f, r)
			f.BoolVarP(&detail, "detail", "d", false, "show everything about each")
		},
		do: func(ctx context.Context, s *session, _ []string) error {
			if !detail || s.document() {
				return s.list(ctx, r, o.query(s, r), 0)
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			page, err := c.List(ctx, r.path, o.query(s, r))
			if err != nil {
				return err
			}
			s.attributes = nil
			for _, item := range page.Items {
				if err := s.show(r, item); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (a *app) apiKeyCreate(r resource) *cobra.Command {
	var user, metadata string
	var only bool
	return a.command(verb{
		name: "create", short: "Make an API key; this is the only time it is shown", exitCode: 2,
		flags: func(f *pflag.FlagSet) {
			f.StringVarP(&user, "user", "u", "", "whose key it is (default: yours)")
			f.StringVarP(&metadata, "metadata", "m", "", "a JSON object to keep with it")
			f.BoolVarP(&only, "only-key", "k", false, "print the key and nothing else")
		},
		do: func(ctx context.Context, s *session, _ []string) error {
			body := client.Object{}
			if user != "" {
				body["user"] = user
			}
			if metadata != "" {
				var o client.Object
				if err := json.Unmarshal([]byte(metadata), &o); err != nil {
					return misuse("argument -m/--metadata: %q is not a JSON object: %s", metadata, err)
				}
				body["metadata"] = o
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Post(ctx, r.path, body)
			if err != nil {
				return err
			}
			if only {
				s.printf("%s\n", o.String("key"))
				return nil
			}
			return s.show(r, o)
		},
	})
}

// apiKeyLoad makes "load": put back keys that were listed with --show-secrets.
func (a *app) apiKeyLoad(r resource) *cobra.Command {
	return a.command(verb{
		name: "load", short: "Put back API keys from a JSON or YAML file", args: "file", widths: true,
		do: func(ctx context.Context, s *session, args []string) error {
			entries, err := readObjects(args[0])
			if err != nil {
				return err
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			var loaded []client.Object
			for _, entry := range entries {
				o, err := putOrPost(ctx, c, r.path, entry)
				if err != nil {
					return err
				}
				loaded = append(loaded, o)
			}
			s.attributes = r.columns
			return s.showList(r, loaded)
		},
	})
}

// putOrPost replaces the object with entry's id, or creates it.
func putOrPost(ctx context.Context, c *client.Client, path string, entry client.Object) (client.Object, error) {
	if entry.ID() != "" {
		o, err := c.Put(ctx, client.Path(path, entry.ID()), entry)
		if client.StatusOf(err) != http.StatusNotFound {
			return o, err
		}
	}
	return c.Post(ctx, path, entry)
}
