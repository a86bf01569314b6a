package api

import "github.com/petrelhq/petrel/core"

var actionAttributes = attributes{
	all: []string{"id", "uid", "ref", "pack", "name", "description", "enabled", "entry_point", "runner_type",
		"parameters", "output_schema", "notify", "tags", "metadata_file", "idempotent"},
	excludable: []string{"parameters", "notify"},
	always:     []string{"id", "ref"},
}

// writeAction appends an action as the API shows it.
func writeAction(b []byte, a *core.Action, p *picked) ([]byte, error) {
	return writeActionWith(b, a, a.Parameters, p)
}

// writeActionWith shows other parameters than the action's own.
func writeActionWith(b []byte, a *core.Action, params core.Parameters, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", a.ID)
	o.text("uid", "action:"+a.Pack+":"+a.Name)
	o.text("ref", a.Ref())
	o.text("pack", a.Pack)
	o.text("name", a.Name)
	o.some("description", a.Description)
	o.flag("enabled", a.Enabled)
	o.text("entry_point", a.EntryPoint)
	o.text("runner_type", a.Runner)
	o.value("parameters", params)
	o.objectOr("output_schema", a.OutputSchema)
	o.raw("notify", a.Notify, "{}")
	list(o, "tags", a.Tags)
	o.some("metadata_file", a.MetadataFile)
	if a.Idempotent {
		o.flag("idempotent", true)
	}
	return o.end()
}

var runnerAttributes = attributes{
	all: []string{"id", "uid", "name", "description", "enabled", "runner_package", "runner_module",
		"runner_parameters", "output_key", "output_schema", "query_module"},
	always: []string{"id"},
}

// writeRunner appends a runner type as the API shows it.
func writeRunner(b []byte, r *core.RunnerType, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", r.ID)
	o.text("uid", "runner_type:"+r.Name)
	o.text("name", r.Name)
	o.some("description", r.Description)
	o.flag("enabled", r.Enabled)
	o.text("runner_package", r.Package)
	o.text("runner_module", r.Module)
	o.value("runner_parameters", r.Parameters)
	o.some("output_key", r.OutputKey)
	o.objectOr("output_schema", r.OutputSchema)
	return o.end()
}
