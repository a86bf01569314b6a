package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

const runHelp = `Runs an action and shows what came of it.

Parameters are written name=value. From the first word without "=" on, all words
together are the parameter cmd:

  petrel run core.local -- uname -a
  petrel run core.http url=https://example.com method=GET
  petrel run core.local cmd=date timeout=10 -a

Values are read as the action declares them: numbers, true or false, lists as JSON or
a,b,c, objects as JSON or k=v,k2=v2. @name=path takes the value from a file.
"petrel run ACTION -h" lists an action's parameters.

The exit code is 1 when the execution failed.`

// runOptions are the options of run, action execute and execution re-run.
type runOptions struct {
	view
	async, tail       bool
	autoDict          bool
	inheritEnv        bool
	delay             int
	traceTag, traceID string
	user              string
	describe          bool
}

func (o *runOptions) register(f *pflag.FlagSet) {
	o.view.register(f)
	f.BoolVarP(&o.async, "async", "a", false, "do not wait for the end")
	f.BoolVar(&o.tail, "tail", false, "show the output while the action runs")
	f.BoolVar(&o.autoDict, "auto-dict", false, "read list items of the form k:v as one object")
	f.BoolVarP(&o.inheritEnv, "inherit-env", "e", false, "pass this shell's environment in the parameter env")
	f.IntVar(&o.delay, "delay", 0, "milliseconds to wait before the action starts")
}

func (o *runOptions) registerRun(f *pflag.FlagSet) {
	o.register(f)
	f.StringVar(&o.traceTag, "trace-tag", "", "begin a trace with this tag")
	f.StringVar(&o.traceID, "trace-id", "", "belong to the trace with this id")
	f.StringVarP(&o.user, "user", "u", "", "in whose name to run (administrators only)")
	f.BoolVar(&o.describe, describeFlag, false, "list the action's parameters instead of running it")
}

// run makes "run". st2: cli.md, run in depth.
func (a *app) run() *cobra.Command { return a.runVerb("run", false) }

// actionExecute makes "action execute", which never waits.
func (a *app) actionExecute() *cobra.Command { return a.runVerb("execute", true) }

func (a *app) runVerb(name string, async bool) *cobra.Command {
	var o runOptions
	c := a.command(verb{
		name: name, short: "Run an action", long: strings.ReplaceAll(runHelp, "petrel ", a.prog+" "),
		args: "ref-or-id? parameters*", attributes: runAttributes, attrLong: true,
		flags: o.registerRun,
		do: func(ctx context.Context, s *session, args []string) error {
			switch {
			case len(args) > 0:
				o.async = o.async || async
				return s.run(ctx, o, args[0], args[1:])
			case o.describe:
				return s.cmd.Help()
			}
			return misuse("the following arguments are required: ref-or-id")
		},
	})
	c.Use = name + " ref-or-id [parameters...]" // without a ref there is only -h
	c.Annotations = map[string]string{describesArgument: "true"}
	return c
}

func (s *session) run(ctx context.Context, o runOptions, ref string, words []string) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	sig, err := readSignature(ctx, c, ref)
	if o.describe {
		return s.describe(sig, err)
	}
	if err != nil {
		return s.unknownAction(err)
	}
	parameters, err := s.parameters(sig, o, words)
	if err != nil {
		return err
	}
	e, err := c.Run(ctx, o.request(sig.ref, parameters))
	if err != nil {
		return err
	}
	return s.follow(ctx, c, e, o)
}

func (o runOptions) request(ref string, parameters client.Object) client.RunRequest {
	r := client.RunRequest{Action: ref, Parameters: parameters, Delay: o.delay}
	if o.user != "" {
		r.User = &o.user
	}
	switch {
	case o.traceID != "":
		r.Context = client.Object{"trace_context": map[string]any{"id_": o.traceID}}
	case o.traceTag != "":
		r.Context = client.Object{"trace_context": map[string]any{"trace_tag": o.traceTag}}
	}
	return r
}

// follow shows an execution that was just asked for: where to look, or what came of it.
func (s *session) follow(ctx context.Context, c *client.Client, e client.Execution, o runOptions) error {
	if o.async {
		return s.sayWhere(e)
	}
	e, err := s.await(ctx, c, e, o)
	if err != nil {
		return err
	}
	// st2: cli.md, run in depth: the line the dots are on, empty or not, also with -j and -y.
	s.printf("\n")
	if err := s.showExecution(ctx, e.Raw, o.view); err != nil {
		return err
	}
	if e.Status == "failed" {
		return &exit{code: 1}
	}
	return nil
}

func (s *session) sayWhere(e client.Execution) error {
	if s.document() {
		return s.writeDocument(selected(masked(e.Raw), s.attributes))
	}
	s.printf("To get the results, execute:\n %s execution get %s\n\n", s.prog, e.ID)
	s.printf("To view output in real-time, execute:\n %s execution tail %s\n", s.prog, e.ID)
	return nil
}

// await waits for the end, with the output or dots passing by.
func (s *session) await(ctx context.Context, c *client.Client, e client.Execution, o runOptions) (client.Execution, error) {
	switch {
	case o.tail:
		s.printf("Tailing execution %q\n", e.ID)
		t := tail{session: s, api: c, root: e.ID}
		if err := t.follow(ctx); err != nil {
			return e, err
		}
		return c.Execution(ctx, e.ID, nil)
	case !e.Moving():
		return e, nil
	}
	stop := s.dots()
	defer stop()
	return c.Wait(ctx, e.ID)
}

// executionReRun makes "execution re-run".
func (a *app) executionReRun() *cobra.Command {
	var o runOptions
	var tasks, keep []string
	return a.command(verb{
		name: "re-run", short: "Run again what an execution did", args: "id parameters*", attributes: runAttributes, attrLong: true,
		long: "Runs the execution's action again, with its parameters and those given here laid over them.",
		flags: func(f *pflag.FlagSet) {
			o.register(f)
			f.StringSliceVar(&tasks, "tasks", nil, "of a workflow: run again from these tasks on")
			f.StringSliceVar(&keep, "no-reset", nil, "of --tasks: those with items that keep the items that succeeded")
			takesWords(f, "tasks", "no-reset")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			r, err := reset(tasks, keep)
			if err != nil {
				return err
			}
			return s.reRun(ctx, o, r, args[0], args[1:])
		},
	})
}

// reset sorts the tasks to run again from those that keep what they have.
func reset(tasks, keep []string) (client.ReRunRequest, error) {
	r := client.ReRunRequest{Tasks: append([]string{}, tasks...), Reset: []string{}}
	for _, name := range keep {
		if !slices.Contains(tasks, name) {
			return r, fmt.Errorf("--no-reset names task %q, which is not among --tasks", name)
		}
	}
	for _, name := range tasks {
		if !slices.Contains(keep, name) {
			r.Reset = append(r.Reset, name)
		}
	}
	return r, nil
}

func (s *session) reRun(ctx context.Context, o runOptions, r client.ReRunRequest, id string, words []string) error {
	c, err := s.api(ctx)
	if err != nil {
		return err
	}
	old, err := executionResource.find(ctx, c, id)
	if err != nil {
		return err
	}
	sig, err := readSignature(ctx, c, old.String("action.ref"))
	if err != nil {
		return s.unknownAction(err)
	}
	if r.Parameters, err = s.parameters(sig, o, words); err != nil {
		return err
	}
	r.Delay = o.delay
	e, err := c.ReRun(ctx, old.ID(), r)
	if err != nil {
		return err
	}
	return s.follow(ctx, c, e, o)
}
