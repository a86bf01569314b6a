// Package workflow is Orquesta's language and its conductor: pure, without I/O and without a clock.
//
// Parse reads a workflow, Inspect finds everything wrong with it at once, each fault with its line. New
// makes a Conductor of it, which says what to do next (Next) and is told what happened (Update). Each
// answer comes with a Step: the small change to append to what is stored. Snapshot and steps make the
// same conductor again (Restore). ParseChain makes the same of an ActionChain.
//
// The words are Orquesta's: a task has transitions to other tasks; a task that several others lead to,
// and that does not join them, runs once for each of them, on a route of its own; variables live in
// contexts, one for each transition that publishes.
//
// st2: orquesta, conducting and specs; runners reference 6 and 7.
package workflow
