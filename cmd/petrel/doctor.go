package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// finding is one thing the doctor looked at.
type finding struct {
	what   string // what was looked at
	told   string // how it is
	fix    string // what to do about it; empty when all is well
	unseen bool   // it could not be looked at, which is no fault
}

func (f finding) String() string {
	switch {
	case f.unseen:
		return fmt.Sprintf("  ?   %-11s %s", f.what, f.told)
	case f.fix == "":
		return fmt.Sprintf("  ok  %-11s %s", f.what, f.told)
	}
	return fmt.Sprintf("FAIL  %-11s %s\n      fix: %s", f.what, f.told, f.fix)
}

// doctor looks at an installation from outside, with the server running or not.
type doctor struct {
	cfg   Config
	token string // of an administrator, to ask a running server
	now   func() time.Time
	found []finding
}

func (d *doctor) well(what, format string, args ...any) {
	d.found = append(d.found, finding{what: what, told: fmt.Sprintf(format, args...)})
}

func (d *doctor) unseen(what, format string, args ...any) {
	d.found = append(d.found, finding{what: what, told: fmt.Sprintf(format, args...), unseen: true})
}

func (d *doctor) fault(what, told, fix string) {
	d.found = append(d.found, finding{what: what, told: told, fix: fix})
}

// examine looks at everything.
func (d *doctor) examine(ctx context.Context) {
	d.directory()
	d.files()
	running := d.port(ctx)
	if d.cfg.Store == "" {
		d.ownStore(ctx, running)
	} else {
		d.sharedStore(ctx)
	}
}

// tell prints the findings and returns an error when one of them is a fault.
func (d *doctor) tell(w io.Writer) error {
	faults := 0
	for _, f := range d.found {
		fmt.Fprintln(w, f)
		if f.fix != "" {
			faults++
		}
	}
	switch faults {
	case 0:
		return nil
	case 1:
		return errors.New("1 fault found")
	}
	return fmt.Errorf("%d faults found", faults)
}

func doctorCommand() *cobra.Command {
	var file string
	var flags Config
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with an installation, and say how to mend it",
		Long: `Look for what is wrong with an installation: disk, files, port, store, clock, and
executions that nobody has in hand. Give it the same flags as the server. Each fault
comes with its fix; the exit code is 1 when there is one.

A running server on a data directory of its own holds its store; it is asked over its
API then, with the token of an administrator in ST2_AUTH_TOKEN.`,
		Example: "  petrel doctor\n  petrel doctor --config petrel.yaml\n  petrel doctor --store redis://10.0.0.5:6379",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := LoadConfig(file)
			if err != nil {
				return err
			}
			cfg = cfg.over(flags)
			if err := cfg.Check(); err != nil {
				return err
			}
			if err := cfg.makeAbsolute(); err != nil {
				return err
			}
			d := &doctor{cfg: cfg, token: os.Getenv("ST2_AUTH_TOKEN"), now: time.Now}
			d.examine(cmd.Context())
			return d.tell(cmd.OutOrStdout())
		},
	}
	addServerFlags(cmd, &file, &flags)
	return cmd
}
