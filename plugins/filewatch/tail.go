package filewatch

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
)

// tail follows one path for one trigger. The file at the path is the last of files; those
// before it have left the path and are watched until they are quiet, since a writer may
// notice a rotation late.
type tail struct {
	*watch
	trigger, path string
	created       core.Time // of the trigger; 0 if not known
	files         []*file
	begun         bool   // the path has been seen: a file that comes now is new
	complaint     string // last said
}

func (t *tail) close() {
	for _, f := range t.files {
		f.Close()
	}
}

// resume goes on at stored places.
func (t *tail) resume(marks []mark) {
	t.begun = true
	var newest *file
	for _, m := range marks {
		f := t.locate(m)
		newest = f
		if f == nil {
			t.changed = true
			t.Log.Warn("file watch: a file was not found again; lines added to it meanwhile are lost",
				"path", t.path, "inode", m.Inode, "read_up_to", m.Offset)
			continue
		}
		t.files = append(t.files, f)
	}
	if newest != nil {
		since := t.rotatedSince(newest)
		t.files = append(t.files, since...)
		t.changed = t.changed || len(since) > 0
	}
	for _, f := range t.files {
		t.leave(f) // until the path is seen
	}
}

// current is the file at the path, nil when there is none.
func (t *tail) current() *file {
	if n := len(t.files); n > 0 && !t.files[n-1].left {
		return t.files[n-1]
	}
	return nil
}

// look sees what lies at the path now.
func (t *tail) look() {
	info, err := os.Stat(t.path)
	cur := t.current()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
		t.leave(cur)
		t.changed = t.changed || !t.begun
		t.begun = true
	case err != nil:
	case !info.Mode().IsRegular():
		err = errNotRegular
	case cur == nil || !cur.is(info):
		err = t.turn(cur)
	}
	t.complain(err)
}

func (t *tail) leave(f *file) {
	if f != nil {
		f.left, f.quiet = true, t.Now()
	}
}

// turn takes up another file at the path: from its start, unless nothing was seen at the
// path before; then lines count that come after the trigger was made.
func (t *tail) turn(before *file) error {
	f, err := openFile(t.path)
	if err != nil {
		return err
	}
	if !t.begun {
		if err := t.toEnd(f); err != nil {
			f.Close()
			return err
		}
	}
	t.leave(before)
	if i := slices.IndexFunc(t.files, func(o *file) bool { return o.device == f.device && o.inode == f.inode }); i >= 0 {
		f.Close() // it came back
		f = t.files[i]
		f.left = false
		t.files = slices.Delete(t.files, i, i+1)
	}
	t.files = append(t.files, f)
	t.begun, t.changed = true, true
	return nil
}

// toEnd goes to the end of a file seen for the first time. Was it written to since the
// trigger was made, then at least its last line is newer than the trigger.
func (t *tail) toEnd(f *file) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return f.toEnd(t.MaxLine, t.created > 0 && core.At(info.ModTime()) > t.created)
}

// complain says what is wrong with the path when that is something new.
func (t *tail) complain(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != t.complaint && err != nil {
		t.Log.Warn("file watch: a file cannot be read; trying again and again", "path", t.path, "error", err)
	}
	t.complaint = text
}

// read adds lines to a batch and reports whether it came to the end of all files.
func (t *tail) read(b *batch) bool {
	t.look()
	for i := 0; i < len(t.files); i++ {
		f := t.files[i]
		was := f.offset
		out, err := f.lines(t.buffer, func() bool { return !b.full() }, func(line []byte, cut bool) { t.add(b, line, cut) })
		if err != nil {
			t.complain(err)
			continue
		}
		if f.offset != was {
			f.quiet = t.Now()
		}
		switch {
		case out == noRoom:
			return false
		case out == another:
			t.restart(i)
			i--
		case f.left && t.Now().Sub(f.quiet) >= t.Linger:
			t.finish(b, i)
			i--
		}
	}
	return true
}

// restart begins anew with a file that was truncated or written anew. When its old
// content was copied away before, what was not read yet is read from the copy.
func (t *tail) restart(i int) {
	f := t.files[i]
	t.changed = true
	if c := t.findCopy(f); c != nil {
		c.left, c.quiet = true, t.Now()
		t.files = slices.Insert(t.files, i, c)
	}
	t.Log.Info("file watch: a file was truncated or written anew; reading it from its start", "path", t.path, "read_up_to", f.offset)
	f.restart()
}

// finish ends the watch of a file that left and is quiet. A last line without newline will
// get none any more, so it counts as it is.
func (t *tail) finish(b *batch, i int) {
	f := t.files[i]
	n, _ := f.ReadAt(t.buffer, f.offset)
	if same, err := f.intact(); n > 0 && same && err == nil && !f.skip {
		t.add(b, t.buffer[:min(n, t.MaxLine)], n > t.MaxLine)
	}
	f.Close()
	t.files = slices.Delete(t.files, i, i+1)
	t.changed = true
}

// linePayload is what a rule gets of a line.
// st2: bundled packs reference, linux: sensors.
type linePayload struct {
	Path string `json:"file_path"`
	Name string `json:"file_name"`
	Line string `json:"line"`
}

// add puts a line into a batch, as valid text.
func (t *tail) add(b *batch, line []byte, cut bool) {
	if cut {
		line = wholeRunes(line)
		t.cut++
		t.Log.Warn("file watch: a line was cut off", "path", t.path, "longest", t.MaxLine, "cut_since_start", t.cut)
	}
	text := strings.ToValidUTF8(string(line), string(utf8.RuneError))
	raw, _ := json.Marshal(linePayload{t.path, filepath.Base(t.path), text}) // of plain text only
	b.events = append(b.events, core.Event{Trigger: t.trigger, Payload: raw})
	b.bytes += len(raw)
}

// wholeRunes drops the beginning of a rune at the end.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}
