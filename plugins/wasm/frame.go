package wasm

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// The two ends of a pipe to a child take turns. A frame is its length in four bytes, most
// significant first, and so many bytes. The parent's first two are a setup and the module;
// the child answers with a message that has nothing, or an Error. Then the parent sends a
// Request, the child any number of Ops, each answered with a Reply, and at the end a
// Response or an Error.

// setup is what a child needs to know.
type setup struct {
	Config  childConfig
	Runtime core.Runtime
	Pack    string
}

// childConfig is what of Config concerns a child.
type childConfig struct {
	CacheDir                                          string
	Memory, MaxMemory                                 int
	MaxOutput, MaxMessage, MaxHostCalls, MaxHostBytes int
}

type message struct {
	Request  *wire.Request  `json:"request,omitempty"`
	Op       *wire.Op       `json:"op,omitempty"`
	Reply    *wire.Reply    `json:"reply,omitempty"`
	Response *wire.Response `json:"response,omitempty"`
	Error    *wire.Error    `json:"error,omitempty"`
}

// pipe is one end.
type pipe struct {
	in  *bufio.Reader
	out io.Writer
	max int // bytes of a frame that is read
}

func (p *pipe) send(m any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.sendBytes(text)
}

func (p *pipe) sendBytes(b []byte) error {
	frame := append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(b)), uint32(len(b))), b...)
	_, err := p.out.Write(frame)
	return err
}

func (p *pipe) receive(m any) error {
	text, err := p.receiveBytes()
	if err != nil {
		return err
	}
	return json.Unmarshal(text, m)
}

func (p *pipe) receiveBytes() ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(p.in, size[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size[:]))
	if n > p.max {
		return nil, fmt.Errorf("a frame of %d bytes, and at most %d are taken", n, p.max)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(p.in, b)
	return b, err
}
