package core

// Status is where an execution stands. st2: execution reference, statuses.
type Status string

const (
	Requested Status = "requested"
	Delayed   Status = "delayed"
	Scheduled Status = "scheduled"
	Running   Status = "running"
	Pending   Status = "pending" // an inquiry waits for its answer
	Pausing   Status = "pausing"
	Paused    Status = "paused"
	Resuming  Status = "resuming"
	Canceling Status = "canceling"
	Canceled  Status = "canceled"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	TimedOut  Status = "timeout"
	Abandoned Status = "abandoned"
)

// Statuses lists every status an execution can have.
var Statuses = []Status{
	Requested, Scheduled, Delayed, Running, Succeeded, Failed, TimedOut, Abandoned,
	Canceling, Canceled, Pending, Pausing, Paused, Resuming,
}

// Final reports whether an execution of this status never changes again.
func (s Status) Final() bool {
	switch s {
	case Canceled, Succeeded, Failed, TimedOut, Abandoned:
		return true
	}
	return false
}

// Cancelable reports whether a cancel request has something to do.
func (s Status) Cancelable() bool {
	switch s {
	case Requested, Delayed, Scheduled, Running, Pausing, Paused, Resuming:
		return true
	}
	return false
}

// Waiting reports whether no runner has been asked to carry it out yet.
func (s Status) Waiting() bool { return s == Requested || s == Delayed || s == Scheduled }

// InstanceStatus is where a trigger instance stands.
type InstanceStatus string

const (
	InstancePending    InstanceStatus = "pending"
	InstanceProcessing InstanceStatus = "processing"
	InstanceProcessed  InstanceStatus = "processed"
	InstanceFailed     InstanceStatus = "processing_failed"
)
