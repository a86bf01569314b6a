// Package proc starts, limits, streams and ends process groups, and knows them again
// after a restart.
//
// Every process is started as the leader of a new session. What it starts belongs to it:
// the members of its session, their descendants (sudo moves its command to a session of
// its own), and whatever carries its [Spec.Mark] in its environment. [Process.Wait] ends
// all of them when its context is done. A server that was killed finds and ends what
// outlived it with [Ender.End], by [Identity] or by mark.
//
// It uses the standard library and Linux's /proc and pidfd.
package proc
