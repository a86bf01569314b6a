package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Log returns a logger whose lines go into the execution's log, or the server's for a
// sensor.
func Log(ctx context.Context) *slog.Logger { return slog.New(LogHandler(ctx)) }

// LogHandler is what [Log] writes to, for libraries that take a handler.
func LogHandler(ctx context.Context) slog.Handler { return &logHandler{ctx: ctx} }

// logHandler sends records to the host of the context it was made for: libraries log with
// contexts of their own.
type logHandler struct {
	ctx    context.Context
	groups []string    // open ones, outermost first
	attrs  []groupAttr // given in advance
}

// groupAttr is an attribute with the groups it stands in.
type groupAttr struct {
	groups []string
	attr   slog.Attr
}

// Enabled is always true: what is shown is the host's to decide.
func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle sends one line. A log that cannot be written is no reason to fail.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	fields := map[string]any{}
	for _, a := range h.attrs {
		put(fields, a.groups, a.attr)
	}
	r.Attrs(func(a slog.Attr) bool {
		put(fields, h.groups, a)
		return true
	})
	_ = Ask(h.ctx, wire.OpLog, wire.Log{Level: levelName(r.Level), Message: r.Message, Fields: fields}, nil)
	return nil
}

// WithAttrs returns a handler that adds attrs to every line.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.attrs = slices.Clip(h.attrs)
	for _, a := range attrs {
		next.attrs = append(next.attrs, groupAttr{h.groups, a})
	}
	return &next
}

// WithGroup returns a handler that puts what follows into a group.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.groups = append(slices.Clip(h.groups), name)
	return &next
}

// put puts an attribute into the group it belongs to.
func put(fields map[string]any, groups []string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			groups = append(slices.Clip(groups), a.Key)
		}
		for _, inner := range value.Group() {
			put(fields, groups, inner)
		}
		return
	}
	for _, g := range groups {
		inner, ok := fields[g].(map[string]any)
		if !ok {
			inner = map[string]any{}
			fields[g] = inner
		}
		fields = inner
	}
	if a.Key != "" {
		fields[a.Key] = plainValue(value)
	}
}

// plainValue is a value as JSON shows it, errors and the like as their text.
func plainValue(v slog.Value) any {
	switch v.Kind() {
	case slog.KindDuration, slog.KindTime:
		return v.String()
	}
	value := v.Any()
	if err, ok := value.(error); ok {
		return err.Error()
	}
	if _, err := json.Marshal(value); err != nil {
		return fmt.Sprint(value)
	}
	return value
}

// levelName is the host's word for a level: the next one down that it has.
func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warning"
	}
	return "error"
}
