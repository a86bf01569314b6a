package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/sdk/client"
)

// changed are the attributes shown first after a change. st2: cli.md, property table.
var changed = []string{"id", "name", "pack", "description"}

func (r resource) afterChange() resource {
	r.front = changed
	return r
}

// create makes the verb "create" of r.
func (a *app) create(r resource) *cobra.Command {
	return a.command(verb{
		name: "create", short: "Create " + one(r) + " from a JSON or YAML file", args: "file", exitCode: 2,
		do: func(ctx context.Context, s *session, args []string) error {
			body, err := readObject(args[0])
			if err != nil {
				return err
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Post(ctx, r.path, body)
			if err != nil {
				return err
			}
			return s.show(r.afterChange(), r.derived(o))
		},
	})
}

// update makes the verb "update" of r.
func (a *app) update(r resource) *cobra.Command {
	return a.command(verb{
		name: "update", short: "Replace " + one(r) + " by what a JSON or YAML file says", args: r.key + " file",
		do: func(ctx context.Context, s *session, args []string) error {
			body, err := readObject(args[1])
			if err != nil {
				return err
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			old, err := s.existing(ctx, r, args[0])
			if err != nil {
				return err
			}
			if id := body.ID(); id != "" && id != old.ID() {
				return fmt.Errorf("the id in %s is %s, but %s has the id %s: remove the id from the file", args[1], id, args[0], old.ID())
			}
			body["id"] = old.ID()
			o, err := c.Put(ctx, client.Path(r.path, old.ID()), body)
			if err != nil {
				return err
			}
			return s.show(r.afterChange(), r.derived(o))
		},
	})
}

// existing finds what is to be changed.
func (s *session) existing(ctx context.Context, r resource, key string) (client.Object, error) {
	c, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	o, err := r.find(ctx, c, key)
	var missing *notFound
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("Resource with id or reference %q doesn't exist.", key) // StackStorm's words
	}
	return o, err
}

// remove makes the verb "delete" of r.
func (a *app) remove(r resource) *cobra.Command {
	return a.command(verb{
		name: "delete", short: "Delete " + one(r), args: r.key,
		do: func(ctx context.Context, s *session, args []string) error {
			return s.remove(ctx, r, args[0], nil, 2)
		},
	})
}

// remove deletes what key names. unknownCode is the exit code when it names nothing.
func (s *session) remove(ctx context.Context, r resource, key string, body any, unknownCode int) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	o, err := r.find(ctx, c, key)
	var missing *notFound
	if errors.As(err, &missing) {
		s.printf("%s", missing.line())
		return leave(unknownCode)
	}
	if err != nil {
		return err
	}
	remove := func() (client.Object, error) { return c.Delete(ctx, client.Path(r.path, o.ID())) }
	if body != nil {
		remove = func() (client.Object, error) { return c.DeleteWith(ctx, client.Path(r.path, o.ID()), body) }
	}
	// Gone already is as good as deleted. st2: cli.md, success codes.
	if _, err := remove(); err != nil && client.StatusOf(err) != http.StatusNotFound {
		return err
	}
	s.printf("Resource with id %q has been successfully deleted.\n", key)
	return nil
}

// leave ends a verb that has said all, with an exit code.
func leave(code int) error {
	if code == 0 {
		return nil
	}
	return &exit{code: code}
}

// enable makes the verb "enable" of r.
func (a *app) enable(r resource) *cobra.Command { return a.toggle(r, "enable", true) }

// disable makes the verb "disable" of r.
func (a *app) disable(r resource) *cobra.Command { return a.toggle(r, "disable", false) }

func (a *app) toggle(r resource, name string, enabled bool) *cobra.Command {
	return a.command(verb{
		name: name, short: strings.ToUpper(name[:1]) + name[1:] + " " + one(r), args: r.key,
		do: func(ctx context.Context, s *session, args []string) error {
			return s.each(ctx, r, args, func(o client.Object) error {
				body := maps.Clone(o)
				delete(body, "ref")
				body["enabled"] = enabled
				o, err := s.connected.Put(ctx, client.Path(r.path, o.ID()), body)
				if err != nil {
					return err
				}
				return s.show(r.afterChange(), r.derived(o))
			})
		},
	})
}

// one is the resource with its article: "an action", "a rule".
func one(r resource) string {
	name := strings.ToLower(r.name)
	if strings.ContainsRune("aeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
