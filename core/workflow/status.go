package workflow

import "github.com/petrelhq/petrel/core"

// Retrying is the status of a task that failed and will be done again.
const Retrying core.Status = "retrying"

// unset is the status of what has none yet; expressions see it as the text null.
const unset core.Status = ""

// starting reports whether an action of this status has just begun.
func starting(s core.Status) bool { return s.Waiting() || s == core.Running || s == core.Pending }

// goesOn reports whether a workflow of this status begins further tasks.
func goesOn(s core.Status) bool {
	return s.Waiting() || s == core.Running || s == core.Resuming || s == Retrying
}

// active reports whether something is being done.
func active(s core.Status) bool {
	switch s {
	case core.Requested, core.Scheduled, core.Delayed, core.Running, core.Resuming, core.Pausing, core.Canceling:
		return true
	}
	return false
}

// broken reports whether something ended badly.
func broken(s core.Status) bool {
	return s == core.Failed || s == core.TimedOut || s == core.Abandoned
}

// halted reports whether something waits to be gone on with.
func halted(s core.Status) bool { return s == core.Paused || s == core.Pending }
