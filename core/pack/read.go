package pack

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack/document"
)

// maxFile is the largest metadata file that is read, in bytes.
const maxFile = 4 << 20

// Content is what a pack's folder holds, in the order of its files' names.
type Content struct {
	Pack         core.Pack // without ID and Path
	Actions      []*core.Action
	Rules        []*core.Rule
	TriggerTypes []*core.TriggerType // from triggers/, then those sensors declare
	Sensors      []*core.Sensor
	Policies     []*core.Policy
	ConfigSchema core.Parameters // of config.schema.yaml; nil without one
	Warnings     []string        // each with its place

	dir       string
	documents map[string]*document.Value // by file, relative to the pack
}

// Place tells where the field at a dotted path stands, as dir/file:line:column: for
// faults that show only when a thing meets others, such as an action its runner.
// File is the MetadataFile of a thing of this pack.
func (c *Content) Place(file, field string) string {
	line, column := 1, 1
	if v := c.documents[file]; v != nil {
		line, column = v.Place(strings.Split(field, "."))
	}
	return fmt.Sprintf("%s:%d:%d", path.Join(c.dir, file), line, column)
}

// reading is one Read under way.
type reading struct {
	fsys    fs.FS
	content *Content
	errs    []error
}

// Read reads the pack in fsys; dir is the name of its folder. It reports every fault,
// in order of file and line, each with its place and an Invalid error; the content holds
// what could be read beside them. Without a readable pack.yaml there is no content.
// st2: metadata reference 1 and 2.
func Read(fsys fs.FS, dir string) (*Content, []error) {
	r := &reading{fsys: fsys, content: &Content{dir: dir, documents: map[string]*document.Value{}}}
	if !r.readPack() {
		return nil, r.errs
	}
	r.checkBuilt()
	r.readFolder("triggers", r.readTriggerType)
	r.readFolder("sensors", r.readSensor)
	r.readFolder("actions", r.readAction)
	r.readFolder("rules", r.readRule)
	r.readFolder("policies", r.readPolicy)
	r.readConfigSchema()
	r.warnOfTwins()
	return r.content, r.errs
}

// readFolder reads the metadata files directly in a folder, in order of their names.
func (r *reading) readFolder(folder string, read func(s *source)) {
	entries, err := fs.ReadDir(r.fsys, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return
	} else if err != nil {
		r.errs = append(r.errs, core.Errorf(core.Invalid, "%s: %w", path.Join(r.content.dir, folder), err))
		return
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		file := path.Join(folder, e.Name())
		if e.IsDir() || !isMetadata(file) {
			continue
		}
		if s, ok := r.open(file); ok {
			read(s)
			r.close(s)
		}
	}
}

func isMetadata(file string) bool {
	ext := path.Ext(file)
	return (ext == ".yaml" || ext == ".yml") && strings.TrimSuffix(file, ext) != "actions/config"
}

// open reads a file's document; faults of its syntax are recorded.
func (r *reading) open(file string) (*source, bool) {
	s := &source{file: path.Join(r.content.dir, file), name: file}
	raw, err := readFile(r.fsys, file)
	if err != nil {
		r.errs = append(r.errs, core.Errorf(core.Invalid, "%s: %w", s.file, err))
		return nil, false
	}
	ok := s.parse(raw)
	if ok {
		r.content.documents[file] = s.value
	} else {
		r.close(s)
	}
	return s, ok
}

func readFile(fsys fs.FS, file string) ([]byte, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	return raw, err
}

// close takes over what was found wrong with a file.
func (r *reading) close(s *source) {
	r.errs = append(r.errs, s.errors()...)
	r.content.Warnings = append(r.content.Warnings, s.warnings...)
}

// readAction reads an action; one of a pack with a runtime need not name its runner.
func (r *reading) readAction(s *source) {
	s.otherwise("runner_type", r.content.Pack.Runtime.RunnerType())
	if a := s.action(); a != nil && s.belongs(&a.Pack, r.content.Pack.Ref) {
		s.checkCarrier(a, r.content.Pack.Runtime)
		a.MetadataFile = s.name
		r.content.Actions = append(r.content.Actions, a)
	}
}

func (r *reading) readRule(s *source) {
	if rule := s.rule(); rule != nil && s.belongs(&rule.Pack, r.content.Pack.Ref) {
		rule.MetadataFile = s.name
		r.content.Rules = append(r.content.Rules, rule)
	}
}

func (r *reading) readPolicy(s *source) {
	if p := s.policy(); p != nil && s.belongs(&p.Pack, r.content.Pack.Ref) {
		p.MetadataFile = s.name
		r.content.Policies = append(r.content.Policies, p)
	}
}

func (r *reading) readTriggerType(s *source) {
	if t := s.triggerType(); t != nil && s.belongs(&t.Pack, r.content.Pack.Ref) {
		t.MetadataFile = s.name
		r.content.TriggerTypes = append(r.content.TriggerTypes, t)
	}
}

// readSensor reads a sensor; one of a pack with a runtime lies in the pack's code.
func (r *reading) readSensor(s *source) {
	s.otherwise("entry_point", r.content.Pack.Runtime.File())
	sensor, types := s.sensor()
	if sensor == nil || !s.belongs(&sensor.Pack, r.content.Pack.Ref) {
		return
	}
	sensor.MetadataFile = s.name
	for _, t := range types {
		t.Pack, t.MetadataFile = sensor.Pack, s.name
		r.content.TriggerTypes = append(r.content.TriggerTypes, t)
		sensor.TriggerTypes = append(sensor.TriggerTypes, t.Ref())
	}
	r.content.Sensors = append(r.content.Sensors, sensor)
}

// readConfigSchema st2: metadata reference 1: a file that is there may not be empty.
func (r *reading) readConfigSchema() {
	const file = "config.schema.yaml"
	if _, err := fs.Stat(r.fsys, file); err != nil {
		return
	}
	if s, ok := r.open(file); ok {
		r.content.ConfigSchema = s.configSchema()
		r.close(s)
	}
}

// warnOfTwins: of two files that define one name the later one counts, as everywhere.
func (r *reading) warnOfTwins() {
	c := r.content
	warnOfTwins(c, "action", c.Actions, func(a *core.Action) (string, string) { return a.Name, a.MetadataFile })
	warnOfTwins(c, "rule", c.Rules, func(a *core.Rule) (string, string) { return a.Name, a.MetadataFile })
	warnOfTwins(c, "policy", c.Policies, func(p *core.Policy) (string, string) { return p.Name, p.MetadataFile })
	warnOfTwins(c, "sensor", c.Sensors, func(s *core.Sensor) (string, string) { return s.Class, s.MetadataFile })
	warnOfTwins(c, "trigger type", c.TriggerTypes, func(t *core.TriggerType) (string, string) { return t.Name, t.MetadataFile })
}

func warnOfTwins[T any](c *Content, noun string, things []T, identity func(T) (name, file string)) {
	seen := map[string]string{}
	for _, thing := range things {
		name, file := identity(thing)
		if before, ok := seen[name]; ok {
			c.Warnings = append(c.Warnings, fmt.Sprintf("%s: %s %q is defined in %s already; this definition counts",
				c.Place(file, "name"), noun, name, before))
		}
		seen[name] = file
	}
}
