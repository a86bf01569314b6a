package filewatch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// window is how many bytes at the start of a file, and before the place that was read up
// to, tell its content from another's.
const window = 512

// file is a file being read.
type file struct {
	*os.File
	device, inode uint64
	offset        int64 // where the first line begins that was not taken
	skip          bool  // inside the rest of a line that was too long
	head, before  []byte
	left          bool      // it no longer lies at the tail's path
	quiet         time.Time // since when it gave no lines, once it has left
	seenSize      int64     // when it was last read to its end
	seenTime      time.Time
}

// errNotRegular says that a path leads to something without lines to wait for.
var errNotRegular = errors.New("it is not a regular file")

// openFile opens a regular file, to be read from its start.
func openFile(path string) (*file, error) {
	// Nonblocking, because a path may have become a pipe since it was looked at.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	device, inode := identity(info)
	return &file{File: f, device: device, inode: inode, seenSize: -1}, nil
}

func identity(info os.FileInfo) (device, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), s.Ino
	}
	return 0, 0
}

// is reports whether info is about this file.
func (f *file) is(info os.FileInfo) bool {
	device, inode := identity(info)
	return device == f.device && inode == f.inode
}

func (f *file) mark() mark {
	return mark{Device: f.device, Inode: f.inode, Offset: f.offset, Skip: f.skip, Print: fingerprint(f.head, f.before)}
}

// fingerprint makes text of windows.
func fingerprint(head, before []byte) string {
	h := sha256.New()
	h.Write(head)
	h.Write(before)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// windows reads what stands at the start of a file and before offset. The error is
// io.EOF or io.ErrUnexpectedEOF when the file is shorter.
func windows(f io.ReaderAt, offset int64) (head, before []byte, err error) {
	n := min(offset, window)
	head, before = make([]byte, n), make([]byte, n)
	if err := readFull(f, head, 0); err != nil {
		return nil, nil, err
	}
	return head, before, readFull(f, before, offset-n)
}

func readFull(f io.ReaderAt, b []byte, at int64) error {
	n, err := f.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}

// moveTo sets the place to read from.
func (f *file) moveTo(offset int64, skip bool) error {
	head, before, err := windows(f, offset)
	if err != nil {
		return err
	}
	f.offset, f.skip, f.head, f.before = offset, skip, head, before
	return nil
}

// restart goes back to the start of a file whose content is another now.
func (f *file) restart() {
	f.offset, f.skip, f.head, f.before, f.seenSize = 0, false, nil, nil, -1
}

// intact reports whether what was read still stands in the file, so that what follows
// is its continuation.
func (f *file) intact() (bool, error) {
	head, before, err := windows(f, f.offset)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return bytes.Equal(head, f.head) && bytes.Equal(before, f.before), err
}

// advance moves over bytes that were read.
func (f *file) advance(read []byte) {
	f.offset += int64(len(read))
	if room := window - len(f.head); room > 0 {
		f.head = append(f.head, read[:min(room, len(read))]...)
	}
	f.before = append(f.before, read[max(0, len(read)-window):]...)
	f.before = bytes.Clone(f.before[max(0, len(f.before)-window):])
}

// toEnd moves behind the last complete line. With less, behind the one before it.
func (f *file) toEnd(longest int, less bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	tail := make([]byte, min(size, int64(longest)))
	if err := readFull(f, tail, size-int64(len(tail))); err != nil {
		return err
	}
	if less && len(tail) > 0 && tail[len(tail)-1] == '\n' {
		tail = tail[:len(tail)-1]
		size--
	}
	if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
		return f.moveTo(size-int64(len(tail)-i-1), false)
	}
	if size > int64(len(tail)) {
		return f.moveTo(size, true) // within a line that is too long anyway
	}
	return f.moveTo(0, false)
}

// What came of reading a file.
type outcome int

const (
	atEnd   outcome = iota // there is no other complete line
	noRoom                 // there may be, but nobody takes it now
	another                // the content is another: truncated, or written anew
)

// lines gives complete lines to take, without their newline, as long as room says yes.
// A line longer than buffer has room for is cut. Nothing counts as read before it was
// seen that the file is still the one that was read so far.
func (f *file) lines(buffer []byte, room func() bool, take func(line []byte, cut bool)) (outcome, error) {
	for {
		info, err := f.Stat()
		switch {
		case err != nil:
			return atEnd, err
		case info.Size() < f.offset:
			return another, nil
		case info.Size() == f.seenSize && info.ModTime().Equal(f.seenTime):
			return atEnd, nil
		}
		n, err := f.ReadAt(buffer, f.offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return atEnd, err
		}
		if same, err := f.intact(); err != nil || !same {
			return another, err
		}
		used, full := f.split(buffer[:n], len(buffer), room, take)
		f.advance(buffer[:used])
		if full {
			return noRoom, nil
		}
		if used == 0 {
			f.seenSize, f.seenTime = info.Size(), info.ModTime()
			return atEnd, nil
		}
	}
}

// split takes lines off the front of what was read and returns how many bytes they were,
// and whether there was no room for more.
func (f *file) split(read []byte, whole int, room func() bool, take func(line []byte, cut bool)) (used int, full bool) {
	for used < len(read) {
		if !room() {
			return used, true
		}
		rest := read[used:]
		i := bytes.IndexByte(rest, '\n')
		switch {
		case i >= 0 && f.skip:
			f.skip = false
		case i >= 0:
			take(rest[:i], false)
		case f.skip:
			i = len(rest) - 1
		case len(rest) == whole:
			take(rest[:whole-1], true)
			f.skip, i = true, whole-1
		default:
			return used, false
		}
		used += i + 1
	}
	return used, false
}
