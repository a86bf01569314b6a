package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Identity names a process started by this package well enough to know it again from
// another process, also after its number was given to somebody else.
type Identity struct {
	PID       int    // also its process group and session
	StartTick int64  // clock ticks between boot and its start: /proc/PID/stat, field 22
	Boot      string // the machine's boot id
}

// Identity returns the process's identity. Valid until Wait has returned.
func (p *Process) Identity() Identity { return Identify(p.pid) }

// Identify returns the identity of a child of this process that was started as the leader
// of a session. Valid for one that has not been waited for.
func Identify(pid int) Identity {
	entry, _ := readEntry(pid) // our own unreaped child is always there
	return Identity{PID: pid, StartTick: entry.tick, Boot: bootID()}
}

// Alive reports whether the very process id names is running. A zombie is not.
func Alive(id Identity) bool {
	entry, ok := readEntry(id.PID)
	return ok && entry.is(id) && !entry.dead()
}

// bootID is read once: it cannot change while we run.
var bootID = sync.OnceValue(func() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(b))
})

// entry is what /proc tells of one process.
type entry struct {
	pid, parent, session int
	tick                 int64
	state                byte
	name                 string
}

func (e entry) dead() bool { return e.state == 'Z' || e.state == 'X' }

func (e entry) is(id Identity) bool {
	return id.PID > 0 && e.pid == id.PID && e.tick == id.StartTick && id.Boot == bootID()
}

func readEntry(pid int) (entry, bool) {
	// Without os.File: it would ask the poller to watch the file, at half the cost of all this.
	fd, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return entry{}, false
	}
	defer syscall.Close(fd)
	var buf [1024]byte // more than 52 numbers and a name can take
	n, err := syscall.Read(fd, buf[:])
	if err != nil {
		return entry{}, false
	}
	return parseEntry(pid, string(buf[:n]))
}

// parseEntry reads "PID (NAME) STATE PPID PGRP SESSION … STARTTIME …". The name may hold
// blanks and parentheses.
func parseEntry(pid int, stat string) (entry, bool) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return entry{}, false
	}
	fields := strings.Fields(stat[end+1:])
	if len(fields) < 20 {
		return entry{}, false
	}
	e := entry{pid: pid, name: stat[open+1 : end], state: fields[0][0]}
	var errs [3]error
	e.parent, errs[0] = strconv.Atoi(fields[1])
	e.session, errs[1] = strconv.Atoi(fields[3])
	e.tick, errs[2] = strconv.ParseInt(fields[19], 10, 64)
	return e, errs == [3]error{}
}

// readTable returns every process of the machine that we can see.
func readTable() (map[int]entry, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	table := make(map[int]entry, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if e, ok := readEntry(pid); ok {
			table[pid] = e
		}
	}
	return table, nil
}
