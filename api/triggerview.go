package api

import (
	"crypto/md5" // StackStorm's uids hold an MD5; nothing relies on its strength
	"encoding/hex"

	"github.com/petrelhq/petrel/core"
)

var triggerTypeAttributes = attributes{
	all:    []string{"id", "uid", "ref", "pack", "name", "description", "parameters_schema", "payload_schema", "tags", "metadata_file"},
	always: []string{"id", "ref"},
}

// writeTriggerType appends a trigger type as the API shows it.
func writeTriggerType(b []byte, t *core.TriggerType, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", t.ID)
	o.text("uid", "trigger_type:"+t.Pack+":"+t.Name)
	o.text("ref", t.Ref())
	o.text("pack", t.Pack)
	o.text("name", t.Name)
	o.some("description", t.Description)
	o.objectOr("parameters_schema", t.Parameters)
	o.objectOr("payload_schema", t.Payload)
	list(o, "tags", t.Tags)
	o.some("metadata_file", t.MetadataFile)
	return o.end()
}

// writeTrigger appends a trigger as the API shows it.
func writeTrigger(b []byte, t *core.Trigger, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.trigger(t)
	return o.end()
}

// trigger writes a trigger's members.
func (o *object) trigger(t *core.Trigger) {
	sum := md5.Sum(t.Parameters) // see the import
	o.text("id", t.ID)
	o.text("uid", "trigger:"+t.Pack+":"+t.Name+":"+hex.EncodeToString(sum[:]))
	o.text("ref", t.Ref())
	o.text("pack", t.Pack)
	o.text("name", t.Name)
	o.text("type", t.Type)
	o.raw("parameters", t.Parameters, "{}")
}

var instanceAttributes = attributes{
	all:    []string{"id", "trigger", "occurrence_time", "payload", "status", "reason"},
	always: []string{"id"},
}

// writeInstance appends a trigger instance as the API shows it.
func writeInstance(b []byte, i *core.TriggerInstance, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", i.ID)
	o.text("trigger", i.Trigger)
	o.at("occurrence_time", i.Occurred)
	o.raw("payload", i.Payload, "{}")
	o.text("status", string(i.Status))
	o.some("reason", i.Reason)
	return o.end()
}
