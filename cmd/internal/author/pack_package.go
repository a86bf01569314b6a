package author

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
)

func packPackageCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "package [DIR]",
		Short: "Make the archive of a pack that servers install and registries serve",
		Long: `Check the pack in DIR (default: this folder), write it as an archive, and print the
archive's SHA-256 and its size in bytes.

The same files make the same archive again, byte for byte. Left out are whatever begins
with a dot (.git, .sdk), compiled Python, Go's tests (*_test.go, testdata), and archives
(*.tar.gz) at the top of the folder.`,
		Example: "  petrel pack package hello\n  petrel pack package hello -o /srv/packs/hello.tar.gz",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			made, err := registry.Package(dir, out, describePack)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\nsha256 %s\nsize   %d\n", made.File, made.Sum.SHA256, made.Sum.Size)
			return err
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", ".", "file to write, or the folder for NAME-VERSION.tar.gz")
	return cmd
}

// describePack reads a whole pack; the error tells every fault with its place.
func describePack(fsys fs.FS, dir string) (core.Pack, error) {
	content, faults := pack.Read(fsys, dir)
	if len(faults) > 0 {
		return core.Pack{}, errors.Join(faults...)
	}
	return content.Pack, nil
}
