//go:build !wasip1

package process

import (
	"fmt"
	"io"
	"os"
)

// stdio hands on what the author's code prints.
type stdio struct {
	out, err *os.File // what os.Stdout and os.Stderr were
	chunks   chan chunk
	stop     chan struct{}
}

type chunk struct {
	channel byte // 1 stdout, 2 stderr
	text    []byte
}

const chunkSize = 4 << 10

// redirect puts pipes in place of os.Stdout and os.Stderr. A print waits when nobody
// reads the stream for long.
func redirect() (*stdio, error) {
	s := &stdio{out: os.Stdout, err: os.Stderr, chunks: make(chan chunk), stop: make(chan struct{})}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("the plugin cannot redirect its output: %w", err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("the plugin cannot redirect its output: %w", err)
	}
	os.Stdout, os.Stderr = outW, errW
	go s.pump(1, outR)
	go s.pump(2, errR)
	return s, nil
}

func (s *stdio) restore() {
	close(s.stop)
	os.Stdout, os.Stderr = s.out, s.err
}

func (s *stdio) pump(channel byte, from io.Reader) {
	for {
		text := make([]byte, chunkSize)
		n, err := from.Read(text)
		if err != nil {
			return
		}
		select {
		case s.chunks <- chunk{channel, text[:n]}:
		case <-s.stop:
			return
		}
	}
}
