package author

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/registry"
)

// RegistryCommand is `petrel registry`.
func RegistryCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "registry", Short: "Publish packs, without a server"}
	cmd.AddCommand(registryBuildCommand())
	return cmd
}

func registryBuildCommand() *cobra.Command {
	var b registry.Building
	cmd := &cobra.Command{
		Use:   "build DIR",
		Short: "Make a registry of a folder of packs",
		Long: `Make a registry of the packs in DIR, which are folders with a pack.yaml, or archives that
petrel pack package made: an index.json, and beside it an archive for each version. Any
web server can serve that folder; servers find the index by its address.

Run it again after a pack got a new version: versions that are published already stay,
and one that is there with other content is refused. Nothing is written unless all packs
are in order.`,
		Example: "  petrel registry build packs -o public\n  petrel registry build packs -o public --url https://packs.example.com/",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b.Dir, b.Describe = args[0], describePack
			built, err := registry.Build(b)
			if err != nil {
				return err
			}
			return printBuilt(cmd.OutOrStdout(), b, built)
		},
	}
	cmd.Flags().StringVarP(&b.Out, "output", "o", "", "folder for the index and the archives (default DIR)")
	cmd.Flags().StringVar(&b.URL, "url", "", "address the folder will have; without it the index names archives relative to itself")
	cmd.Flags().StringVar(&b.Name, "name", "", "what the index calls itself")
	return cmd
}

func printBuilt(w io.Writer, b registry.Building, built []registry.Built) error {
	for _, v := range built {
		what := "unchanged"
		if v.New {
			what = "published"
		}
		fmt.Fprintf(w, "%s %s %s sha256 %s\n", what, v.Name, v.Version, v.Release.SHA256)
	}
	out := b.Out
	if out == "" {
		out = b.Dir
	}
	_, err := fmt.Fprintln(w, filepath.Join(out, registry.IndexFile))
	return err
}
