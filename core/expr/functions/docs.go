package functions

import (
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// StackStormDocs describe the functions of StackStorm. Examples are Jinja, with what goes in on the
// left, and Result is the value as JSON. As functions they take it as first argument: basename('/a/b').
func StackStormDocs() []expr.Doc {
	docs := append(append(dataDocs(), textDocs()...), versionDocs()...)
	registered := StackStorm(nil)
	for i, d := range docs {
		docs[i].Signature = d.Name + filterParams(registered[d.Name].Params)
	}
	return docs
}

// filterParams writes what a filter takes beside its input, which is the first parameter.
func filterParams(params []expr.Param) string {
	if len(params) < 2 {
		return ""
	}
	var parts []string
	for _, p := range params[1:] {
		part := p.Name
		if def, err := expr.Repr(nil, p.Default); err == nil && p.Optional {
			part += "=" + def
		}
		parts = append(parts, part)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func dataDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "decrypt_kv", Summary: "The text of an encrypted datastore value.", Example: `st2kv.system.token | decrypt_kv`, Result: `"s3cret"`},
		{Name: "from_json_string", Summary: "The value that a JSON text holds.", Example: `'{"a": [1, 2]}' | from_json_string`, Result: `{"a": [1, 2]}`},
		{Name: "json_parse", Summary: "Another name of from_json_string.", Example: `'[1, null]' | json_parse`, Result: `[1, null]`},
		{Name: "from_yaml_string", Summary: "The value that a YAML text holds.", Example: `'a: [1, yes]' | from_yaml_string`, Result: `{"a": [1, true]}`},
		{Name: "yaml_parse", Summary: "Another name of from_yaml_string.", Example: `'- 1' | yaml_parse`, Result: `[1]`},
		{Name: "to_json_string", Summary: "The value as JSON text.", Example: `{'b': 1, 'a': 2} | to_json_string(sort_keys=true)`, Result: `"{\"a\": 2,\"b\": 1}"`},
		{Name: "json_dump", Summary: "Another name of to_json_string.", Example: `[1, none] | json_dump`, Result: `"[1,null]"`},
		{Name: "to_yaml_string", Summary: "The value as YAML text, one item a line.", Example: `{'a': [1]} | to_yaml_string`, Result: `"a:\n- 1\n"`},
		{Name: "yaml_dump", Summary: "Another name of to_yaml_string.", Example: `[1, 2] | yaml_dump`, Result: `"- 1\n- 2\n"`},
		{Name: "json_escape", Summary: "The text as it stands between the quotes of a JSON text.", Example: `'say "hi" now' | json_escape`, Result: `"say \\\"hi\\\" now"`},
		{Name: "jsonpath_query", Summary: "A list of all that a JSONPath finds; null when it finds nothing.", Example: `{'vms': [{'id': 1}, {'id': 2}]} | jsonpath_query('vms[*].id')`, Result: `[1, 2]`},
		{Name: "to_complex", Summary: "The value as JSON text, to keep its type in a parameter.", Example: `{'a': 1} | to_complex`, Result: `"{\"a\": 1}"`},
		{Name: "use_none", Summary: "The value; null becomes a mark that parameters turn back into null.", Example: `1 | use_none`, Result: `1`},
	}
}

func textDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "regex_match", Summary: "Whether the text begins with the pattern.", Example: `'web1' | regex_match('[0-9]')`, Result: `false`},
		{Name: "regex_search", Summary: "Whether the text has the pattern anywhere.", Example: `'WEB1' | regex_search('b[0-9]', true)`, Result: `true`},
		{Name: "regex_replace", Summary: "The text with every match replaced; \\1 stands for the first group.", Example: `'web1 web2' | regex_replace('web([0-9])', 'db\\1')`, Result: `"db1 db2"`},
		{Name: "regex_substring", Summary: "The first match, or the one at that position.", Example: `'a 12 b 34' | regex_substring('[0-9]+', 1)`, Result: `"34"`},
		{Name: "to_human_time_from_seconds", Summary: "A number of seconds as hours, minutes and so on.", Example: `3605 | to_human_time_from_seconds`, Result: `"1h0m5s"`},
		{Name: "basename", Summary: "The last part of a path.", Example: `'/var/log/syslog' | basename`, Result: `"syslog"`},
		{Name: "dirname", Summary: "A path without its last part.", Example: `'/var/log/syslog' | dirname`, Result: `"/var/log"`},
	}
}

func versionDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "version_compare", Summary: "-1, 0 or 1: before, equal to or after the other version.", Example: `'1.9.0' | version_compare('1.10.0')`, Result: `-1`},
		{Name: "version_more_than", Summary: "Whether it is after the other version.", Example: `'1.10.0' | version_more_than('1.9.0')`, Result: `true`},
		{Name: "version_less_than", Summary: "Whether it is before the other version.", Example: `'1.0.0-rc1' | version_less_than('1.0.0')`, Result: `true`},
		{Name: "version_equal", Summary: "Whether the versions rank the same; what follows a + does not count.", Example: `'1.0.0' | version_equal('1.0.0+build7')`, Result: `true`},
		{Name: "version_match", Summary: "Whether the version meets one condition: >, >=, <, <=, == or != and a version.", Example: `'1.2.3' | version_match('>=1.0.0')`, Result: `true`},
		{Name: "version_bump_major", Summary: "The next major version.", Example: `'1.2.3' | version_bump_major`, Result: `"2.0.0"`},
		{Name: "version_bump_minor", Summary: "The next minor version.", Example: `'1.2.3' | version_bump_minor`, Result: `"1.3.0"`},
		{Name: "version_bump_patch", Summary: "The next patch version.", Example: `'1.2.3' | version_bump_patch`, Result: `"1.2.4"`},
		{Name: "version_strip_patch", Summary: "The major and minor part.", Example: `'1.2.3' | version_strip_patch`, Result: `"1.2"`},
	}
}
