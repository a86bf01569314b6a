package workflow

import "github.com/petrelhq/petrel/core"

// afterAction is the status of a task once its action has taken on a status.
// st2: orquesta, task state machine.
// st2 differs: an action that ends always ends its task, whatever was reported before; there a task that
// is, say, pausing while its action succeeds waits for ever.
func afterAction(now, action core.Status) core.Status {
	switch {
	case now.Final():
		return now
	case action.Final():
		return afterEnd(now, action)
	case action == core.Canceling:
		if now != unset && now != core.Pending {
			return core.Canceling
		}
	case action == core.Running:
		if now != core.Pending && now != core.Pausing && now != core.Canceling {
			return core.Running
		}
	case now == unset || now.Waiting():
		if action == core.Requested && now != unset || action == core.Resuming {
			return now
		}
		return action
	case now == core.Running && (action == core.Pending || action == core.Pausing || action == core.Paused):
		return action
	case now == core.Pausing && (action == core.Paused || action == core.Resuming), now == core.Paused && action == core.Resuming:
		return action
	case now == core.Canceling && action == core.Paused:
		return core.Canceled
	}
	return now
}

func afterEnd(now, action core.Status) core.Status {
	switch {
	case now == core.Canceling && action == core.Succeeded:
		return core.Canceled
	case broken(action) && !now.Waiting():
		return core.Failed
	}
	return action
}

// siblings is how the other items of a task stand when one of them changes.
type siblings struct {
	busy, paused, canceled, failed bool
	open                           bool // some have not ended
	due                            bool // some are about to begin, whatever becomes of the others
}

// afterItem is the status of a task once one of its items has taken on a status.
func afterItem(now, item core.Status, o siblings) core.Status {
	if !item.Final() && !halted(item) && item != core.Resuming {
		return afterAction(now, item)
	}
	switch now {
	case core.Running, core.Requested, core.Scheduled, core.Delayed:
		return itemWhileRunning(core.Running, item, o)
	case core.Pausing:
		if !o.busy {
			return itemWhilePausing(item, o)
		}
	case core.Paused, core.Pending: // st2 differs: there the answer to an item's question is lost
		if item.Final() && !o.busy {
			return itemWhilePausing(item, o)
		}
	case core.Canceling:
		switch {
		case o.busy || item == core.Resuming:
		case item == core.Succeeded && !o.paused && !o.canceled && !o.failed && !o.open:
			return core.Succeeded
		default:
			return core.Canceled
		}
	}
	return now
}

func itemWhileRunning(now, item core.Status, o siblings) core.Status {
	switch {
	case item == core.Resuming:
		return now
	case item == core.Canceled:
		return halfOrWhole(now, o.busy, core.Canceling, core.Canceled)
	case halted(item) && o.busy:
		return core.Pausing
	case o.busy:
		return now
	case o.canceled && !o.paused:
		return core.Canceled
	case broken(item) && !o.due:
		return core.Failed
	case halted(item) && !o.paused && o.failed:
		return core.Failed
	case halted(item) || o.paused:
		return core.Paused
	case o.failed && !o.due:
		return core.Failed
	case o.open:
		return now
	}
	return core.Succeeded
}

func itemWhilePausing(item core.Status, o siblings) core.Status {
	after := itemWhileRunning(core.Running, item, o)
	switch {
	case item == core.Resuming:
		return core.Pausing
	case after == core.Running:
		return core.Paused
	}
	return after
}

// afterRequest is the status of a task with items once the workflow is asked to pause or to end; busy
// says that items are active.
func afterRequest(now, asked core.Status, busy bool) core.Status {
	if now != core.Running {
		return now
	}
	switch asked {
	case core.Pausing, core.Paused:
		return halfOrWhole(now, busy, core.Pausing, core.Paused)
	case core.Canceling, core.Canceled:
		return halfOrWhole(now, busy, core.Canceling, core.Canceled)
	}
	return now
}
