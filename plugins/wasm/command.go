package wasm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/tetratelabs/wazero/sys"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/wasm/meter"
	"github.com/petrelhq/petrel/sdk/wire"
)

// maxShown bounds what of a command's output an error shows.
const maxShown = 200

// runCommand carries an action out by a WASI command: the call on its standard input, the
// value on its standard output, done when it exits with status 0.
func (m *module) runCommand(ctx context.Context, c wire.Call, h plugins.Host) (wire.Result, *wire.Error) {
	var r wire.Result
	input, err := json.Marshal(c)
	if err != nil {
		return r, refusal("the call cannot be written: %v", err)
	}
	failed := m.carry(m.newWork(ctx, h), func(w *work) *wire.Error {
		in := m.newInstance()
		output := &capped{in: in}
		in.stdin, in.stdout, in.stderr = bytes.NewReader(input), output, &printer{in: in, stream: "stderr"}
		if err := in.create(w); err != nil {
			return err
		}
		defer in.close()
		in.ready = true
		status, err := in.run()
		if err == nil && w.failure == nil {
			r = commandResult(status, output.text)
		}
		return err
	})
	if failed != nil {
		return wire.Result{}, failed
	}
	return r, nil
}

// run runs a command to its end and returns its exit status.
func (in *instance) run() (status uint32, _ *wire.Error) {
	if err := in.initialize(meter.Start); err != nil {
		return 0, err
	}
	_, err := in.mod.ExportedFunction(exportStart).Call(in.ctx)
	var exit *sys.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	}
	return 0, in.trap(err)
}

// commandResult makes a result of how a command ended and what it printed.
func commandResult(status uint32, output []byte) wire.Result {
	text := bytes.TrimSpace(output)
	var r wire.Result
	if json.Valid(text) {
		r.Value = bytes.Clone(text)
	}
	switch {
	case status != 0:
		r.Error = failure(wire.Failed, "the command exited with status %d", status)
	case r.Value == nil && len(text) > 0:
		r.Error = failure(wire.Failed, "the command printed what is no JSON: %s", printable(string(text[:min(len(text), maxShown)])))
	}
	return r
}

// capped keeps what a command prints as its result.
type capped struct {
	in   *instance
	text []byte
}

func (c *capped) Write(text []byte) (int, error) {
	w := c.in.work
	if most := w.most.MaxMessage; len(c.text)+len(text) > most {
		c.in.fail(failure(wire.TooLarge, "the command's result has more than %d bytes", most))
	}
	if w.failure != nil || w.ctx.Err() != nil {
		return 0, errTooMuch
	}
	c.text = append(c.text, text...)
	return len(text), nil
}
