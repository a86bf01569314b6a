package builtin

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// dig is linux.dig: it asks a name server by the program dig, and returns the lines of
// the answer. st2: bundled-packs reference, linux.dig.
type dig struct{ shell shell }

func (d dig) call(ctx context.Context, c core.Call) (any, error) {
	args := digArguments(c.Params)
	h, err := d.shell.program(ctx, c, d.shell.maxOutput, nil, args...)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, core.Errorf(core.Unavailable, "the program dig is not installed on the server: install the package dnsutils (Debian, Ubuntu) or bind-utils (Red Hat)")
	}
	if err != nil {
		return nil, err
	}
	if h.Code != 0 {
		// st2 differs: there, what dig complains of passes for an answer.
		return nil, core.Errorf(core.Unavailable, "%s ended with %d: %s", strings.Join(args, " "), h.Code, h.complaint())
	}
	answers := linesOf(h.stdout.Kept())
	if boolOf(c.Params, "rand") {
		rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	}
	if n := int(numberOf(c.Params, "count")); n > 0 && n < len(answers) {
		answers = answers[:n]
	}
	return answers, nil
}

// digArguments gives the name after -q and the type after -t, so that neither can be
// taken for an option.
func digArguments(params map[string]any) []string {
	args := []string{"dig"}
	if server := textOf(params, "nameserver"); server != "" {
		args = append(args, "@"+server)
	}
	for _, opt := range strings.Split(textOf(params, "queryopts"), ",") {
		if opt = strings.TrimPrefix(strings.TrimSpace(opt), "+"); opt != "" {
			args = append(args, "+"+opt)
		}
	}
	if kind := textOf(params, "querytype"); kind != "" {
		args = append(args, "-t", kind)
	}
	return append(args, "-q", textOf(params, "hostname"))
}

// linesOf splits text into its lines that are not empty.
func linesOf(text []byte) []string {
	lines := []string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
