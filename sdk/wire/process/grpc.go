//go:build !wasip1

package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// gRPC over HTTP/2, as little of it as this protocol needs: a message is a zero byte (not
// compressed), four bytes of length and the protobuf; how it ended stands in the trailers.

const headerSize = 5

// Codes of grpc-status.
const (
	statusOK            = 0
	statusInvalid       = 3
	statusUnimplemented = 12
)

func readMessage(r io.Reader, limit int) ([]byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	if header[0] != 0 {
		return nil, errors.New("compressed messages are not understood")
	}
	size := binary.BigEndian.Uint32(header[1:])
	if uint64(size) > uint64(limit) {
		return nil, fmt.Errorf("a message of %d bytes is over the limit of %d", size, limit)
	}
	message := make([]byte, size)
	_, err := io.ReadFull(r, message)
	return message, err
}

func appendMessage(dst, message []byte) []byte {
	dst = append(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(message)))
	return append(dst, message...)
}

// appendFrame appends a message that is a BytesValue of frame.
func appendFrame(dst, frame []byte) []byte {
	var field [1 + binary.MaxVarintLen64]byte
	field[0] = fieldBytes
	n := 1 + binary.PutUvarint(field[1:], uint64(len(frame)))
	dst = append(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(n+len(frame)))
	return append(append(dst, field[:n]...), frame...)
}

// fieldBytes is protobuf's tag of field 1, length-delimited.
const fieldBytes = 1<<3 | 2

// bytesValue returns what a google.protobuf.BytesValue holds.
func bytesValue(message []byte) ([]byte, error) {
	if len(message) == 0 {
		return nil, nil
	}
	size, n := binary.Uvarint(message[1:])
	if message[0] != fieldBytes || n <= 0 || size != uint64(len(message)-1-n) {
		return nil, errors.New("a message is no google.protobuf.BytesValue")
	}
	return message[1+n:], nil
}

// open starts an answer of which the end is not known yet.
func open(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/grpc")
	w.WriteHeader(http.StatusOK)
}

// end tells how it ended.
func end(w http.ResponseWriter, status int, message string) {
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(status))
	if message != "" {
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", message)
	}
}

// answer is a whole answer of one message.
func answer(w http.ResponseWriter, message []byte) {
	open(w)
	w.Write(appendMessage(nil, message)) // a client that is gone needs no answer
	end(w, statusOK, "")
}
