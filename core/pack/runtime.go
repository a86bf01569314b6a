package pack

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack/document"
	"github.com/petrelhq/petrel/core/schema"
)

// runtimeToObject makes "runtime: wasm" the object that it stands for.
func (s *source) runtimeToObject() {
	f := s.value.Field("runtime")
	if f == nil || f.Value.Kind != document.Scalar || f.Value.IsNull() {
		return
	}
	word := f.Value
	f.Value = &document.Value{
		Line: word.Line, Column: word.Column, Kind: document.Object,
		Fields: []document.Field{{Name: "type", Line: word.Line, Column: word.Column, Value: word}},
	}
}

// completeRuntime checks what pack.yaml says of the pack's code, and fills in the file
// that holds it.
func (s *source) completeRuntime(p *core.Pack) {
	r := p.Runtime
	switch {
	case r == nil && p.Permissions != nil:
		s.warn([]string{"permissions"}, "permissions mean nothing without a runtime: only code that a carrier loads has them")
		return
	case r == nil:
		return
	case r.Type == core.RuntimeWASM:
		s.completeModule(p.Ref, r)
	case r.Type == core.RuntimeProcess:
		s.completeCommand(p.Ref, r)
	default:
		hint := cmp.Or(schema.DidYouMean(r.Type, []string{core.RuntimeWASM, core.RuntimeProcess}), "; it is wasm or process")
		s.fail([]string{"runtime", "type"}, "there is no runtime %q%s", r.Type, hint)
	}
}

func (s *source) completeModule(ref string, r *core.Runtime) {
	if len(r.Command) > 0 {
		s.fail([]string{"runtime", "command"}, "runtime.command is for the runtime process; a module is named by runtime.module")
	}
	r.Complete(ref)
	s.checkInside([]string{"runtime", "module"}, r.Module)
}

func (s *source) completeCommand(ref string, r *core.Runtime) {
	for _, key := range []string{"module", "reuse", "memory", "isolation"} {
		if f := s.value.Field("runtime").Value.Field(key); f != nil && !f.Value.IsNull() {
			s.fail([]string{"runtime", key}, "runtime.%s is for the runtime wasm; a process has none", key)
		}
	}
	r.Complete(ref)
	s.checkInside([]string{"runtime", "command"}, r.Command[0])
}

// checkInside keeps a file inside the pack.
func (s *source) checkInside(field []string, file string) {
	if !fs.ValidPath(file) || file == "." {
		s.fail(field, "%s %q needs to be a plain path inside the pack, such as bin/%s", strings.Join(field, "."), file, path.Base(path.Clean(file)))
	}
}

// checkBuilt refuses a pack whose code has not been built.
func (r *reading) checkBuilt() {
	file := r.content.Pack.Runtime.File()
	if file == "" || !fs.ValidPath(file) {
		return // what is wrong with the path is said already
	}
	info, err := fs.Stat(r.fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.errs = append(r.errs, core.FieldErrorf("runtime", "%s: the file %s, which runtime stands for, is missing: build it first: petrel pack build",
			r.content.Place("pack.yaml", "runtime"), file))
	case err != nil:
		r.errs = append(r.errs, core.FieldErrorf("runtime", "%s: %s cannot be read: %w", r.content.Place("pack.yaml", "runtime"), file, err))
	case !info.Mode().IsRegular():
		r.errs = append(r.errs, core.FieldErrorf("runtime", "%s: %s is no file", r.content.Place("pack.yaml", "runtime"), file))
	}
}

// otherwise gives a document a key that it leaves out.
func (s *source) otherwise(name, value string) {
	if value == "" || s.value.Kind != document.Object {
		return
	}
	v := &document.Value{Line: s.value.Line, Column: s.value.Column, Kind: document.Scalar, Scalar: value}
	if f := s.value.Field(name); f == nil {
		s.value.Fields = append(s.value.Fields, document.Field{Name: name, Line: v.Line, Column: v.Column, Value: v})
	} else if f.Value.IsNull() {
		f.Value = v
	}
}

// checkCarrier holds an action's runner against the pack's runtime. An action of the
// runner wasm may do without one: its entry point is a WASI command then.
func (s *source) checkCarrier(a *core.Action, r *core.Runtime) {
	carriers := []string{core.RuntimeWASM, core.RunnerPlugin}
	has := r.RunnerType()
	switch {
	case !slices.Contains(carriers, a.Runner), a.Runner == has, a.Runner == core.RuntimeWASM && a.EntryPoint != "":
	case has == "":
		s.fail([]string{"runner_type"}, "the runner %q needs a runtime in pack.yaml, such as runtime: %s", a.Runner, runtimeFor(a.Runner))
	default:
		s.fail([]string{"runner_type"}, "the pack's runtime is %s, so runner_type is %q and may be left out", r.Type, has)
	}
}

func runtimeFor(runner string) string {
	if runner == core.RunnerPlugin {
		return core.RuntimeProcess
	}
	return core.RuntimeWASM
}
