package plugins

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Carrier loads code of one type of runtime. Errors are Invalid when the code is none that
// it can load, and say which file and why.
type Carrier func(ctx context.Context, c Code) (Plugin, error)

// Code is a pack's code as a carrier finds it.
type Code struct {
	Pack    string       // ref
	Dir     string       // of the pack's files
	Runtime core.Runtime // Module or Command filled in
}

// File is the path of the file that is loaded.
func (c Code) File() string { return filepath.Join(c.Dir, filepath.FromSlash(c.Runtime.File())) }

// runtimeOf is a pack's runtime with the file it stands for. The error is Invalid when the
// pack has none.
func runtimeOf(p *core.Pack) (core.Runtime, error) {
	if p.Runtime == nil {
		return core.Runtime{}, core.FieldErrorf("runtime", "the pack %s has no code: its pack.yaml has no runtime, such as runtime: wasm", p.Ref)
	}
	r := *p.Runtime
	r.Complete(p.Ref)
	return r, nil
}

// actionRuntime is what carries an action of a runner type. A wasm action with an entry
// point is a WASI command in the pack's folder actions, whatever the pack's runtime is.
func actionRuntime(p *core.Pack, a *core.Action) (core.Runtime, error) {
	if a.Runner == core.RuntimeWASM && a.EntryPoint != "" {
		r := core.Runtime{}
		if p.Runtime != nil && p.Runtime.Type == core.RuntimeWASM {
			r = *p.Runtime
		}
		r.Type, r.Module = core.RuntimeWASM, "actions/"+a.EntryPoint
		return r, nil
	}
	r, err := runtimeOf(p)
	if err != nil {
		return r, err
	}
	if has := r.RunnerType(); has != a.Runner {
		return r, core.FieldErrorf("runner_type", "%s has the runner %q, but the pack's runtime is %s: its actions have the runner %q", a.Ref(), a.Runner, r.Type, has)
	}
	return r, nil
}

// version tells one state of a pack's code from the next: an archive never changes, a
// folder's file may at any time.
type version struct {
	digest  string
	changed time.Time
	size    int64
	runtime string
}

// versionOf looks at the code. The error is Invalid when the file is missing.
func versionOf(c Code, digest string) (version, error) {
	settings, err := json.Marshal(c.Runtime)
	v := version{digest: digest, runtime: string(settings)}
	if err != nil || digest != "" {
		return v, err
	}
	info, err := os.Stat(c.File())
	if err != nil {
		return v, core.Errorf(core.Invalid, "the code of the pack %s is missing: %w; build it first: petrel pack build", c.Pack, err)
	}
	v.changed, v.size = info.ModTime(), info.Size()
	return v, nil
}
