package workflow

import (
	"regexp"

	"github.com/petrelhq/petrel/core/expr"
)

// itemsPattern is how orquesta writes the form of "with"; itemsForm is the same in Go's regular expressions.
const itemsPattern = `^(\s+)?({{.*?}}|<%.*?%>)(\s+)?$|^(\s+)?((\w+,\s?|\s+)+)?(\w+)\s+in\s+({{.*?}}|<%.*?%>)(\s+)?$`

var itemsForm = regexp.MustCompile(`^\s*(\{\{.*?\}\}|<%.*?%>)\s*$|^\s*(?:[\p{L}\p{N}_]+,\s?|\s+)*[\p{L}\p{N}_]+\s+in\s+(\{\{.*?\}\}|<%.*?%>)\s*$`)

// The forms that parts of workflows share. st2: orquesta, spec types.
var (
	someText     = &schema{types: []string{"string"}, nonEmpty: true}
	wholeNumber  = &schema{types: []string{"integer"}, minimum: true}
	textOrNumber = &schema{oneOf: []*schema{someText, wholeNumber}}
	textList     = &schema{types: []string{"array"}, items: someText, unique: true, nonEmpty: true}
	someObject   = &schema{types: []string{"object"}, nonEmpty: true}
	oneVariable  = &schema{types: []string{"object"}, nonEmpty: true, singleName: true}
	variables    = &schema{types: []string{"array"}, items: oneVariable, unique: true, nonEmpty: true}
	inputs       = &schema{types: []string{"array"}, items: &schema{oneOf: []*schema{someText, oneVariable}}, unique: true, nonEmpty: true}
)

var transitionSchema = &schema{types: []string{"object"}, closed: true, fields: []property{
	{"when", someText},
	{"publish", &schema{oneOf: []*schema{someText, variables}}},
	{"do", &schema{oneOf: []*schema{someText, textList}}},
}}

var itemsSchema = &schema{types: []string{"object"}, closed: true, fields: []property{
	{"items", &schema{types: []string{"string"}, nonEmpty: true, pattern: itemsForm}},
	{"concurrency", textOrNumber},
}}

var retrySchema = &schema{types: []string{"object"}, closed: true, required: []string{"count"}, fields: []property{
	{"when", someText},
	{"count", textOrNumber},
	{"delay", textOrNumber},
}}

var taskSchema = &schema{types: []string{"object"}, closed: true, fields: []property{
	{"delay", textOrNumber},
	{"join", &schema{oneOf: []*schema{{enum: []expr.Value{"all"}}, wholeNumber}}},
	{"with", itemsSchema},
	{"action", someText},
	{"input", &schema{oneOf: []*schema{someText, someObject}}},
	{"retry", retrySchema},
	{"next", &schema{types: []string{"array"}, items: transitionSchema}},
}}

var workflowSchema = &schema{types: []string{"object"}, closed: true, required: []string{"tasks"}, fields: []property{
	{"name", someText},
	{"version", &schema{anyOf: []*schema{someText, {types: []string{"number"}, minimum: true}}, enum: []expr.Value{"1.0", 1.0}}},
	{"description", someText},
	{"tags", textList},
	{"vars", variables},
	{"input", inputs},
	{"output", variables},
	{"tasks", &schema{types: []string{"object"}, nonEmpty: true, anyName: taskSchema}},
}}
