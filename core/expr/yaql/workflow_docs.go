package yaql

import "github.com/petrelhq/petrel/core/expr"

// WorkflowDocs describe what workflows can call beside the language's own library: orquesta's functions
// and StackStorm's. The examples assume the variables x = 1 and the current task t1, which succeeded
// with the result {stdout => ok}, in a with-items over {host => web1}.
func WorkflowDocs() []expr.Doc {
	return []expr.Doc{
		{Name: "ctx", Signature: "ctx(key: any = null)", Summary: "The variables of the workflow, or one of them.", Example: "ctx().x + ctx(x)", Result: "2"},
		{Name: "item", Signature: "item(key: any = null)", Summary: "The current item of with-items, or a key of it.", Example: "item().host + item(host)", Result: "'web1web1'"},
		{Name: "task_status", Signature: "task_status(taskId: any, route: any = null)", Summary: "The status of a task, 'null' before it began.", Example: "task_status(t1)", Result: "succeeded"},
		{Name: "succeeded", Signature: "succeeded()", Summary: "Whether the current task succeeded.", Example: "succeeded()", Result: "true"},
		{Name: "failed", Signature: "failed()", Summary: "Whether the current task failed.", Example: "failed()", Result: "false"},
		{Name: "completed", Signature: "completed()", Summary: "Whether the current task has ended.", Example: "completed()", Result: "true"},
		{Name: "result", Signature: "result()", Summary: "The result of the current task.", Example: "result().stdout", Result: "ok"},
		{Name: "json", Signature: "json(s: any)", Summary: "The value that a JSON text holds.", Example: `json('{"a": [1, 2]}').a[1]`, Result: "2"},
		{Name: "zip", Signature: "zip(*args: any, pad: any = null)", Summary: "Rows of one item from each list, as many as the longest has.", Example: "zip([1, 2], [3])", Result: "[[1, 3], [2, null]]"},

		{Name: "from_json_string", Signature: "from_json_string(value: any)", Summary: "The value that a JSON text holds; also json_parse.", Example: "json_parse('[1, 2]')", Result: "[1, 2]"},
		{Name: "to_json_string", Signature: "to_json_string(value: any, indent: any = null, sortKeys: any = false, separators: any)", Summary: "The value as JSON text; also json_dump.", Example: "json_dump({b => 1, a => 2}, sortKeys => true)", Result: `'{"a": 2,"b": 1}'`},
		{Name: "from_yaml_string", Signature: "from_yaml_string(value: any)", Summary: "The value that a YAML text holds; also yaml_parse.", Example: "yaml_parse('{a: yes}')", Result: "{a => true}"},
		{Name: "to_yaml_string", Signature: "to_yaml_string(value: any, indent: any = null, allowUnicode: any = true)", Summary: "The value as YAML text; also yaml_dump.", Example: "yaml_dump({a => [1]})", Result: `"a:\n- 1\n"`},
		{Name: "json_escape", Signature: "json_escape(value: any)", Summary: "The text as it stands inside a JSON text.", Example: `json_escape("tab\t")`, Result: `'tab\\t'`},
		{Name: "jsonpath_query", Signature: "jsonpath_query(value: any, query: any)", Summary: "The list of what a JSONPath finds, null when it finds nothing.", Example: "jsonpath_query({a => [{b => 1}, {b => 2}]}, 'a[*].b')", Result: "[1, 2]"},
		{Name: "to_complex", Signature: "to_complex(value: any)", Summary: "The value as JSON text, for parameters of any type.", Example: "to_complex([1])", Result: "'[1]'"},
		{Name: "use_none", Signature: "use_none(value: any)", Summary: "The value, or for null a text that casts turn back into null.", Example: "use_none(1)", Result: "1"},
		{Name: "regex_match", Signature: "regex_match(value: any, pattern: any, ignorecase: any = false)", Summary: "Whether the pattern matches at the beginning of the text.", Example: "regex_match('abc', 'b')", Result: "false"},
		{Name: "regex_search", Signature: "regex_search(value: any, pattern: any, ignorecase: any = false)", Summary: "Whether the pattern is found in the text.", Example: "regex_search('abc', 'B', ignorecase => true)", Result: "true"},
		{Name: "regex_replace", Signature: "regex_replace(value: any, pattern: any, replacement: any, ignorecase: any = false)", Summary: "The text with matches replaced.", Example: "regex_replace('a1b2', '[0-9]', '#')", Result: "'a#b#'"},
		{Name: "regex_substring", Signature: "regex_substring(value: any, pattern: any, resultIndex: any = 0, ignorecase: any = false)", Summary: "One of the matches, the first unless told.", Example: "regex_substring('a 12 b 34', '[0-9]+', 1)", Result: "'34'"},
		{Name: "to_human_time_from_seconds", Signature: "to_human_time_from_seconds(seconds: any)", Summary: "Seconds as a length of time.", Example: "to_human_time_from_seconds(3605)", Result: "'1h0m5s'"},
		{Name: "basename", Signature: "basename(path: any)", Summary: "The last part of a path.", Example: "basename('/a/b.txt')", Result: "'b.txt'"},
		{Name: "dirname", Signature: "dirname(path: any)", Summary: "The path without its last part.", Example: "dirname('/a/b.txt')", Result: "'/a'"},
		{Name: "version_compare", Signature: "version_compare(value: any, pattern: any)", Summary: "-1, 0 or 1: whether a version is before, equal to or after another.", Example: "version_compare('1.9.0', '1.10.0')", Result: "-1"},
		{Name: "version_more_than", Signature: "version_more_than(value: any, pattern: any)", Summary: "Whether a version is after another.", Example: "version_more_than('1.10.0', '1.9.0')", Result: "true"},
		{Name: "version_less_than", Signature: "version_less_than(value: any, pattern: any)", Summary: "Whether a version is before another.", Example: "version_less_than('1.0.0-rc1', '1.0.0')", Result: "true"},
		{Name: "version_equal", Signature: "version_equal(value: any, pattern: any)", Summary: "Whether two versions have the same place.", Example: "version_equal('1.0.0', '1.0.0+build1')", Result: "true"},
		{Name: "version_match", Signature: "version_match(value: any, pattern: any)", Summary: "Whether a version meets a condition such as >=1.0.0.", Example: "version_match('1.2.3', '>=1.0.0')", Result: "true"},
		{Name: "version_bump_major", Signature: "version_bump_major(value: any)", Summary: "The next major version.", Example: "version_bump_major('1.2.3')", Result: "'2.0.0'"},
		{Name: "version_bump_minor", Signature: "version_bump_minor(value: any)", Summary: "The next minor version.", Example: "version_bump_minor('1.2.3')", Result: "'1.3.0'"},
		{Name: "version_bump_patch", Signature: "version_bump_patch(value: any)", Summary: "The next patch version.", Example: "version_bump_patch('1.2.3')", Result: "'1.2.4'"},
		{Name: "version_strip_patch", Signature: "version_strip_patch(value: any)", Summary: "The version without its patch part.", Example: "version_strip_patch('1.2.3')", Result: "'1.2'"},
	}
}
