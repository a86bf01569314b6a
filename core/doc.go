// Package core is Petrel's vocabulary: nouns, ids, statuses, error kinds and the seams.
//
// It uses the standard library only and does no I/O. The nouns are StackStorm's,
// because that is what their users call them: an event is a [TriggerInstance] of a
// [Trigger]; a [Rule] matches it, leaves an [Enforcement] and asks for an
// [Execution] of an [Action], which a [Runner] carries out.
//
// Optional interfaces found by type assertion: [Steerer] on a Runner.
package core
