package workflow

import "github.com/petrelhq/petrel/core"

// Run is one run of a task.
type Run struct {
	Task    string
	Route   int
	Status  core.Status // "" when it has not begun
	Retries int64
	From    []int // the runs that led to it, by their place in the list; none for a task the workflow starts with
	Last    bool  // the last run of its task on its route
}

// Runs are the runs of tasks, and of commands, in the order in which they began.
func (c *Conductor) Runs() []Run {
	out := make([]Run, len(c.entries))
	for i, e := range c.entries {
		out[i] = Run{Task: e.node.ID, Route: e.route, Status: e.status, Last: c.isLatest(e)}
		if e.retry != nil {
			out[i].Retries = e.retry.Tally
		}
		for _, o := range e.prev {
			out[i].From = append(out[i].From, o.Entry)
		}
	}
	return out
}

// Join is a task that waits for others to lead to it.
type Join struct {
	Task    string
	Route   int
	Needs   int      // how many have to lead to it
	Leading int      // how many do
	Missing []string // those that do not, or not yet
}

// Joins are the tasks that wait for others, in the order in which the first led to them.
func (c *Conductor) Joins() []Join {
	var out []Join
	for _, t := range c.staged.all() {
		if t.ready || t.completed {
			continue
		}
		j := Join{Task: t.node.ID, Route: t.route, Needs: t.node.needs(), Leading: c.inbound[t.place].leading}
		for _, before := range t.node.before {
			if e := c.latest[place{before, t.route}]; e == nil || !e.leadsTo(t.node) {
				j.Missing = append(j.Missing, before.ID)
			}
		}
		out = append(out, j)
	}
	return out
}
