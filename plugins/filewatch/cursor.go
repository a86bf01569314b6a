package filewatch

import (
	"encoding/json"
	"fmt"
)

// cursor is how far every file was read.
type cursor struct {
	Number uint64            `json:"number"` // of the batch, so that no two cursors are equal
	Tails  map[string]stored `json:"tails"`  // by trigger
}

// stored is a tail in a cursor. Without files it waits for its first one.
type stored struct {
	Path  string `json:"path"`
	Files []mark `json:"files,omitempty"` // oldest first
}

// mark is a place in a file, with what tells the file from others.
type mark struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
	Offset int64  `json:"offset"`         // where the first line begins that was not delivered
	Skip   bool   `json:"skip,omitempty"` // inside the rest of a line that was too long
	Print  string `json:"print"`          // of the content before Offset; see windows
}

func parseCursor(raw []byte) (cursor, error) {
	var c cursor
	if len(raw) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("file watch: the stored cursor is damaged: %w", err)
	}
	return c, nil
}

// cursor writes down how far everything was read. A tail that could not see its path yet
// has no place in it.
func (w *watch) cursor() []byte {
	c := cursor{Number: w.number, Tails: map[string]stored{}}
	for ref, t := range w.tails {
		if !t.begun {
			continue
		}
		s := stored{Path: t.path}
		for _, f := range t.files {
			s.Files = append(s.Files, f.mark())
		}
		c.Tails[ref] = s
	}
	raw, _ := json.Marshal(c) // of plain fields only
	return raw
}
