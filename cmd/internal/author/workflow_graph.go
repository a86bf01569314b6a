package author

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/workflow"
)

// drawings are the forms in which a workflow is drawn.
var drawings = map[string]func(io.Writer, *workflow.Graph){"text": drawText, "dot": drawDot, "mermaid": drawMermaid}

func graphCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw a workflow as text, for Graphviz, or for Mermaid",
		Example: `  petrel workflow graph deploy.yaml
  petrel workflow graph deploy.yaml --format dot | dot -Tsvg >deploy.svg`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			draw := drawings[format]
			if draw == nil {
				return fmt.Errorf("--format: %q is none of text, dot, mermaid", format)
			}
			s, err := openWorkflow(args[0])
			if err != nil {
				return err
			}
			spec, err := s.parse()
			if err != nil {
				return err
			}
			draw(cmd.OutOrStdout(), spec.Graph())
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, dot or mermaid")
	return cmd
}

// way is what one item of a task's next leads to.
type way struct {
	when string // "" for always
	to   []string
}

func waysFrom(n *workflow.Node) []way {
	var ways []way
	for item, left := 0, len(n.Edges); left > 0; item++ {
		var w way
		for _, e := range n.Edges {
			if e.Item == item {
				w.when = e.When
				w.to = append(w.to, e.To.ID)
				left--
			}
		}
		if w.to != nil {
			ways = append(ways, w)
		}
	}
	return ways
}

// notes are what there is to say of a task beside its name.
func notes(n *workflow.Node) []string {
	var out []string
	if action := n.Action(); action != "" {
		out = append(out, action)
	}
	switch names, list := n.Items(); {
	case list != "" && len(names) > 0:
		out = append(out, "for "+strings.Join(names, ", ")+" in "+bare(list))
	case list != "":
		out = append(out, "for each in "+bare(list))
	}
	switch {
	case n.Join == "*":
		out = append(out, "joins all")
	case n.Join != "":
		out = append(out, "joins "+n.Join)
	case len(n.Split) > 0 && n.Split[len(n.Split)-1] == n.ID:
		out = append(out, "runs once for each way to it")
	}
	return out
}

// bare is an expression without its marks.
func bare(text string) string {
	text = strings.TrimSpace(text)
	for _, marks := range [][2]string{{"<%", "%>"}, {"{{", "}}"}} {
		inside, ok := strings.CutPrefix(text, marks[0])
		if ok && strings.Count(text, marks[0]) == 1 && strings.HasSuffix(inside, marks[1]) {
			return strings.TrimSpace(strings.TrimSuffix(inside, marks[1]))
		}
	}
	return text
}

// drawText writes a line for each task, and under it one for each item of its next.
func drawText(w io.Writer, g *workflow.Graph) {
	for _, n := range g.Nodes {
		line := n.ID
		if said := notes(n); len(said) > 0 {
			line += "  (" + strings.Join(said, ", ") + ")"
		}
		if g.Start(n) {
			line = "* " + line
		} else {
			line = "  " + line
		}
		fmt.Fprintln(w, line)
		for _, way := range waysFrom(n) {
			fmt.Fprintf(w, "      -> %s", strings.Join(way.to, ", "))
			switch {
			case strings.HasPrefix(way.when, "on-"): // of an ActionChain
				fmt.Fprintf(w, "   %s", way.when)
			case way.when != "":
				fmt.Fprintf(w, "   when %s", bare(way.when))
			}
			fmt.Fprintln(w)
		}
	}
}

// drawDot writes a graph for Graphviz.
func drawDot(w io.Writer, g *workflow.Graph) {
	fmt.Fprint(w, "digraph workflow {\n  node [shape=box, style=rounded];\n")
	for _, n := range g.Nodes {
		style := ""
		if g.Start(n) {
			style = ", penwidth=2"
		}
		fmt.Fprintf(w, "  %s [label=%s%s];\n", dotText(n.ID), dotText(strings.Join(append([]string{n.ID}, notes(n)...), "\n")), style)
	}
	for _, n := range g.Nodes {
		for _, e := range n.Edges {
			fmt.Fprintf(w, "  %s -> %s [label=%s];\n", dotText(n.ID), dotText(e.To.ID), dotText(bare(e.When)))
		}
	}
	fmt.Fprint(w, "}\n")
}

// dotText spells a text as Graphviz takes it.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// drawMermaid writes a flowchart. Tasks go by numbers, since some of their names are words of Mermaid's.
func drawMermaid(w io.Writer, g *workflow.Graph) {
	fmt.Fprint(w, "flowchart TD\n")
	number := map[*workflow.Node]int{}
	for i, n := range g.Nodes {
		number[n] = i
		label := mermaidText(strings.Join(append([]string{n.ID}, notes(n)...), "\n"))
		open, closing := "[", "]"
		if g.Start(n) {
			open, closing = "([", "])"
		}
		fmt.Fprintf(w, "  t%d%s\"%s\"%s\n", i, open, label, closing)
	}
	for _, n := range g.Nodes {
		for _, e := range n.Edges {
			arrow := "-->"
			if e.When != "" {
				arrow = `-->|"` + mermaidText(bare(e.When)) + `"|`
			}
			fmt.Fprintf(w, "  t%d %s t%d\n", number[n], arrow, number[e.To])
		}
	}
}

// mermaidText spells a text as Mermaid takes it within quotation marks.
func mermaidText(s string) string {
	return strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "#", "#35;", "\n", "<br/>").Replace(s)
}
