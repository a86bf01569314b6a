package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/sdk/client"
)

var triggerResource = resource{
	name: "Trigger", plural: "triggers", path: "/triggertypes", key: "ref-or-id",
	columns: []string{"ref", "pack", "description"},
	front:   []string{"id", "uid", "ref", "pack", "name", "description", "parameters_schema", "payload_schema"},
	filters: []filter{packFilter},
}

func (a *app) triggers() *cobra.Command {
	r := triggerResource
	return a.group("trigger", "What can happen: list, show and change trigger types",
		a.list(r), a.get(r), a.create(r), a.update(r), a.remove(r), a.triggerSpecs())
}

// triggerSpecs makes "getspecs": the triggers rules made of trigger types.
//
// st2 differs: the server returns all of them whatever type is asked for, so the client chooses.
func (a *app) triggerSpecs() *cobra.Command {
	r := resource{name: "Trigger", plural: "triggers", path: "/triggers", whole: true}
	return a.command(verb{
		name: "getspecs", short: "List the triggers that rules made of a trigger type", args: "ref?",
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			query := url.Values{}
			if len(args) > 0 {
				query.Set("type", args[0])
			}
			page, err := c.List(ctx, r.path, query)
			if err != nil {
				return err
			}
			var chosen []client.Object
			for _, o := range page.Items {
				if len(args) == 0 || o.String("type") == args[0] {
					chosen = append(chosen, o)
				}
			}
			s.attributes = []string{"id", "ref", "type", "parameters"}
			return s.showList(r, chosen)
		},
	})
}

var instanceResource = resource{
	name: "TriggerInstance", plural: "trigger instances", path: "/triggerinstances", key: "id",
	columns: []string{"id", "trigger", "occurrence_time", "status"},
	times:   []string{"occurrence_time"},
	front:   []string{"id", "trigger", "occurrence_time", "payload", "status"},
	limited: true, reversed: true,
	filters: append([]filter{
		{flag: "trigger", help: "only those of this trigger"},
		{flag: "status", help: "only those in this status: pending, processing, processed or processing_failed"},
	}, timeFilters("timestamp")...),
}

func (a *app) triggerInstances() *cobra.Command {
	r := instanceResource
	return a.group("trigger-instance", "What has happened: list, show and repeat events",
		a.list(r), a.get(r), a.reEmit())
}

func (a *app) reEmit() *cobra.Command {
	return a.command(verb{
		name: "re-emit", short: "Let an event happen again", args: "id",
		do: func(ctx context.Context, s *session, args []string) error {
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Post(ctx, client.Path(instanceResource.path, args[0], "re_emit"), nil)
			if client.StatusOf(err) == http.StatusNotFound {
				return &notFound{resource: instanceResource, key: args[0]}
			}
			if err != nil {
				return err
			}
			if s.document() {
				return s.writeDocument(map[string]any(o))
			}
			s.printf("%s\n", o.String("message"))
			return nil
		},
	})
}

// webhooks are triggers of type core.st2.webhook, known by the url in their parameters.
func (a *app) webhooks() *cobra.Command {
	r := resource{
		name: "Webhook", plural: "webhooks", path: "/webhooks", key: "url",
		columns: []string{"url", "type", "description"},
		front:   []string{"url", "id", "type", "description"},
		filters: []filter{packFilter},
		derive:  func(o client.Object) { o["url"] = o.String("parameters.url") },
	}
	return a.group("webhook", "The webhooks that rules listen to", a.list(r), a.get(r))
}
