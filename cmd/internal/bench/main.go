// Command bench measures Petrel against a yardstick: the real server binary and a bare
// handler that does the unavoidable part of the same work, side by side in one run.
//
// Machines differ and are noisy, so what counts are the ratios. Runs of the two are
// interleaved and the medians taken. Bars are printed beside what was reached, with "ok"
// or "short"; nothing fails because it is slow.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// section is one part of the report.
type section struct {
	name  string
	store string // "local", "redis" or, when the server is not measured, ""
	run   func(b *bench) error
}

var sections = []section{
	{"raw", "", (*bench).raw},
	{"noop", "local", (*bench).noop},
	{"exec", "local", (*bench).exec},
	{"alone", "local", (*bench).alone},
	{"disk", "local", (*bench).disk},
	{"start", "local", (*bench).start},
	{"million", "local", (*bench).million},
	{"workflows", "local", (*bench).workflows},
	{"redis", "redis", (*bench).redis},
	{"expr", "", (*bench).expressions},
	{"carriers", "", (*bench).carriers},
}

// bench is one run of the benchmarks.
type bench struct {
	out    io.Writer
	binary string // of the server
	dir    string // everything is written below it, and removed
	quick  bool
	events int    // in one run on Redis; 0: the section's own number
	tasks  int    // of the largest workflow; 0: the section's own number
	stored int    // executions in the big store
	keep   string // where the big store stays for the next run; "": nowhere
}

func main() {
	b := bench{out: os.Stdout}
	flag.StringVar(&b.binary, "petrel", "../../../bin/petrel", "the server binary to measure")
	flag.BoolVar(&b.quick, "quick", false, "small counts: does it work, not how fast is it")
	flag.IntVar(&b.stored, "stored", 0, "executions in the big store (default 1000000; 20000 with -quick)")
	flag.StringVar(&b.keep, "keep", "", "directory in which the big store is kept, and used again by the next run")
	flag.IntVar(&b.events, "events", 0, "events in one run on Redis (default 10000; 1000 with -quick)")
	flag.IntVar(&b.tasks, "tasks", 0, "tasks of the largest workflows (default 10000; 1000 with -quick)")
	store := flag.String("store", "", "only sections that measure the server on this store: local or redis")
	only := flag.String("only", "", "comma-separated sections: "+strings.Join(names(), ", "))
	where := flag.String("dir", "", "directory on the disk to measure (default: the temporary one)")
	flag.Parse()
	if err := b.all(*only, *store, *where); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func names() []string {
	var ns []string
	for _, s := range sections {
		ns = append(ns, s.name)
	}
	return ns
}

// choose returns the sections asked for, in the order of the list.
func choose(only, store string) ([]section, error) {
	asked := names()
	if only != "" {
		asked = strings.Split(only, ",")
	}
	for _, name := range asked {
		if !slices.Contains(names(), name) {
			return nil, fmt.Errorf("no section %q; there are %s", name, strings.Join(names(), ", "))
		}
	}
	var chosen []section
	for _, s := range sections {
		if slices.Contains(asked, s.name) && (store == "" || store == s.store) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no such section measures the store %q; there are local and redis", store)
	}
	return chosen, nil
}

// all runs the chosen sections.
func (b *bench) all(only, store, where string) (err error) {
	chosen, err := choose(only, store)
	if err != nil {
		return err
	}
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(where, "petrel-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.stored = b.count(b.stored)
	fmt.Fprintf(b.out, "petrel bench: %s, %s/%s, %d CPUs, data in %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.dir)
	for _, s := range chosen {
		if err := s.run(b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (b *bench) count(asked int) int {
	switch {
	case asked > 0:
		return asked
	case b.quick:
		return 20_000
	}
	return 1_000_000
}

// few returns a tenth of n, at least one, in a quick run.
func (b *bench) few(n int) int {
	if b.quick {
		return max(1, n/10)
	}
	return n
}

// rounds is how often a pair of runs is repeated.
func (b *bench) rounds() int {
	if b.quick {
		return 1
	}
	return 5
}
