package author

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/pack/document"
	"github.com/petrelhq/petrel/core/workflow"
)

// WorkflowCommand is `petrel workflow`.
func WorkflowCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "workflow", Short: "Check, draw and test workflows, without a server"}
	cmd.AddCommand(inspectCommand(), graphCommand(), testCommand())
	return cmd
}

// Runner types of actions that are workflows.
const (
	orquestaRunner = "orquesta"
	chainRunner    = "action-chain"
)

// source is the text of a workflow.
type source struct {
	file  string // as errors name it
	text  []byte
	chain bool // an ActionChain
}

// openWorkflow reads a workflow: from a file of Orquesta's language, of an ActionChain, or
// of an action's metadata, which names one of these.
func openWorkflow(file string) (*source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, text: text}
	doc, _, err := document.ParseYAML(text)
	if err != nil {
		return s, nil // the inspection says what is wrong with it
	}
	if doc.Field("runner_type") != nil && doc.Field("entry_point") != nil {
		return openEntryPoint(file, text)
	}
	s.chain = doc.Field("chain") != nil
	return s, nil
}

func openEntryPoint(file string, text []byte) (*source, error) {
	action, err := pack.ParseAction(text, file)
	if err != nil {
		return nil, err
	}
	if action.Runner != orquestaRunner && action.Runner != chainRunner {
		return nil, fmt.Errorf("%s is an action of the runner %s, not a workflow", file, action.Runner)
	}
	s := &source{file: filepath.Join(filepath.Dir(file), action.EntryPoint), chain: action.Runner == chainRunner}
	if s.text, err = os.ReadFile(s.file); err != nil {
		return nil, fmt.Errorf("the entry point of %s: %w", file, err)
	}
	return s, nil
}

func (s *source) inspect(in workflow.Inspection) *workflow.Report {
	if s.chain {
		return workflow.InspectChain(s.file, s.text, in)
	}
	return workflow.Inspect(s.file, s.text, in)
}

func (s *source) parse() (*workflow.Spec, error) {
	if s.chain {
		return workflow.ParseChain(s.file, s.text)
	}
	return workflow.Parse(s.file, s.text)
}
