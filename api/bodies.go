package api

import (
	"encoding/json"
	"fmt"

	"github.com/petrelhq/petrel/core/schema"
)

// bodySchemas check what may be sent, except what packs are made of: package pack does that. st2: rest-api reference, resource shapes.
type bodySchemas struct {
	token, validate, apiKey, actionDelete, actionClone, runner, sensor,
	execution, executionUpdate, reRun, trigger, backup, key, inquiry, packStage, packInstall, packSearch *schema.Object
}

const (
	tokenBody = `{"type":"object","properties":{
		"ttl":{"type":["integer","null"],"minimum":1},
		"user":{"type":["string","null"]},
		"metadata":{"type":["object","null"]}},"additionalProperties":false}`

	validateBody = `{"type":"object","properties":{"token":{"type":["string","null"]}},"additionalProperties":false}`

	apiKeyBody = `{"type":"object","properties":{
		"id":{"type":["string","null"]},"uid":{"type":["string","null"]},
		"user":{"type":["string","null"]},"key_hash":{"type":["string","null"]},
		"metadata":{"type":["object","null"]},"created_at":{"type":["string","null"]},
		"enabled":{"type":"boolean"}},"additionalProperties":false}`

	actionDeleteBody = `{"type":"object","properties":{"remove_files":{"type":"boolean"}},"additionalProperties":false}`

	actionCloneBody = `{"type":"object","properties":{
		"dest_pack":{"type":"string","required":true,"minLength":1},
		"dest_action":{"type":"string","required":true,"minLength":1},
		"overwrite":{"type":"boolean"}},"additionalProperties":false}`

	runnerBody = `{"type":"object","properties":{"enabled":{"type":"boolean"}}}`

	sensorBody = `{"type":"object","properties":{"enabled":{"type":"boolean"},"trigger_types":{"type":["array","null"]}}}`

	// What a client read from an execution may be sent back, and is ignored.
	executionBody = `{"type":"object","properties":{
		"action":{"type":"string","required":true},"parameters":{"type":["object","null"]},
		"user":{"type":["string","null"]},"context":{"type":["object","null"]},
		"delay":{"type":["integer","null"],"minimum":0},"notify":{"type":["object","null"]},
		"callback":{"type":["object","null"]},
		"id":{},"status":{},"start_timestamp":{},"end_timestamp":{},"result":{},"runner_info":{},
		"action_is_workflow":{},"workflow_execution":{},"task_execution":{}},"additionalProperties":false}`

	executionUpdateBody = `{"type":"object","properties":{
		"status":{"type":"string","enum":["requested","scheduled","delayed","running","succeeded","failed","timeout","abandoned","canceling","canceled","pending","pausing","paused","resuming"],"required":true},
		"result":{}},"additionalProperties":false}`

	reRunBody = `{"type":"object","properties":{
		"parameters":{"type":["object","null"]},"tasks":{"type":["array","null"]},"reset":{"type":["array","null"]},
		"user":{"type":["string","null"]},"delay":{"type":["integer","null"],"minimum":0},
		"context":{"type":["object","null"]}},"additionalProperties":false}`

	triggerBody = `{"type":"object","properties":{
		"id":{"type":["string","null"]},"uid":{"type":["string","null"]},"ref":{"type":["string","null"]},
		"name":{"type":["string","null"]},"pack":{"type":"string"},
		"type":{"type":"string","required":true},"parameters":{"type":["object","null"]},
		"description":{"type":["string","null"]}},"additionalProperties":false}`

	// What a client read of a key may be sent back, and is ignored.
	keyBody = `{"type":"object","properties":{
		"name":{"type":"string","required":true},"value":{"type":"string","required":true},
		"description":{"type":["string","null"]},"secret":{"type":["boolean","null"]},"encrypted":{"type":["boolean","null"]},
		"scope":{"type":["string","null"]},"user":{"type":["string","null"]},"ttl":{"type":["integer","null"],"minimum":0}}}`

	// What a client read of an inquiry may be sent back, and is ignored.
	inquiryBody = `{"type":"object","properties":{
		"id":{"type":["string","null"]},"response":{"type":"object","required":true}}}`

	packStageBody = `{"type":"object","properties":{
		"digest":{"type":"string"},"source":{"type":"string"},"sha256":{"type":["string","null"]}},"additionalProperties":false}`

	packInstallBody = `{"type":"object","properties":{
		"accept":{"anyOf":[{"type":"boolean"},{"type":"array","items":{"type":"string"}}]},
		"force":{"type":["boolean","null"]}},"additionalProperties":false}`

	packSearchBody = `{"type":"object","properties":{"query":{"type":["string","null"]},"pack":{"type":["string","null"]}},"additionalProperties":false}`

	backupBody = `{"type":"object","properties":{"directory":{"type":"string","required":true}},"additionalProperties":false}`
)

func compileBodies() (bodySchemas, error) {
	var b bodySchemas
	for text, into := range map[string]**schema.Object{
		tokenBody: &b.token, validateBody: &b.validate, apiKeyBody: &b.apiKey,
		actionDeleteBody: &b.actionDelete, actionCloneBody: &b.actionClone,
		runnerBody: &b.runner, sensorBody: &b.sensor, executionBody: &b.execution, executionUpdateBody: &b.executionUpdate,
		reRunBody: &b.reRun, triggerBody: &b.trigger, backupBody: &b.backup, keyBody: &b.key, inquiryBody: &b.inquiry,
		packStageBody: &b.packStage, packInstallBody: &b.packInstall, packSearchBody: &b.packSearch,
	} {
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return b, fmt.Errorf("body schema %.60s: %w", text, err)
		}
		o, err := schema.CompileObject(m)
		if err != nil {
			return b, fmt.Errorf("body schema %.60s: %w", text, err)
		}
		*into = o
	}
	return b, nil
}
