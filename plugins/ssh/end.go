package ssh

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
)

// endText ends a run's processes: SIGTERM, and SIGKILL for what is left after a while; it
// fails if something is left even then. Beside the process group, %[1]s, that is every
// process with the mark in its environment, on systems that have /proc.
const endText = `marked() { grep -lsz '^%[2]s=%[3]s$' /proc/[0-9]*/environ 2>/dev/null; }
send() {
	kill -s "$1" -- -%[1]s 2>/dev/null || kill -s "$1" %[1]s 2>/dev/null
	for file in $(marked); do
		file=${file#/proc/}
		kill -s "$1" "${file%%/environ}" 2>/dev/null
	done
}
alive() { kill -0 -- -%[1]s 2>/dev/null || [ -n "$(marked)" ]; }
gone() {
	tries=$1
	while alive; do
		[ "$tries" -gt 0 ] || return 1
		tries=$((tries - 1))
		sleep 0.05 2>/dev/null || sleep 1
	done
}
send TERM
gone %[4]d || { send KILL; gone 40; }
`

// noGroup is a process group that does not exist.
const noGroup = "999999999"

// beginning is how long a host may take from the request to the shell's first words.
const beginning = 5 * time.Second

// end ends what a run started on a host, in a session of its own. It does not depend on
// the action's context, which is done by now.
func (r *run) end(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), beginning+r.cfg.Grace+8*time.Second)
	defer cancel()
	group, err := r.group(ctx, p)
	said := ""
	if err == nil {
		steps := int(r.cfg.Grace / (50 * time.Millisecond))
		said, err = r.small(ctx, r.as, fmt.Sprintf(endText, group, markName, r.mark, steps))
	}
	if err != nil {
		return core.Errorf(core.Unavailable, "its processes on the host could not be ended and may still run: %w %s", err, said)
	}
	return nil
}

// group waits for the process group, which a command that is just beginning has yet to tell.
func (r *run) group(ctx context.Context, p *process) (string, error) {
	t := time.NewTimer(beginning)
	defer t.Stop()
	select {
	case <-r.announced.found:
		return r.announced.group, nil
	case <-p.exited:
		return noGroup, nil
	case <-t.C:
		return "", fmt.Errorf("the host's shell has not begun within %v", beginning)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// small runs a text that says little.
func (r *run) small(ctx context.Context, as privilege, text string) (said string, err error) {
	var out strings.Builder
	mark := newMark()
	own := newAnnounced(mark, func(b []byte) { out.Write(b) })
	var complaints strings.Builder
	p, err := r.pool.start(ctx, r.target, as.program(text, mark), own, &complaints)
	if err != nil {
		return "", err
	}
	defer p.close()
	e, err := p.wait(ctx)
	p.close()
	own.flush()
	if err == nil && e.code != 0 {
		err = fmt.Errorf("status %d", e.code)
	}
	return strings.TrimSpace(out.String() + complaints.String()), err
}
