package core

import (
	"encoding/json"
	"strings"
)

// Ref joins a pack and a name into a reference.
func Ref(pack, name string) string { return pack + "." + name }

// SplitRef splits at the first dot, so names may hold dots and packs may not.
func SplitRef(ref string) (pack, name string, ok bool) {
	pack, name, ok = strings.Cut(ref, ".")
	return pack, name, ok && pack != "" && name != ""
}

// Tag labels a thing.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Pack is a folder of content under one name. st2: metadata reference, pack.yaml.
type Pack struct {
	ID           string         `json:"id"`
	Ref          string         `json:"ref"`
	Name         string         `json:"name"`
	Description  string         `json:"description"`
	Version      string         `json:"version"`
	Author       string         `json:"author"`
	Email        string         `json:"email,omitempty"`
	Keywords     []string       `json:"keywords,omitempty"`
	Contributors []string       `json:"contributors,omitempty"`
	Files        []string       `json:"files,omitempty"`
	Dependencies []string       `json:"dependencies,omitempty"`
	System       map[string]any `json:"system,omitempty"`
	Path         string         `json:"path,omitempty"`
	Runtime      *Runtime       `json:"runtime,omitempty"`     // nil: no code that a carrier loads
	Permissions  *Permissions   `json:"permissions,omitempty"` // what it asks for; what it got is in its grant
	Digest       string         `json:"digest,omitempty"`      // SHA-256 of the archive it was installed from, in hex; empty: a folder of the server's
	Extra        map[string]any `json:"extra,omitempty"`       // any other key of pack.yaml
}

// Action is something Petrel can do. st2: metadata reference, action metadata.
type Action struct {
	ID           string          `json:"id"`
	Pack         string          `json:"pack"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Enabled      bool            `json:"enabled"`
	Meant        bool            `json:"meant,omitempty"` // enabled as the pack says; Enabled differs once somebody switched it
	Runner       string          `json:"runner_type"`
	EntryPoint   string          `json:"entry_point"`
	Parameters   Parameters      `json:"parameters"`
	OutputSchema map[string]any  `json:"output_schema,omitempty"`
	Notify       json.RawMessage `json:"notify,omitempty"`
	Tags         []Tag           `json:"tags,omitempty"`
	Idempotent   bool            `json:"idempotent,omitempty"` // may be run again after its runner was lost
	MetadataFile string          `json:"metadata_file,omitempty"`
}

// Ref returns the action's reference, pack.name.
func (a *Action) Ref() string { return Ref(a.Pack, a.Name) }

// RunnerType describes a runner to users: what it takes and what it returns.
type RunnerType struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Description  string         `json:"description,omitempty"`
	Enabled      bool           `json:"enabled"`
	Package      string         `json:"runner_package"`
	Module       string         `json:"runner_module"`
	Parameters   Parameters     `json:"runner_parameters"`
	OutputKey    string         `json:"output_key,omitempty"`
	OutputSchema map[string]any `json:"output_schema,omitempty"`
}

// TriggerType is a kind of event. st2: metadata reference, trigger type files.
type TriggerType struct {
	ID           string         `json:"id"`
	Pack         string         `json:"pack"`
	Name         string         `json:"name"`
	Description  string         `json:"description,omitempty"`
	Parameters   map[string]any `json:"parameters_schema"`
	Payload      map[string]any `json:"payload_schema"`
	Tags         []Tag          `json:"tags,omitempty"`
	MetadataFile string         `json:"metadata_file,omitempty"`
}

// Ref returns the trigger type's reference, pack.name.
func (t *TriggerType) Ref() string { return Ref(t.Pack, t.Name) }

// Parametrised reports whether rules give triggers of this type parameters. A type
// without has one trigger of the same reference.
func (t *TriggerType) Parametrised() bool { return len(t.Parameters) > 0 }
