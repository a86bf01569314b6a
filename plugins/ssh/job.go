package ssh

import (
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// job is one action for all of its hosts.
type job struct {
	call    core.Call
	params  params
	targets []*target
	exports []string
	files   []file // of a script, itself first; none for a command line
}

// newJob checks everything that can be wrong before a host is asked.
func (c *Carrier) newJob(call core.Call) (*job, error) {
	p := readParams(call.RunnerParams)
	exports, err := environment(call, p.env)
	if err != nil {
		return nil, err
	}
	targets, err := c.targets(p)
	if err != nil {
		return nil, err
	}
	return &job{call: call, params: p, targets: targets, exports: exports}, nil
}

// text is what a host's shell is asked to do; dir is where the script lies there.
// st2: runners reference 3, command sent.
func (j *job) text(mark, dir string) (string, error) {
	cwd, line := j.params.cwd, j.params.cmd
	if len(j.files) > 0 {
		var err error
		if line, err = shellarg.Line(dir+"/"+j.files[0].name, j.call); err != nil {
			return "", err
		}
		cwd = shellarg.Quote(cwd)
	}
	export := "export " + markName + "=" + mark + " " + strings.Join(j.exports, " ")
	if cwd == "" || cwd == "''" {
		return export + " && " + line, nil
	}
	return export + " && cd " + cwd + " && " + line, nil
}

// carryOut runs a job on its hosts, in parallel.
func (c *Carrier) carryOut(ctx context.Context, j *job) (core.Result, error) {
	results := make([]hostResult, len(j.targets))
	var group errgroup.Group
	group.SetLimit(c.cfg.MaxParallel)
	for i, t := range j.targets {
		group.Go(func() error {
			results[i] = c.newRun(j, t).carryOut(ctx)
			return nil
		})
	}
	group.Wait() // no error is ever returned
	names := resultNames(j.targets)
	for i := range results {
		results[i].name = names[i]
	}
	return summary{results, context.Cause(ctx), c.cfg.AllowPartialFailure}.result()
}

// run is a job on one host.
type run struct {
	cfg    *Config
	pool   *pool
	job    *job
	target *target
	mark   string
	as     privilege

	stdout, stderr *printed.Stream
	announced      *announced
}

// minOutput is what every host may print into a result, however many there are.
const minOutput = 64 << 10

func (c *Carrier) newRun(j *job, t *target) *run {
	r := &run{
		cfg: &c.cfg, pool: c.pool, job: j, target: t, mark: newMark(),
		as: privilege{sudo: j.params.sudo, password: j.params.sudoPassword},
	}
	most := max(minOutput, c.cfg.MaxOutput/len(j.targets))
	r.stdout, r.stderr = &printed.Stream{Out: io.Discard, Max: most}, &printed.Stream{Out: io.Discard, Max: most}
	if len(j.targets) == 1 { // st2: output is streamed only then
		r.stdout.Out, r.stderr.Out = j.call.Output.Stdout(), j.call.Output.Stderr()
	}
	pass := func(b []byte) { r.stdout.Write(b) }
	if r.as.sudo && r.as.password == "" {
		pass = (&newlines{next: pass}).write
	}
	r.announced = newAnnounced(r.mark, pass)
	return r
}

func (r *run) carryOut(ctx context.Context) hostResult {
	if ctx.Err() != nil { // it waited for its turn until then
		return r.failed(&unreachable{context.Cause(ctx)})
	}
	dir := ""
	if len(r.job.files) > 0 {
		dir = r.uploadDir()
		if err := r.upload(ctx, dir); err != nil {
			var away *unreachable
			if !errors.As(err, &away) {
				err = &notCopied{err}
				r.remove(ctx, dir)
			}
			return r.failed(err)
		}
	}
	res := r.command(ctx, dir)
	if dir != "" && !r.remove(ctx, dir) {
		res.leftBehind = dir
	}
	return res
}

// command runs the job's text, and ends it when ctx is done or its time is over.
func (r *run) command(ctx context.Context, dir string) hostResult {
	text, err := r.job.text(r.mark, dir)
	if err != nil {
		return r.failed(err)
	}
	p, err := r.pool.start(ctx, r.target, r.as.program(text, r.mark), r.announced, r.stderr)
	if err != nil {
		return r.failed(err)
	}
	defer p.close()
	ctx, cancel := withTimeout(ctx, r.job.params.timeout)
	defer cancel()
	e, err := p.wait(ctx)
	if err != nil && ctx.Err() != nil {
		if endErr := r.end(ctx, p); endErr != nil {
			err = &notEnded{err, endErr}
		}
		p.lastWords()
	}
	p.close()
	r.announced.flush()
	if err != nil {
		return r.failed(err)
	}
	return r.finished(e)
}

// resultNames are the keys of the hosts' results: the hosts' names.
// st2 differs: where two ports of a host are asked, host:port, so that no result covers another.
func resultNames(targets []*target) []string {
	count := map[string]int{}
	for _, t := range targets {
		count[t.host]++
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.host
		if count[t.host] > 1 {
			names[i] = t.String()
		}
	}
	return names
}
