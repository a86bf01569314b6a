package plugins

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/sdk/wire"
)

// What one call or turn may say. More lines than that are dropped, counted, and said.
const (
	manyLines     = 1000    // at once
	linesPerSec   = 10      // and then
	maxMessage    = 8 << 10 // bytes; what is longer is cut off
	maxFields     = 32      // of a line
	maxFieldValue = 1 << 10 // bytes
)

// levels are the wire's, by how grave they are.
func levels() map[string]int {
	return map[string]int{"debug": 10, "info": 20, "warning": 30, "error": 40}
}

func (h *host) log(_ context.Context, l wire.Log) error {
	if levels()[l.Level] == 0 {
		return core.FieldErrorf("level", "level: %q is none of debug, info, warning and error", l.Level)
	}
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(l.Fields))[:min(len(l.Fields), maxFields)] {
		fields[cut(name, maxFieldValue)] = cut(h.secrets.mask(fieldText(l.Fields[name])), maxFieldValue)
	}
	h.voice.log(l.Level, cut(h.secrets.mask(l.Message), maxMessage), fields)
	return nil
}

func (h *host) output(_ context.Context, o wire.Output) error {
	if o.Stream != "stdout" && o.Stream != "stderr" {
		return core.FieldErrorf("stream", "stream: %q is neither stdout nor stderr", o.Stream)
	}
	h.voice.print(o.Stream, o.Text)
	return nil
}

// progress is shown as a line of the log.
func (h *host) progress(_ context.Context, p wire.Progress) error {
	if !(p.Fraction >= 0 && p.Fraction <= 1) {
		return core.FieldErrorf("fraction", "fraction: %v is not between 0 and 1", p.Fraction)
	}
	text := fmt.Sprintf("progress %d%%", int(math.Floor(p.Fraction*100)))
	if p.Message != "" {
		text += ": " + cut(h.secrets.mask(p.Message), maxMessage)
	}
	h.voice.log("info", text, nil)
	return nil
}

// cut is the beginning of text, if it is long.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// fieldText is a field's value as a line shows it.
func fieldText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// budget lets many lines pass at once and some per second after that.
type budget struct {
	now func() time.Time

	mu      sync.Mutex
	left    float64
	at      time.Time
	dropped int // since the last line that passed
}

func newBudget(now func() time.Time) *budget {
	return &budget{now: now, left: manyLines, at: now()}
}

// take reports whether a line may pass, and how many did not before it.
func (b *budget) take() (ok bool, dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.now()
	b.left = min(manyLines, b.left+t.Sub(b.at).Seconds()*linesPerSec)
	b.at = t
	if b.left < 1 {
		b.dropped++
		return false, 0
	}
	b.left--
	dropped, b.dropped = b.dropped, 0
	return true, dropped
}

// rest returns how many lines were dropped since the last that passed.
func (b *budget) rest() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.dropped
	b.dropped = 0
	return n
}

// said is what is told of dropped lines.
func said(dropped int) string {
	return fmt.Sprintf("%d log lines were dropped: at most %d at once and %d per second are kept", dropped, manyLines, linesPerSec)
}

// line is a message with its fields, in the order of their names.
func line(message string, fields map[string]any) string {
	var b strings.Builder
	b.WriteString(message)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fieldText(fields[name])
		if value == "" || strings.ContainsAny(value, " \"=\n\r\t") {
			value = strconv.Quote(value)
		}
		b.WriteString(" " + name + "=" + value)
	}
	return b.String()
}
