// Package regular opens files whose names users give, such as keys and attachments.
package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// Open opens a regular file for reading. Anything else is refused: reading a pipe may
// never begin, whatever the action's timeout, and reading a device never end. Errors are
// *fs.PathError.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // else opening a pipe waits for its writer
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("it is not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// maxKey is far more than any key takes.
const maxKey = 1 << 20

// ReadKey returns what is in the file of a key. Errors are *fs.PathError.
func ReadKey(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	key := make([]byte, maxKey)
	n, err := io.ReadFull(f, key)
	if err == nil {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is too large for a key")}
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return key[:n], nil
}
