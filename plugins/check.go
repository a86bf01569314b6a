package plugins

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/egress"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Content is what a pack's metadata says, to be held against its code.
type Content struct {
	Pack    *core.Pack
	Actions []*core.Action
	Sensors []*core.Sensor
}

// Describe returns what the code of a pack of the catalogue brings. The error is Invalid
// when the pack has none.
func (l *Loader) Describe(ctx context.Context, ref string) (wire.Pack, error) {
	p, err := l.Pack(ctx, ref)
	if err != nil {
		return wire.Pack{}, err
	}
	r, err := runtimeOf(p)
	if err != nil {
		return wire.Pack{}, err
	}
	x, err := l.acquire(ctx, p, r)
	if err != nil {
		return wire.Pack{}, err
	}
	defer l.release(x)
	told, err := x.describe(ctx)
	if err != nil {
		return wire.Pack{}, core.Errorf(core.Invalid, "the code of the pack %s does not say what it brings: %w", ref, err)
	}
	return *told, nil
}

// Check opens the code of a pack that lies in dir, which need not be in the catalogue, and
// holds it against the pack's metadata. The error is Invalid and names everything that
// metadata has and the code has not. A carrier may keep what it compiled for later.
func (l *Loader) Check(ctx context.Context, dir string, c Content) error {
	var errs []error
	for _, a := range c.Actions {
		if a.Runner == core.RuntimeWASM && a.EntryPoint != "" {
			errs = append(errs, l.checkCommand(ctx, dir, c.Pack, a))
		}
	}
	if c.Pack.Permissions != nil {
		_, err := egress.New(egress.Config{Permissions: *c.Pack.Permissions})
		errs = append(errs, err)
	}
	if c.Pack.Runtime != nil {
		errs = append(errs, l.checkCode(ctx, dir, c))
	}
	return invalid(errors.Join(errs...))
}

// invalid makes one error of the many faults that were found.
func invalid(err error) error {
	if err == nil {
		return nil
	}
	return core.Errorf(core.Invalid, "%w", err)
}

// checkCommand opens the module of an action that is a WASI command.
func (l *Loader) checkCommand(ctx context.Context, dir string, p *core.Pack, a *core.Action) error {
	r, err := actionRuntime(p, a)
	if err != nil {
		return err
	}
	plugin, err := l.openOnce(ctx, Code{Pack: p.Ref, Dir: dir, Runtime: r})
	if err != nil {
		return err
	}
	return plugin.Close(ctx)
}

func (l *Loader) openOnce(ctx context.Context, c Code) (Plugin, error) {
	if _, err := versionOf(c, ""); err != nil {
		return nil, err
	}
	carrier, ok := l.Carriers[c.Runtime.Type]
	if !ok {
		return nil, core.FieldErrorf("runtime.type", "the pack %s: this server has no carrier for the runtime %q", c.Pack, c.Runtime.Type)
	}
	plugin, err := carrier(ctx, c)
	if err != nil && c.Runtime.Type == core.RuntimeWASM {
		return nil, core.Errorf(core.Invalid, "%s: %w", c.Runtime.Module, err)
	}
	return plugin, err
}

func (l *Loader) checkCode(ctx context.Context, dir string, c Content) error {
	r, err := runtimeOf(c.Pack)
	if err != nil {
		return err
	}
	plugin, err := l.openOnce(ctx, Code{Pack: c.Pack.Ref, Dir: dir, Runtime: r})
	if err != nil {
		return err
	}
	told, err := plugin.Describe(ctx)
	if err := errors.Join(err, plugin.Close(ctx)); err != nil {
		return core.Errorf(core.Invalid, "the code of the pack %s does not say what it brings: %w", c.Pack.Ref, err)
	}
	return c.compare(r, told)
}

// compare lists what metadata and code do not agree on.
func (c Content) compare(r core.Runtime, told wire.Pack) error {
	if told.Version != wire.Version {
		return core.Errorf(core.Invalid, "%s speaks version %d of the wire, this server version %d: build it with the SDK of this server", r.File(), told.Version, wire.Version)
	}
	m := mismatches{file: r.File(), pack: c.Pack.Ref}
	if told.Name != c.Pack.Ref {
		m.addf("%s is the code of the pack %q, not of %q", m.file, told.Name, c.Pack.Ref)
	}
	c.compareActions(&m, r, told)
	c.compareSensors(&m, r, told)
	return errors.Join(m.errs...)
}

func (c Content) compareActions(m *mismatches, r core.Runtime, told wire.Pack) {
	known := namesOf(told.Actions, func(a wire.Action) string { return a.Name })
	for _, a := range c.Actions {
		if a.Runner != r.RunnerType() || a.EntryPoint != "" {
			continue
		}
		m.need("action", a.Name, a.MetadataFile, known)
	}
}

func (c Content) compareSensors(m *mismatches, r core.Runtime, told wire.Pack) {
	known := namesOf(told.Sensors, func(s wire.Sensor) string { return s.Name })
	for _, s := range c.Sensors {
		if s.EntryPoint != "" && s.EntryPoint != r.File() {
			continue
		}
		if !m.need("sensor", s.Class, s.MetadataFile, known) {
			continue
		}
		code := told.Sensors[slices.Index(known, s.Class)]
		if s.PollInterval > 0 && code.Interval == 0 {
			m.addf("%s: poll_interval is %g, but the sensor %s of %s is passive: it goes on until it is told to end; leave poll_interval out", s.MetadataFile, s.PollInterval, s.Class, m.file)
		}
		for _, name := range code.Triggers {
			if !slices.Contains(s.TriggerTypes, core.Ref(m.pack, name)) {
				m.addf("%s: the sensor %s of %s raises %s, which trigger_types does not name", s.MetadataFile, s.Class, m.file, name)
			}
		}
	}
}

// mismatches are what metadata and code do not agree on.
type mismatches struct {
	file, pack string
	errs       []error
}

func (m *mismatches) addf(format string, args ...any) {
	m.errs = append(m.errs, core.Errorf(core.Invalid, format, args...))
}

// need reports whether the code has what a metadata file names.
func (m *mismatches) need(noun, name, metadata string, known []string) bool {
	if slices.Contains(known, name) {
		return true
	}
	has := "none"
	if len(known) > 0 {
		has = strings.Join(known, ", ")
	}
	m.addf("%s: %s has no %s %q; it has %s; run: petrel pack build", metadata, m.file, noun, name, has)
	return false
}

func namesOf[T any](all []T, name func(T) string) []string {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = name(x)
	}
	return names
}
