package store

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
)

// The change log is what the event stream reads: one short line per change, in commit
// order; the reader joins the record as it stands.
const changeLog = "changes"

// Change is a line of the change log.
type Change struct {
	Version Version
	Created bool   // else updated
	What    string // "execution", "output" or "announcement"
	ID      string
	Detail  string // the status; the number of the output chunk; the announcement
}

func (c Change) encode() []byte {
	verb := "u"
	if c.Created {
		verb = "c"
	}
	return []byte(verb + " " + c.What + " " + c.ID + " " + c.Detail)
}

func decodeChange(e backend.Entry) Change {
	f := strings.SplitN(string(e.Value), " ", 4)
	if len(f) < 4 {
		return Change{}
	}
	_, hex, _ := strings.Cut(e.Key, "/")
	v, _ := strconv.ParseUint(hex, 16, 64)
	c := Change{Version: Version(v), Created: f[0] == "c", What: f[1], ID: f[2], Detail: f[3]}
	if route, err := url.PathUnescape(c.ID); err == nil {
		c.ID = route
	}
	return c
}

func noteExecution(e *core.Execution, created bool) []byte {
	return Change{Created: created, What: "execution", ID: e.ID, Detail: string(e.Status)}.encode()
}

// Announce puts a message on the announcement route, for the event stream.
func (t *Tx) Announce(route string, payload []byte) {
	t.appendChange(Change{Created: true, What: "announcement", ID: url.PathEscape(route), Detail: string(payload)})
}

func (t *Tx) appendChange(c Change) {
	t.changes++
	t.steps = append(t.steps, backend.Append(changeLog, c.encode()))
}

// LastChange returns the version of the newest change, for readers that want only what follows.
func (s *Store) LastChange(ctx context.Context) (Version, error) {
	es, err := s.b.Scan(ctx, backend.Range{Collection: changeLog, Reverse: true, Limit: 1, KeysOnly: true})
	if err != nil || len(es) == 0 {
		return 0, translate(err)
	}
	return decodeKey(es[0].Key), nil
}

func decodeKey(key string) Version {
	_, hex, _ := strings.Cut(key, "/")
	v, _ := strconv.ParseUint(hex, 16, 64)
	return Version(v)
}

// Changes returns up to limit changes after version v, in commit order.
func (s *Store) Changes(ctx context.Context, v Version, limit int) ([]Change, error) {
	es, err := s.b.Scan(ctx, backend.Range{Collection: changeLog, From: logKey(v), Limit: limit})
	if err != nil {
		return nil, translate(err)
	}
	cs := make([]Change, 0, len(es))
	for _, e := range es {
		cs = append(cs, decodeChange(e))
	}
	return cs, nil
}

func logKey(v Version) string {
	const digits = 16
	s := strconv.FormatUint(uint64(v), 16)
	return strings.Repeat("0", digits-len(s)) + s
}

// The change log keeps this much: whichever is less.
const (
	keepChanges   = 1_000_000
	keepChangeFor = time.Hour
)

// TrimChanges forgets changes older than an hour, and all but the last million. It is
// called now and then with the mark its last call returned; the first time with zero.
func (s *Store) TrimChanges(ctx context.Context, m TrimMark) (TrimMark, error) {
	last, err := s.LastChange(ctx)
	if err != nil || last == 0 {
		return m, err
	}
	now := s.Now()
	m.marks = append(m.marks, mark{at: now, version: last})
	upTo := Version(0)
	for len(m.marks) > 1 && (now.Sub(m.marks[0].at) > keepChangeFor || last-m.marks[0].version > keepChanges) {
		upTo, m.marks = m.marks[0].version, m.marks[1:]
	}
	if upTo == 0 {
		return m, nil
	}
	_, err = s.b.Apply(ctx, Relaxed, backend.Trim(changeLog, upTo))
	return m, translate(err)
}

// TrimMark remembers how far the change log had come at earlier moments.
type TrimMark struct{ marks []mark }

type mark struct {
	at      time.Time
	version Version
}
