package process

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/sdk/wire"
)

// handshake takes a plugin's standard output: its first line goes to go-plugin once it
// is found to be in order, the rest to the log.
type handshake struct {
	toPlugin *io.PipeWriter
	rest     io.Writer
	line     []byte
	over     bool
	refusal  error // why the line was not handed on; to be read when go-plugin has given up
}

// maxHandshake is longer than any handshake line: the longest part is a certificate.
const maxHandshake = 16 << 10

func (h *handshake) Write(b []byte) (int, error) {
	if h.over {
		return h.rest.Write(b)
	}
	line, rest, whole := bytes.Cut(b, []byte{'\n'})
	h.line = append(h.line, line...)
	switch {
	case whole || len(h.line) > maxHandshake:
		h.over = true
		h.judge()
		h.rest.Write(rest) // never fails
	}
	return len(b), nil
}

// judge hands the line on, or closes go-plugin's end, which makes it give up.
func (h *handshake) judge() {
	if h.refusal = checkHandshake(string(h.line)); h.refusal == nil {
		h.toPlugin.Write(append(h.line, '\n')) // an error: it has given up already
	}
	h.toPlugin.Close()
}

// checkHandshake reads "core protocol|protocol|network|address|kind|certificate" and
// says what is wrong in words that a pack's author can use.
func checkHandshake(line string) error {
	parts := strings.Split(strings.TrimSpace(line), "|")
	if len(parts) < 5 {
		return fmt.Errorf("its first line on standard output is %s, not the handshake of a plugin: nothing may be printed before it serves", quote(line))
	}
	version, err := strconv.Atoi(parts[1])
	if _, coreErr := strconv.Atoi(parts[0]); coreErr != nil || err != nil {
		return fmt.Errorf("its first line on standard output is %s, not the handshake of a plugin: nothing may be printed before it serves", quote(line))
	}
	switch {
	case version != wire.Version:
		return fmt.Errorf("it speaks version %d of the plugin protocol and this server version %d: build the pack with an SDK for version %d", version, wire.Version, wire.Version)
	case parts[2] != "unix" || parts[4] != "grpc":
		return fmt.Errorf("it serves %s on %s: it has to serve grpc on a unix socket", quote(parts[4]), quote(parts[2]))
	case len(parts) < 6 || parts[5] == "":
		return fmt.Errorf("its handshake has no certificate: it has to support AutoMTLS")
	}
	return nil
}

// quote makes a piece of foreign text fit for a message.
func quote(text string) string {
	const most = 120
	if len(text) > most {
		return strconv.QuoteToASCII(text[:most]) + "…"
	}
	return strconv.QuoteToASCII(text)
}
