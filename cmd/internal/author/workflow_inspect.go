package author

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/workflow"
)

// aroundWorkflows are the variables that every workflow gets beside its input.
var aroundWorkflows = []string{"st2", "parent"}

func inspectCommand() *cobra.Command {
	var asJSON bool
	var file string
	var folders []string
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Find everything wrong with a workflow",
		Long: `Find everything wrong with a workflow, each mistake with its file and line.

FILE is a workflow, an ActionChain, or the metadata of an action that is one of these.
Actions are looked up in the packs that come with Petrel, in the pack the file belongs
to, in the packs beside it, and in the folders of --packs; those of other packs are
taken to be there.`,
		Example: `  petrel workflow inspect examples/actions/workflows/deploy.yaml
  petrel workflow inspect --packs /opt/petrel/packs deploy.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file, args = oneFile(file, args); file == "" || len(args) > 0 {
				return fmt.Errorf("name one file with a workflow")
			}
			return inspect(cmd, file, folders, asJSON)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the same as FILE, as st2 spells it")
	cmd.Flags().StringSliceVar(&folders, "packs", nil, "folders with packs, to look up actions in")
	cmd.Flags().BoolVarP(&asJSON, "json", "j", false, "print the mistakes as JSON, by group")
	return cmd
}

// oneFile takes the file from the option or from the words.
func oneFile(file string, args []string) (string, []string) {
	if file == "" && len(args) > 0 {
		return args[0], args[1:]
	}
	return file, args
}

func inspect(cmd *cobra.Command, file string, folders []string, asJSON bool) error {
	s, err := openWorkflow(file)
	if err != nil {
		return err
	}
	known, err := knownActions(s.file, folders)
	if err != nil {
		return err
	}
	report := s.inspect(workflow.Inspection{Names: aroundWorkflows, Action: known.has, Actions: known.refs})
	out := cmd.OutOrStdout()
	switch {
	case asJSON:
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "    ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	case len(report.Faults) == 0:
		fmt.Fprintln(out, "No errors found in workflow definition.")
	}
	lines := report.Lines()
	for _, line := range lines {
		if !asJSON {
			fmt.Fprintln(out, line)
		}
	}
	if len(lines) > 0 {
		// st2 differs: it exits with 0, so no script can tell.
		return fmt.Errorf("%s found in %s", counted(len(lines), "mistake"), s.file)
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
