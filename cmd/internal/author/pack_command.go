package author

import (
	"github.com/spf13/cobra"
)

// PackCommand is the part of `petrel pack` that makes packs. The client's verbs stand
// beside it under the same noun. connect is the way to the server that a command line
// names.
func PackCommand(connect Connect) *cobra.Command {
	cmd := &cobra.Command{Use: "pack", Short: "Make, build and test packs, without a server"}
	cmd.AddCommand(packNewCommand(), packBuildCommand(), packTestCommand(), packDevCommand(connect), packPackageCommand(), packSDKCommand())
	return cmd
}
