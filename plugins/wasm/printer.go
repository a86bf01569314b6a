package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/sdk/wire"
)

// maxLine bounds what of a sensor's line is kept until its end is printed.
const maxLine = 16 << 10

var errTooMuch = errors.New("printed too much")

// printer takes what a module prints by WASI: an action's is the execution's output, a
// sensor's goes to the log line by line.
type printer struct {
	in     *instance
	stream string
	rest   []byte // of a character or a line
}

func (p *printer) Write(text []byte) (int, error) {
	w := p.in.work
	w.window()
	if err := w.countPrinted(len(text)); err != nil {
		p.in.fail(err)
	}
	if w.failure != nil || w.ctx.Err() != nil {
		return 0, errTooMuch
	}
	p.rest = append(p.rest, text...)
	switch {
	case w.host == nil || !p.in.ready:
		p.in.module.engine.config.Log.Debug("wasm: a module prints while it starts", "pack", p.in.module.pack, "text", string(p.rest))
		p.rest = p.rest[:0]
	case w.sensor:
		p.lines(w)
	default:
		p.chunk(w)
	}
	return len(text), nil
}

// chunk passes on all but the beginning of a character.
func (p *printer) chunk(w *work) {
	n := len(p.rest) - cutOff(p.rest)
	w.tell(wire.OpOutput, wire.Output{Stream: p.stream, Text: strings.ToValidUTF8(string(p.rest[:n]), "\uFFFD")})
	p.rest = append(p.rest[:0], p.rest[n:]...)
}

// cutOff returns how many bytes at the end are the beginning of a character.
func cutOff(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if utf8.FullRune(b[len(b)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}

func (p *printer) lines(w *work) {
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole && len(line) < maxLine {
			return
		}
		w.tell(wire.OpLog, wire.Log{Level: "info", Message: strings.ToValidUTF8(string(line), "\uFFFD"), Fields: map[string]any{"stream": p.stream}})
		p.rest = append(p.rest[:0], rest...)
	}
}

// tell asks the host for something whose reply nobody waits for.
func (w *work) tell(name wire.OpName, body any) {
	text, err := json.Marshal(body)
	if err != nil { // strings always can be written
		panic(err)
	}
	w.ask(wire.Op{Name: name, Body: text})
}
