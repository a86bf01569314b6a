package proc

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Target is what to look for: a process with its session, what carries a mark, or both.
// A zero field, and a mark without a value, finds nothing.
type Target struct {
	Identity Identity
	Mark     string // an environment entry, KEY=value
}

// Survivors returns the live processes that belong to any of targets, lowest PID first.
// This process itself is never one of them.
func Survivors(targets ...Target) ([]Identity, error) {
	left, err := newHunt(targets).find()
	if err != nil {
		return nil, err
	}
	ids := make([]Identity, len(left))
	for i, e := range left {
		ids[i] = Identity{PID: e.pid, StartTick: e.tick, Boot: bootID()}
	}
	return ids, nil
}

// hunt finds what belongs to its targets, and remembers between two looks what was
// proven: a session keeps its number as long as one of its members lives, so it can
// be known after its leader is gone.
type hunt struct {
	leaders  map[int]Identity
	marks    map[string]bool
	sessions map[int]bool  // proven ours by the last look
	known    map[int]entry // found by the last look
}

func newHunt(targets []Target) *hunt {
	h := &hunt{leaders: map[int]Identity{}, marks: map[string]bool{}}
	for _, t := range targets {
		if t.Identity.PID > 0 {
			h.leaders[t.Identity.PID] = t.Identity
		}
		if _, value, _ := strings.Cut(t.Mark, "="); value != "" {
			h.marks[t.Mark] = true
		}
	}
	return h
}

// find looks once through all processes.
func (h *hunt) find() ([]entry, error) {
	if len(h.leaders)+len(h.marks) == 0 {
		return nil, nil
	}
	table, err := readTable()
	if err != nil {
		return nil, fmt.Errorf("cannot look for processes: %w", err)
	}
	marked := h.markedIn(table)
	h.sessions = h.sessionsIn(table, marked)
	h.known = family(table, func(e entry) bool { return marked[e.pid] || h.sessions[e.session] })
	left := make([]entry, 0, len(h.known))
	for _, e := range h.known {
		if !e.dead() {
			left = append(left, e)
		}
	}
	slices.SortFunc(left, func(a, b entry) int { return a.pid - b.pid })
	return left, nil
}

func (h *hunt) markedIn(table map[int]entry) map[int]bool {
	marked := map[int]bool{}
	if len(h.marks) == 0 {
		return marked
	}
	for pid := range table {
		if h.carriesMark(pid) {
			marked[pid] = true
		}
	}
	return marked
}

func (h *hunt) carriesMark(pid int) bool {
	environ, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false // gone, or another user's: then descent and session have to tell
	}
	for len(environ) > 0 {
		var entry []byte
		entry, environ, _ = bytes.Cut(environ, []byte{0})
		if h.marks[string(entry)] {
			return true
		}
	}
	return false
}

// sessionsIn returns the sessions proven ours: those whose leader is a target, and
// those proven before of which a member we knew still lives. This process's own session
// is never ended whole, whoever started it.
func (h *hunt) sessionsIn(table map[int]entry, marked map[int]bool) map[int]bool {
	proven := map[int]bool{}
	own := table[os.Getpid()].session
	for pid, e := range table {
		leads := pid == e.session && (marked[pid] || e.is(h.leaders[pid]))
		was, ok := h.known[pid]
		pinned := ok && was.tick == e.tick && was.session == e.session && h.sessions[e.session]
		if (leads || pinned) && e.session != own {
			proven[e.session] = true
		}
	}
	return proven
}

// family returns the processes that are ours and everything they started, without this process.
func family(table map[int]entry, ours func(entry) bool) map[int]entry {
	found := map[int]entry{}
	self := os.Getpid()
	for grown := true; grown; {
		grown = false
		for pid, e := range table {
			if _, ok := found[pid]; ok || pid == self {
				continue
			}
			parent, descends := found[e.parent]
			if ours(e) || descends && parent.tick <= e.tick {
				found[pid], grown = e, true
			}
		}
	}
	return found
}
