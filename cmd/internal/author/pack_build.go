package author

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/pack"
)

func packBuildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "build [DIR]",
		Short: "Compile a pack's code and write its metadata from it",
		Long: `Compile the code of the pack in DIR (default: this folder), ask it what it brings, and
write that down: actions/*.yaml, sensors/*.yaml, triggers/*.yaml and config.schema.yaml.

Files that are right already are not touched, those of things the code does not have any
more are removed. A file whose first line is not the one that build writes is yours, and
stays as it is. A pack without Go source is taken as other tools built it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openPack(folderOf(args))
			if err != nil {
				return err
			}
			return f.build(cmd.Context(), cmd.OutOrStdout())
		},
	}
}

// folderOf is the folder that the words of a command line name, or this one.
func folderOf(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// build makes the pack ready to be installed, and says on out what it did.
func (f *packFolder) build(ctx context.Context, out io.Writer) error {
	if f.code != "" {
		if err := f.compile(ctx, out); err != nil {
			return err
		}
		changes, err := f.outOfStep(ctx, f.path(f.code))
		if err != nil {
			return err
		}
		if err := f.applyAll(out, changes); err != nil {
			return err
		}
	}
	content, err := f.read()
	for _, w := range content.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	if err != nil {
		return fmt.Errorf("the pack has faults:\n%w", err)
	}
	fmt.Fprintln(out, summary(content))
	return nil
}

// compile makes the code that pack.yaml names from the Go source, where there is some.
func (f *packFolder) compile(ctx context.Context, out io.Writer) error {
	if !f.inGo() {
		info, err := os.Stat(f.path(f.code))
		if err != nil {
			return fmt.Errorf("%s holds neither Go source nor %s: build that with the tools of its language first", f.shown, f.code)
		}
		fmt.Fprintf(out, "found     %s  %s\n", f.code, size(info.Size()))
		return nil
	}
	began := time.Now()
	file, err := f.compileAside(ctx, filepath.Dir(f.path(f.code)))
	if err != nil {
		return err
	}
	defer os.Remove(file) // gone already when all went well
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := os.Rename(file, f.path(f.code)); err != nil {
		return err
	}
	fmt.Fprintf(out, "compiled  %s  %s in %s\n", f.code, size(info.Size()), since(began))
	return nil
}

// compileAside compiles the code to a new file in a folder.
func (f *packFolder) compileAside(ctx context.Context, folder string) (string, error) {
	golang, err := findGo(ctx, f.dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	place, err := os.CreateTemp(folder, ".built-*")
	if err != nil {
		return "", err
	}
	file := place.Name()
	err = errors.Join(place.Close(), os.Remove(file)) // Go refuses to replace what it did not build
	if err == nil {
		err = golang.build(ctx, f.carrier, file)
	}
	return file, err
}

// outOfStep compares the pack's metadata with what the code in a file says.
func (f *packFolder) outOfStep(ctx context.Context, code string) ([]change, error) {
	brings, err := f.describe(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("asking %s what it brings: %w", f.code, err)
	}
	wanted, err := metadata(f, brings)
	if err != nil {
		return nil, err
	}
	return compare(f.dir, wanted)
}

func (f *packFolder) applyAll(out io.Writer, changes []change) error {
	for _, c := range changes {
		if err := c.apply(f.dir); err != nil {
			return err
		}
		switch c.fate {
		case keep:
			fmt.Fprintf(out, "kept      %s: you wrote it; remove it to have it written from the code\n", c.file)
		case write, remove:
			fmt.Fprintf(out, "%-9s %s\n", c.fate, c.file)
		}
	}
	return nil
}

// summary says in one line what a pack is.
func summary(c *pack.Content) string {
	kind := "metadata only"
	if c.Pack.Runtime != nil {
		kind = c.Pack.Runtime.Type
	}
	return fmt.Sprintf("%s %s: %s, %s, %s, %s", c.Pack.Ref, c.Pack.Version,
		counted(len(c.Actions), "action"), counted(len(c.Sensors), "sensor"), counted(len(c.TriggerTypes), "trigger type"), kind)
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}

func since(began time.Time) string { return fmt.Sprintf("%.1f s", time.Since(began).Seconds()) }
