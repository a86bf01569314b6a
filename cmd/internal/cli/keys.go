package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

var keyResource = resource{
	name: "Key Value Pair", plural: "key value pairs", path: "/keys", key: "name",
	columns: []string{"name", "value", "secret", "encrypted", "scope", "user", "expire_timestamp"},
	details: []string{"name", "value", "secret", "encrypted", "scope", "expire_timestamp"},
	front:   []string{"id", "uid", "name", "value", "secret", "encrypted", "scope", "user", "expire_timestamp"},
	whole:   true, limited: true, flipped: true,
}

func (a *app) keys() *cobra.Command {
	r := keyResource
	return a.group("key", "The datastore: list, show, set and delete values",
		a.keyList(r), a.keyGet(r), a.keySet(r), a.keyDelete(r), a.keyDeleteByPrefix(r), a.keyLoad(r))
}

// keyOwner says whose keys a verb is about.
type keyOwner struct{ scope, user string }

func (o *keyOwner) register(f *pflag.FlagSet, scope string) {
	f.StringVarP(&o.scope, "scope", "s", scope, "whose keys: system or user")
	f.StringVarP(&o.user, "user", "u", "", "the user, of the scope user (default: you)")
}

func (o *keyOwner) query() url.Values {
	q := url.Values{"scope": {o.scope}}
	if o.user != "" {
		q.Set("user", o.user)
	}
	return q
}

// keyPath is where the API has a key. Names may hold anything, slashes too.
func keyPath(name string, q url.Values) string {
	path := keyResource.path + "/" + url.PathEscape(name)
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// findKey reads a key. Errors: *notFound, and all of the client's.
func findKey(ctx context.Context, c *client.Client, name string, q url.Values) (client.Object, error) {
	o, err := c.Get(ctx, keyPath(name, nil), q)
	if client.StatusOf(err) == http.StatusNotFound {
		return nil, &notFound{resource: keyResource, key: name}
	}
	return o, err
}

func (a *app) keyList(r resource) *cobra.Command {
	var owner keyOwner
	var prefix string
	var decrypt bool
	var last int
	return a.command(verb{
		name: "list", short: "List " + r.plural, attributes: r.columns, widths: true,
		flags: func(f *pflag.FlagSet) {
			owner.register(f, "all")
			f.Lookup("scope").Usage = "whose keys: system, user or all"
			f.StringVar(&prefix, "prefix", "", "only those whose name begins so")
			f.BoolVarP(&decrypt, "decrypt", "d", false, "show secrets in clear")
			f.IntVarP(&last, "last", "n", defaultLast, "how many of each scope at most; -1 for all")
		},
		do: func(ctx context.Context, s *session, _ []string) error {
			q := owner.query()
			q.Set("decrypt", strconv.FormatBool(decrypt))
			q.Set("limit", strconv.Itoa(last))
			if prefix != "" {
				q.Set("prefix", prefix)
			}
			return s.list(ctx, r, q, last)
		},
	})
}

func (a *app) keyGet(r resource) *cobra.Command {
	var owner keyOwner
	var decrypt bool
	return a.command(verb{
		name: "get", short: "Show one key value pair", args: r.key + "+", attributes: r.details,
		flags: func(f *pflag.FlagSet) {
			owner.register(f, "system")
			f.BoolVarP(&decrypt, "decrypt", "d", false, "show a secret in clear")
		},
		do: func(ctx context.Context, s *session, names []string) error {
			q := owner.query()
			q.Set("decrypt", strconv.FormatBool(decrypt))
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			for _, name := range names {
				o, err := findKey(ctx, c, name, q)
				if missing, ok := err.(*notFound); ok {
					s.printf("%s", missing.line())
					if len(names) > 1 {
						continue
					}
				}
				if err != nil {
					return err
				}
				if err := s.show(r, o); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (a *app) keySet(r resource) *cobra.Command {
	var owner keyOwner
	var encrypt, encrypted bool
	var ttl int
	return a.command(verb{
		name: "set", short: "Set a key to a value", args: "name value?",
		flags: func(f *pflag.FlagSet) {
			owner.register(f, "system")
			f.BoolVarP(&encrypt, "encrypt", "e", false, "keep the value sealed")
			f.BoolVar(&encrypted, "encrypted", false, "the value is sealed already, as a list shows it")
			f.IntVarP(&ttl, "ttl", "l", 0, "seconds to keep it (default: for ever)")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			body := client.Object{"name": args[0], "scope": owner.scope, "user": nil}
			if owner.user != "" {
				body["user"] = owner.user
			}
			value, err := s.keyValue(args[1:], encrypt)
			if err != nil {
				return err
			}
			body["value"] = value
			if encrypt {
				body["secret"] = true
			}
			if encrypted {
				body["encrypted"] = true
			}
			if ttl != 0 {
				body["ttl"] = ttl
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Put(ctx, keyPath(args[0], nil), body)
			if err != nil {
				return err
			}
			return s.show(r, o)
		},
	})
}

// keyValue is the value on the command line, or else one that is asked for.
func (s *session) keyValue(args []string, secret bool) (string, error) {
	const question = "Please insert value for key: "
	switch {
	case len(args) > 0:
		return args[0], nil
	case secret:
		return s.askSecret(question)
	}
	return s.ask(question)
}

func (a *app) keyDelete(r resource) *cobra.Command {
	var owner keyOwner
	return a.command(verb{
		name: "delete", short: "Delete a key value pair", args: r.key,
		flags: func(f *pflag.FlagSet) { owner.register(f, "system") },
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			_, err = c.Delete(ctx, keyPath(args[0], owner.query()))
			switch {
			case client.StatusOf(err) == http.StatusNotFound:
				s.printf("%s", (&notFound{resource: r, key: args[0]}).line())
				return leave(2)
			case err != nil:
				return err
			}
			s.printf("Resource with id %q has been successfully deleted.\n", args[0])
			return nil
		},
	})
}

// keyDeleteByPrefix makes "delete_by_prefix", for keys of the system.
// st2 differs: it deletes all there are, not the first hundred.
func (a *app) keyDeleteByPrefix(r resource) *cobra.Command {
	var prefix string
	return a.command(verb{
		name: "delete_by_prefix", short: "Delete all keys of the system whose names begin alike",
		flags: func(f *pflag.FlagSet) { f.StringVarP(&prefix, "prefix", "p", "", "how the names begin") },
		do: func(ctx context.Context, s *session, _ []string) error {
			if prefix == "" {
				return misuse("the following arguments are required: -p/--prefix")
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			page, err := c.List(ctx, r.path, url.Values{"prefix": {prefix}, "limit": {"-1"}})
			if err != nil {
				return err
			}
			var names []string
			for _, o := range page.Items {
				name := o.String("name")
				if _, err := c.Delete(ctx, keyPath(name, nil)); err != nil && client.StatusOf(err) != http.StatusNotFound {
					return fmt.Errorf("%w (deleted so far: %s)", err, strings.Join(names, ", "))
				}
				names = append(names, name)
			}
			s.printf("Deleted %d keys\nDeleted key ids: %s\n", len(names), strings.Join(names, ", "))
			return nil
		},
	})
}

// keyLoad makes "load": set the keys of a file, such as "key list -j" prints.
func (a *app) keyLoad(r resource) *cobra.Command {
	var convert bool
	return a.command(verb{
		name: "load", short: "Set the keys that a JSON or YAML file lists", args: "file",
		flags: func(f *pflag.FlagSet) {
			f.BoolVarP(&convert, "convert", "c", false, "turn values that are not text into JSON")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			items, err := readKeys(args[0], convert)
			if err != nil {
				return err
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			var loaded []client.Object
			for _, item := range items {
				o, err := c.Put(ctx, keyPath(item.String("name"), nil), item)
				if err != nil {
					return fmt.Errorf("item %q: %w", item.String("name"), err)
				}
				loaded = append(loaded, o)
			}
			s.attributes, r.flipped = r.columns, false
			return s.showList(r, loaded)
		},
	})
}

// readKeys reads a file of keys and checks all of them, so that none is set if one is wrong.
func readKeys(file string, convert bool) ([]client.Object, error) {
	items, err := readObjects(file)
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		name := item.String("name")
		if name == "" {
			return nil, fmt.Errorf("%s: entry %d has no name", file, i+1)
		}
		if _, ok := item["value"].(string); ok {
			continue
		}
		if !convert {
			return nil, fmt.Errorf("Item '%s' has a value that is not a string. Either pass in the -c/--convert option to turn such values into JSON, or put quotes around it in %s", name, file) // begins as StackStorm's
		}
		raw, err := json.Marshal(item["value"])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
		item["value"] = string(raw)
	}
	return items, nil
}
