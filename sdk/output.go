package sdk

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Stdout returns a writer whose text is the action's output, there to be read while it
// runs. (What a WASM module prints with package fmt arrives there too; a native plugin
// carries out many actions at once, and nobody could tell which of them printed it.)
func Stdout(ctx context.Context) io.Writer { return output{ctx, "stdout"} }

// Stderr is [Stdout] for the other stream.
func Stderr(ctx context.Context) io.Writer { return output{ctx, "stderr"} }

type output struct {
	ctx    context.Context
	stream string
}

// atOnce is how many bytes of output go to the host in one piece.
const atOnce = 64 << 10

// Write sends p in pieces that end between characters. What is no UTF-8 becomes U+FFFD.
func (o output) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		piece := rest[:min(len(rest), atOnce)]
		for n := 1; len(piece) < len(rest) && n < utf8.UTFMax && !utf8.RuneStart(rest[len(piece)]); n++ {
			piece = piece[:len(piece)-1]
		}
		text := strings.ToValidUTF8(string(piece), "\uFFFD")
		if err := Ask(o.ctx, wire.OpOutput, wire.Output{Stream: o.stream, Text: text}, nil); err != nil {
			return len(p) - len(rest), err
		}
		rest = rest[len(piece):]
	}
	return len(p), nil
}

// Progress tells how far the action is: a fraction between 0 and 1, and what it is doing.
// Nothing depends on it, so it returns no error.
func Progress(ctx context.Context, fraction float64, message string) {
	_ = Ask(ctx, wire.OpProgress, wire.Progress{Fraction: min(max(fraction, 0), 1), Message: message}, nil)
}
