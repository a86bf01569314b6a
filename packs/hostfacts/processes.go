package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/petrelhq/petrel/sdk"
)

// Top says which processes to list.
type Top struct {
	By    string `json:"by" doc:"What they are ordered by" enum:"memory,cpu" default:"memory"`
	Count int    `json:"count" doc:"How many to list" default:"10"`
}

// Process is one process.
type Process struct {
	PID        int     `json:"pid"`
	Parent     int     `json:"parent"`
	Name       string  `json:"name"`
	State      string  `json:"state" doc:"One letter, as ps shows it"`
	Memory     int64   `json:"memory" doc:"Bytes that lie in memory"`
	CPUSeconds float64 `json:"cpu_seconds" doc:"Processor time since it began"`
}

// Processes is what processes returns.
type Processes struct {
	Count     int       `json:"count" doc:"How many there are in all"`
	Processes []Process `json:"processes"`
}

func (m machine) processes(_ context.Context, in Top) (Processes, error) {
	if in.Count < 1 {
		return Processes{}, sdk.Errorf(sdk.Invalid, "count: needs to be at least 1")
	}
	entries, err := os.ReadDir(m.proc)
	if err != nil {
		return Processes{}, err
	}
	all := []Process{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // not a process
		}
		text, err := os.ReadFile(filepath.Join(m.proc, e.Name(), "stat"))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended since
		}
		if err != nil {
			return Processes{}, err
		}
		p, err := readProcess(pid, string(text))
		if err != nil {
			return Processes{}, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Process) int {
		if in.By == "cpu" {
			return cmp.Or(cmp.Compare(b.CPUSeconds, a.CPUSeconds), cmp.Compare(a.PID, b.PID))
		}
		return cmp.Or(cmp.Compare(b.Memory, a.Memory), cmp.Compare(a.PID, b.PID))
	})
	return Processes{Count: len(all), Processes: all[:min(len(all), in.Count)]}, nil
}

// ticks is how many of the kernel's units of processor time make a second, on every
// machine that Go runs on.
const ticks = 100

// readProcess reads /proc/PID/stat. The name stands in parentheses and may hold any.
func readProcess(pid int, text string) (Process, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Process{}, fmt.Errorf("process %d: its stat file has another form than known: %q", pid, text)
	}
	p := Process{PID: pid, Name: text[open+1 : end]}
	words := strings.Fields(text[end+1:]) // from the third field on
	if len(words) < 22 {
		return Process{}, fmt.Errorf("process %d: its stat file is cut short: %q", pid, text)
	}
	p.State = words[0]
	var numbers [4]int64
	for i, field := range []int{1, 11, 12, 21} { // parent, user time, system time, pages in memory
		n, err := strconv.ParseInt(words[field], 10, 64)
		if err != nil {
			return Process{}, fmt.Errorf("process %d: %w", pid, err)
		}
		numbers[i] = n
	}
	p.Parent = int(numbers[0])
	p.CPUSeconds = float64(numbers[1]+numbers[2]) / ticks
	p.Memory = numbers[3] * int64(os.Getpagesize())
	return p, nil
}
