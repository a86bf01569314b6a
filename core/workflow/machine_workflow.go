package workflow

import "github.com/petrelhq/petrel/core"

// requested is the status that a workflow takes on when it is asked for one, and the same as before
// when it cannot. busy says that tasks are active, done that nothing is left to do.
// st2: orquesta, workflow state machine.
func requested(now, asked core.Status, busy, done bool) core.Status {
	switch asked {
	case core.Failed:
		if now != core.Canceled {
			return core.Failed
		}
	case core.Pausing, core.Paused:
		if now == unset || now == core.Paused || now == core.Canceling || now.Final() {
			return now
		}
		return halfOrWhole(now, busy, core.Pausing, core.Paused)
	case core.Canceling, core.Canceled:
		if now != unset && !now.Final() {
			return halfOrWhole(now, busy, core.Canceling, core.Canceled)
		}
	case core.Resuming, core.Running:
		return resumed(now, asked, done)
	case core.Requested, core.Scheduled, core.Delayed:
		if now == unset || now.Waiting() && asked != core.Requested {
			return asked
		}
	case core.Succeeded:
		if now == core.Running {
			return core.Succeeded
		}
	}
	return now
}

// halfOrWhole is the way to an end while tasks are active, and the end when none is. Before it runs
// a workflow has no way, only the end.
func halfOrWhole(now core.Status, busy bool, half, whole core.Status) core.Status {
	switch {
	case !busy:
		return whole
	case now.Waiting() || now == core.Paused:
		return now
	}
	return half
}

func resumed(now, asked core.Status, done bool) core.Status {
	switch {
	case now == core.Paused && done:
		return core.Succeeded
	case now == core.Paused, now == core.Pausing:
		return asked
	case asked == core.Running && (now == unset || now.Waiting() || now == core.Resuming):
		return core.Running
	}
	return now
}

// outlook is what the rest of the workflow looks like when a task changes.
type outlook struct {
	busy     bool // tasks are active
	canceled bool // a task is being, or has been, canceled
	paused   bool // a task is being, or has been, paused
	more     bool // tasks are ready to begin
	handled  bool // the task failed, and a transition takes care of it
}

// afterTask is the status of a workflow once one of its tasks has taken on a status.
func afterTask(now, task core.Status, o outlook) core.Status {
	switch now {
	case core.Running, core.Resuming:
		return whileRunning(now, task, o)
	case core.Pausing:
		return whilePausing(task, o)
	case core.Paused:
		if task == core.Running || task == core.Resuming {
			return core.Running
		}
	case core.Canceling:
		if ended := task.Final() || halted(task) || task == Retrying; ended && !o.busy {
			return core.Canceled
		}
	}
	return now
}

func whileRunning(now, task core.Status, o outlook) core.Status {
	switch {
	case task == core.Succeeded || broken(task) && o.handled:
		return afterSuccess(now, o)
	case broken(task):
		return core.Failed
	case task == core.Canceling, task == core.Canceled && o.busy:
		return core.Canceling
	case task == core.Canceled:
		return core.Canceled
	case task == core.Pending:
		return halfOrWhole(now, o.busy, core.Pausing, core.Paused)
	case task == core.Paused && now == core.Running && !o.busy:
		return core.Paused
	case task == core.Running:
		return core.Running
	}
	return now
}

func afterSuccess(now core.Status, o outlook) core.Status {
	resuming := now == core.Resuming && o.busy // st2: then nothing is decided yet
	switch {
	case o.canceled && resuming, o.paused && resuming:
		return now
	case o.canceled:
		return halfOrWhole(core.Running, o.busy, core.Canceling, core.Canceled)
	case o.paused:
		return halfOrWhole(core.Running, o.busy, core.Pausing, core.Paused)
	case o.more || o.busy:
		return core.Running
	}
	return core.Succeeded
}

func whilePausing(task core.Status, o outlook) core.Status {
	switch {
	case broken(task) && !o.handled:
		return core.Failed
	case task == core.Canceling, task == core.Canceled && o.busy, broken(task) && o.busy && o.canceled:
		return core.Canceling
	case task == core.Canceled, task.Final() && !o.busy && o.canceled:
		return core.Canceled
	case (task.Final() || halted(task) || task == Retrying) && !o.busy:
		return core.Paused
	}
	return core.Pausing
}
