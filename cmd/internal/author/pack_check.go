package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func packTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run a pack's tests, and check that it was built from its code",
		Long: `Run "go test ./..." in the pack in DIR (default: this folder), then compile its code
aside and check that what lies in the folder is what the code makes: the code itself and
the metadata. No server is needed. The exit code is 1 when something is not as it should be.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openPack(folderOf(args))
			if err != nil {
				return err
			}
			return f.test(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func (f *packFolder) test(ctx context.Context, out, errOut io.Writer) error {
	if f.inGo() {
		golang, err := findGo(ctx, f.dir)
		if err != nil {
			return err
		}
		if err := golang.test(ctx, out, errOut); err != nil {
			return err
		}
	}
	stale, err := f.stale(ctx)
	if err != nil {
		return err
	}
	for _, line := range stale {
		fmt.Fprintln(out, line)
	}
	if len(stale) > 0 {
		return fmt.Errorf("%s is out of step with its code; run: petrel pack build %s", f.pack.Ref, f.shown)
	}
	content, err := f.read()
	if err != nil {
		return fmt.Errorf("the pack has faults:\n%w", err)
	}
	fmt.Fprintf(out, "in step   %s\n", summary(content))
	return nil
}

// stale says what in the folder is not as the code would make it now.
func (f *packFolder) stale(ctx context.Context) ([]string, error) {
	if f.code == "" {
		return nil, nil
	}
	code, lines := f.path(f.code), []string(nil)
	if f.inGo() {
		folder, err := os.MkdirTemp("", "petrel-pack-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(folder)
		if code, err = f.compileAside(ctx, folder); err != nil {
			return nil, err
		}
		if ok, err := sameContent(code, f.path(f.code)); err != nil {
			return nil, err
		} else if !ok {
			lines = append(lines, fmt.Sprintf("stale     %s: not what the code compiles to", f.code))
		}
	}
	changes, err := f.outOfStep(ctx, code)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		switch c.fate {
		case write:
			lines = append(lines, fmt.Sprintf("stale     %s: not what the code says", c.file))
		case remove:
			lines = append(lines, fmt.Sprintf("stale     %s: the code does not have it any more", c.file))
		}
	}
	return lines, nil
}

// sameContent reports whether two files hold the same; one that is not there is another.
func sameContent(a, b string) (bool, error) {
	x, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	y, err := os.ReadFile(b)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return bytes.Equal(x, y), err
}
