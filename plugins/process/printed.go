package process

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxLine   = 8 << 10 // bytes of a line; the rest is cut off
	burst     = 500     // lines at once
	perSecond = 100     // lines in the long run
	tailLines = 20      // lines of standard error kept for the error of a plugin that exits
)

// printed takes what a plugin prints and logs it line by line, not more than a log can
// bear: what is dropped is counted, and said.
type printed struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	allowed float64
	at      time.Time
	dropped int
	tail    []string
	panic   string // the first line of Go's last message
	streams []*lineWriter
}

func newPrinted(log *slog.Logger, now func() time.Time) *printed {
	return &printed{log: log, now: now, allowed: burst, at: now()}
}

// stream returns a writer for one of the plugin's streams. It never fails or waits.
func (p *printed) stream(name string) io.Writer {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &lineWriter{to: p, name: name}
	p.streams = append(p.streams, w)
	return w
}

// lineWriter cuts a stream into lines.
type lineWriter struct {
	to   *printed
	name string

	mu      sync.Mutex
	partial []byte
	cut     bool
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte{'\n'})
		room := maxLine - len(w.partial)
		if len(line) > room {
			line, w.cut = line[:room], true
		}
		w.partial = append(w.partial, line...)
		if whole {
			w.end()
		}
		rest = after
	}
	return len(b), nil
}

// end takes the line that has come together; w.mu is held.
func (w *lineWriter) end() {
	line := strings.TrimRight(strings.ToValidUTF8(string(w.partial), "�"), "\r")
	if w.cut {
		line += "… (cut off)"
	}
	if line != "" {
		w.to.line(w.name, line)
	}
	w.partial, w.cut = w.partial[:0], false
}

func (p *printed) line(stream, line string) {
	p.mu.Lock()
	if stream == "stderr" {
		p.remember(line)
	}
	pass, dropped := p.pass()
	p.mu.Unlock()
	if dropped > 0 {
		p.sayDropped(dropped)
	}
	if pass {
		p.say(stream, line)
	}
}

// remember keeps a line of standard error; p.mu is held.
func (p *printed) remember(line string) {
	if len(p.tail) == tailLines {
		p.tail = slices.Delete(p.tail, 0, 1)
	}
	p.tail = append(p.tail, line)
	if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
		p.panic = line
	}
}

// pass decides about one line, and returns how many were dropped before if they are to be
// told of now; p.mu is held.
func (p *printed) pass() (pass bool, dropped int) {
	now := p.now()
	p.allowed = min(burst, p.allowed+now.Sub(p.at).Seconds()*perSecond)
	p.at = now
	if p.allowed < 1 {
		p.dropped++
		return false, 0
	}
	p.allowed--
	if p.dropped > 0 && p.allowed >= perSecond/2 {
		dropped, p.dropped = p.dropped, 0
	}
	return true, dropped
}

// end says what has not been said yet.
func (p *printed) end() {
	p.mu.Lock()
	streams := p.streams
	p.mu.Unlock()
	for _, w := range streams {
		w.mu.Lock()
		w.end()
		w.mu.Unlock()
	}
	p.mu.Lock()
	dropped := p.dropped
	p.dropped = 0
	p.mu.Unlock()
	if dropped > 0 {
		p.sayDropped(dropped)
	}
}

func (p *printed) sayDropped(n int) {
	p.log.Warn("the plugin prints too much: lines were dropped", "lines", n)
}

// say logs a line, with the level and fields it has when it comes from hclog.
func (p *printed) say(stream, line string) {
	level, message, fields := slog.LevelInfo, line, []any{"stream", stream}
	var entry map[string]any
	if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &entry) == nil && entry["@level"] != nil {
		level, message, fields = fromHclog(entry)
	}
	p.log.Log(context.Background(), level, message, fields...)
}

func fromHclog(entry map[string]any) (slog.Level, string, []any) {
	level := slog.LevelDebug // also for trace
	switch entry["@level"] {
	case "info":
		level = slog.LevelInfo
	case "warn":
		level = slog.LevelWarn
	case "error":
		level = slog.LevelError
	}
	message, _ := entry["@message"].(string)
	var fields []any
	for key, value := range entry {
		if !strings.HasPrefix(key, "@") {
			fields = append(fields, slog.Any(key, value))
		}
	}
	return level, message, fields
}

// lastWords is the line that says most about why the plugin exited: Go's panic, else the
// last one.
func (p *printed) lastWords() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.panic != "" || len(p.tail) == 0 {
		return p.panic
	}
	return p.tail[len(p.tail)-1]
}

// lastLines is the end of standard error.
func (p *printed) lastLines() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}
