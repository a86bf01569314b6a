package pack

import (
	"slices"
	"strings"
	"sync"

	"github.com/petrelhq/petrel/core/pack/document"
	"github.com/petrelhq/petrel/core/schema"
)

// shape is the form of one sort of document: a JSON Schema with boolean "required".
// Objects that list their properties and do not say additionalProperties tolerate
// others, with a warning.
type shape struct {
	noun   string // with its article, for messages
	schema map[string]any
	object *schema.Object
}

// newShape compiles a constant of this package; a mistake in one shows in every test.
func newShape(noun, text string) func() *shape {
	return sync.OnceValue(func() *shape {
		v, err := document.ParseJSON([]byte(text))
		if err != nil {
			panic(noun + ": " + err.Error())
		}
		s, _ := v.Interface().(map[string]any)
		object, err := schema.CompileObject(s)
		if err != nil {
			panic(noun + ": " + err.Error())
		}
		return &shape{noun: noun, schema: s, object: object}
	})
}

// st2: metadata reference 3, 4, 6. What the API adds to its answers (id, uid, ref,
// metadata_file) may come back in a request and is ignored there.
var (
	actionShape = newShape("an action", `{
		"type": "object", "additionalProperties": false, "properties": {
			"name": {"type": "string", "required": true}, "pack": {"type": "string"},
			"description": {"type": "string"}, "enabled": {"type": "boolean", "default": true},
			"runner_type": {"type": "string", "required": true}, "entry_point": {"type": "string"},
			"parameters": {"type": "object", "additionalProperties": {"type": "object"}},
			"output_schema": {"type": "object"},
			"notify": {"type": "object", "additionalProperties": false, "properties": {
				"on-complete": `+notifyShape+`, "on-success": `+notifyShape+`, "on-failure": `+notifyShape+`}},
			"idempotent": {"type": "boolean"}, "tags": `+tagsShape+`, `+computedShape+`}}`)

	ruleShape = newShape("a rule", `{
		"type": "object", "additionalProperties": false, "properties": {
			"name": {"type": "string", "required": true}, "pack": {"type": "string"},
			"description": {"type": "string"}, "enabled": {"type": "boolean", "default": false},
			"type": {"type": "object", "additionalProperties": false, "properties": {
				"ref": {"type": "string", "enum": ["standard", "backstop"], "default": "standard"}, "parameters": {"type": "object"}}},
			"trigger": {"type": "object", "required": true, "properties": {
				"type": {"type": "string", "required": true}, "parameters": {"type": "object"},
				"ref": {"type": "string"}, "description": {"type": "string"}}},
			"criteria": {"type": "object", "additionalProperties": {"type": "object", "properties": {
				"type": {"type": "string"}, "pattern": {}, "condition": {"type": "string"}}}},
			"action": {"type": "object", "required": true, "additionalProperties": false, "properties": {
				"ref": {"type": "string", "required": true}, "parameters": {"type": "object"}, "description": {"type": "string"}}},
			"context": {"type": "object", "additionalProperties": true},
			"tags": `+tagsShape+`, `+computedShape+`}}`)

	triggerTypeShape = newShape("a trigger type", `{
		"type": "object", "additionalProperties": false, "properties": {`+triggerTypeProperties+`, `+computedShape+`}}`)

	policyShape = newShape("a policy", `{
		"type": "object", "additionalProperties": false, "properties": {
			"name": {"type": "string", "required": true}, "pack": {"type": "string"},
			"description": {"type": "string"}, "enabled": {"type": "boolean", "default": true},
			"resource_ref": {"type": "string", "required": true}, "policy_type": {"type": "string", "required": true},
			"parameters": {"type": "object"}, `+computedShape+`}}`)

	// st2: metadata reference 5: of a sensor, keys that mean nothing are no fault.
	// st2 differs: a look may come more often than every 4 seconds: it starts no interpreter.
	sensorShape = newShape("a sensor", `{
		"type": "object", "properties": {
			"class_name": {"type": "string", "required": true}, "entry_point": {"type": "string", "required": true},
			"description": {"type": "string"}, "enabled": {"type": "boolean"}, "pack": {"type": "string"},
			"poll_interval": {"type": "number", "minimum": 0.01}, "artifact_uri": {"type": "string"}, `+computedShape+`,
			"trigger_types": {"type": "array", "items": {"type": "object", "properties": {`+triggerTypeProperties+`}}}}}`)

	packShape = newShape("a pack", `{
		"type": "object", "additionalProperties": true, "properties": {
			"name": {"type": "string", "required": true}, "ref": {"type": "string"},
			"description": {"type": "string", "required": true},
			"version": {"anyOf": [{"type": "string"}, {"type": "number"}], "required": true},
			"author": {"type": "string", "required": true}, "email": {"type": "string"},
			"keywords": {"type": "array", "items": {"type": "string"}},
			"stackstorm_version": {"type": "string", "pattern": "^\\s*([><=!]+\\s*\\d+\\.\\d+\\.\\d+\\S*?\\s*(,\\s*|$))+$"},
			"python_versions": {"type": "array", "items": {"enum": ["2", "3"]}, "minItems": 1, "maxItems": 2, "uniqueItems": true},
			"contributors": {"type": "array", "items": {"type": "string", "maxLength": 100}},
			"dependencies": {"type": "array", "items": {"type": "string"}},
			"system": {"type": "object"}, "files": {"type": "array", "items": {"type": "string"}}, "path": {"type": "string"},
			"digest": {"type": "string"}, "runtime": `+runtimeShape+`, "permissions": `+permissionsShape+`}}`)

	configSchemaShape = newShape("a configuration schema", `{"type": "object", "additionalProperties": {"type": "object"}}`)
)

const (
	computedShape = `"id": {"type": "string"}, "uid": {"type": "string"}, "ref": {"type": "string"}, "metadata_file": {"type": "string"}`

	tagsShape = `{"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}}`

	notifyShape = `{"type": "object", "additionalProperties": false, "properties": {
		"message": {"type": "string"}, "data": {"type": "object"}, "routes": {"type": "array"}, "channels": {"type": "array"}}}`

	runtimeShape = `{"type": "object", "additionalProperties": false, "properties": {
		"type": {"type": "string", "required": true}, "module": {"type": "string"},
		"command": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
		"reuse": {"type": "boolean"}, "memory": {"type": "integer", "minimum": 1, "maximum": 4096},
		"concurrency": {"type": "integer", "minimum": 1}, "isolation": {"type": "string", "enum": ["process"]}}}`

	permissionsShape = `{"type": "object", "additionalProperties": false, "properties": {
		"http": ` + textsShape + `, "networks": ` + textsShape + `, "secrets": ` + textsShape + `,
		"events": ` + textsShape + `, "actions": ` + textsShape + `,
		"kv": {"type": "object", "additionalProperties": false, "properties": {"read": ` + textsShape + `, "write": ` + textsShape + `}}}}`

	textsShape = `{"type": "array", "items": {"type": "string"}}`

	triggerTypeProperties = `"name": {"type": "string", "required": true}, "pack": {"type": "string"}, "description": {"type": "string"},
		"payload_schema": {"type": "object"}, "parameters_schema": {"type": "object"}, "tags": ` + tagsShape
)

// at returns the schema of what lies at path, nil where the shape says nothing of it.
func (s *shape) at(path []string) map[string]any {
	at := s.schema
	for _, step := range path {
		at = below(at, step)
	}
	return at
}

func below(s map[string]any, step string) map[string]any {
	properties, _ := s["properties"].(map[string]any)
	for _, candidate := range []any{properties[step], s["additionalProperties"], s["items"]} {
		if next, ok := candidate.(map[string]any); ok {
			return next
		}
	}
	return nil
}

// known lists the keys an object of the shape may have.
func known(s map[string]any) []string {
	properties, _ := s["properties"].(map[string]any)
	names := make([]string, 0, len(properties))
	for name := range properties {
		// What only answers carry is no advice to a writer.
		if !strings.Contains(" id uid metadata_file ", " "+name+" ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// tolerates reports whether an object of the shape may have keys it does not list.
func tolerates(s map[string]any) bool {
	_, lists := s["properties"]
	_, says := s["additionalProperties"]
	return lists && !says
}
