package core

// Grant is what one version of a pack was allowed, by whom and when.
type Grant struct {
	Digest      string      `json:"digest"` // SHA-256 of the archive, in hex
	Version     string      `json:"version"`
	Runtime     string      `json:"runtime,omitempty"` // what carries its code; "" for none
	Permissions Permissions `json:"permissions,omitzero"`
	Outside     []string    `json:"outside,omitempty"` // in words: what works outside of the sandbox its code is in
	User        string      `json:"user"`
	At          Time        `json:"at"`
}

// Installation tells of a pack that was installed from an archive: what it was granted,
// and which version it took the place of.
type Installation struct {
	Pack   string `json:"pack"` // ref
	Now    Grant  `json:"now"`
	Before *Grant `json:"before,omitempty"`
}

// PackConfig is what somebody set of a pack's configuration. It outlives the pack's
// versions. st2: metadata reference 9.2.
type PackConfig struct {
	ID     string `json:"id"`
	Pack   string `json:"pack"`   // ref
	Values string `json:"values"` // a JSON object, sealed as a whole
	// SetBy is the schema it was set by: what that calls a secret stays one, also when the
	// pack is removed or its next version says nothing of it.
	SetBy Parameters `json:"set_by,omitempty"`
}

// ConfigSchema describes a pack's configuration. st2: metadata reference 9.1.
type ConfigSchema struct {
	ID         string     `json:"id"`
	Pack       string     `json:"pack"` // ref
	Attributes Parameters `json:"attributes"`
}
