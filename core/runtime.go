package core

// The carriers of a pack's code; also the names of their runner types.
const (
	RuntimeWASM    = "wasm"    // a module in a sandbox
	RuntimeProcess = "process" // an executable under supervision; its runner type is plugin
)

// RunnerPlugin is the runner type of actions that a pack's executable carries out.
const RunnerPlugin = "plugin"

// Runtime says what carries a pack's code; "runtime:" in pack.yaml, where the bare name of
// a carrier stands for a Runtime with nothing else said.
type Runtime struct {
	Type        string   `json:"type"`                  // RuntimeWASM or RuntimeProcess
	Module      string   `json:"module,omitempty"`      // wasm: the file in the pack; default <ref>.wasm
	Command     []string `json:"command,omitempty"`     // process: the file in the pack and its arguments; default bin/<ref>
	Reuse       bool     `json:"reuse,omitempty"`       // wasm: an instance may serve one call after another
	Memory      int      `json:"memory,omitempty"`      // wasm: MiB an instance may grow to; 0: the server's
	Concurrency int      `json:"concurrency,omitempty"` // calls at once; 0: the server's
	Isolation   string   `json:"isolation,omitempty"`   // wasm: "process" runs the module in a child that can be killed
}

// RunnerType is the runner type of the actions that its carrier runs; "" of nil.
func (r *Runtime) RunnerType() string {
	switch {
	case r == nil:
		return ""
	case r.Type == RuntimeProcess:
		return RunnerPlugin
	}
	return r.Type
}

// File is the file of the pack that the carrier loads; "" of nil.
func (r *Runtime) File() string {
	switch {
	case r == nil:
		return ""
	case r.Type == RuntimeProcess && len(r.Command) > 0:
		return r.Command[0]
	}
	return r.Module
}

// Complete fills in the file where the runtime of the pack ref names none.
func (r *Runtime) Complete(ref string) {
	switch {
	case r.Type == RuntimeWASM && r.Module == "":
		r.Module = ref + ".wasm"
	case r.Type == RuntimeProcess && len(r.Command) == 0:
		r.Command = []string{"bin/" + ref}
	}
}

// Permissions are what a pack's code may do beyond its own keys and trigger types;
// "permissions:" in pack.yaml asks for them. Nothing is allowed that is not listed.
type Permissions struct {
	HTTP     []string `json:"http,omitempty"`     // origins, scheme://host[:port]; the host may begin with "*."; "*" is any origin
	Networks []string `json:"networks,omitempty"` // CIDRs of loopback, private or link-local addresses that HTTP may reach
	KV       KVAccess `json:"kv,omitzero"`
	Secrets  []string `json:"secrets,omitempty"` // names of keys of the scope system; a "*" at the end stands for any rest
	Events   []string `json:"events,omitempty"`  // references of trigger types of other packs
	Actions  []string `json:"actions,omitempty"` // references, or pack.*
}

// KVAccess lists keys of the scope system; a "*" at the end stands for any rest.
type KVAccess struct {
	Read  []string `json:"read,omitempty"`
	Write []string `json:"write,omitempty"`
}
