// Package demo shows Petrel's main job on a running server: a webhook raises an event, a
// rule matches it, an action runs. It goes through the same API as everybody.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/sdk/client"
)

const defaultURL = "http://127.0.0.1:9101"

// Command is `petrel demo`.
func Command() *cobra.Command {
	var base, user, password string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Drive one webhook, rule and action through a running server and show each step",
		Long: `Drive one webhook, rule and action through a running server and show each step.

It makes the rule examples.demo, posts to the webhook /webhooks/demo, waits for the
execution and prints what happened. The rule stays, to play with.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := demo{out: cmd.OutOrStdout(), base: strings.TrimRight(base, "/")}
			return d.run(cmd.Context(), user, password)
		},
	}
	cmd.Flags().StringVar(&base, "url", defaultURL, "where the server listens")
	cmd.Flags().StringVar(&user, "user", "admin", "who logs in")
	cmd.Flags().StringVar(&password, "password", "", "the password; see the first start of `petrel server`")
	return cmd
}

type demo struct {
	out  io.Writer
	base string
	api  *client.Client
	hook client.Object
}

func (d *demo) run(ctx context.Context, user, password string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := d.login(ctx, user, password); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	steps := []func(context.Context) error{d.makeRule, d.post, d.show}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}

// login waits for the server to come up and gets a token.
func (d *demo) login(ctx context.Context, user, password string) error {
	var token client.Token
	for {
		var err error
		token, err = client.New(client.At(d.base)).Login(ctx, user, password, 0)
		var away *client.Unreachable
		if !errors.As(err, &away) {
			if err != nil {
				return err
			}
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no server at %s: %w", d.base, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	cfg := client.At(d.base)
	cfg.Token = token.Token
	d.api = client.New(cfg)
	d.say("logged in as %s", user)
	return nil
}

const rule = `{
  "pack": "examples", "name": "demo", "enabled": true,
  "description": "Greets whoever posts to the webhook demo with a name.",
  "trigger":  {"type": "core.st2.webhook", "parameters": {"url": "demo"}},
  "criteria": {"trigger.body.name": {"type": "exists", "pattern": true}},
  "action":   {"ref": "core.local", "parameters": {"cmd": "echo \"Hello {{ trigger.body.name }}, this is $(uname -sr) at $(date +%T)\""}}
}`

// makeRule stores the rule, unless an earlier demo did.
func (d *demo) makeRule(ctx context.Context) error {
	if _, err := d.api.Get(ctx, client.Path("rules", "examples.demo"), nil); err == nil {
		d.say("rule examples.demo is there already")
		return nil
	}
	_, err := d.api.Post(ctx, "/rules", json.RawMessage(rule))
	if err == nil {
		d.say("made the rule examples.demo: webhook /webhooks/demo with a name in its body → core.local")
	}
	return err
}

func (d *demo) post(ctx context.Context) error {
	body := client.Object{"name": "Petrel"}
	d.say("curl -X POST %s/api/v1/webhooks/demo -H 'Content-Type: application/json' -H \"X-Auth-Token: $ST2_AUTH_TOKEN\" -d '{\"name\": \"Petrel\"}'", d.base)
	before, err := d.newest(ctx)
	if err != nil {
		return err
	}
	if _, err := d.api.Post(ctx, "/webhooks/demo", body); err != nil {
		return err
	}
	d.hook, err = d.enforced(ctx, before)
	return err
}

// newest returns the id of the rule's latest enforcement.
func (d *demo) newest(ctx context.Context) (string, error) {
	page, err := d.api.List(ctx, "/ruleenforcements", url.Values{"rule_ref": {"examples.demo"}, "limit": {"1"}})
	if err != nil || len(page.Items) == 0 {
		return "", err
	}
	return page.Items[0].ID(), nil
}

// enforced waits for an enforcement newer than before.
func (d *demo) enforced(ctx context.Context, before string) (client.Object, error) {
	for {
		id, err := d.newest(ctx)
		if err != nil {
			return nil, err
		}
		if id != before {
			return d.api.Get(ctx, client.Path("ruleenforcements", id), nil)
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the rule did not match within a minute")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// show prints the event, the rule, the execution and its output.
func (d *demo) show(ctx context.Context) error {
	event, err := d.api.Get(ctx, client.Path("triggerinstances", d.hook.String("trigger_instance_id")), nil)
	if err != nil {
		return err
	}
	x, err := d.api.Wait(ctx, d.hook.String("execution_id"))
	if err != nil {
		return err
	}
	out, _ := x.Raw.Lookup("result.stdout")
	fmt.Fprintf(d.out, "\n  event      %s  %s of %s\n", event.ID(), event.String("status"), event.String("trigger"))
	fmt.Fprintf(d.out, "  rule       %s  matched\n", d.hook.String("rule.ref"))
	fmt.Fprintf(d.out, "  execution  %s  %s %s in %d ms\n", x.ID, x.ActionRef, x.Status, x.End.Sub(x.Start).Milliseconds())
	fmt.Fprintf(d.out, "  stdout     %v\n", out)
	if x.Status != "succeeded" {
		return fmt.Errorf("the execution ended %s: %v", x.Status, x.Result)
	}
	return nil
}

func (d *demo) say(format string, args ...any) {
	fmt.Fprintf(d.out, "demo: "+format+"\n", args...)
}
