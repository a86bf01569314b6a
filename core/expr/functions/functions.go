// Package functions holds the functions that Jinja and YAQL share: those of workflows
// (ctx, item, task_status …) and StackStorm's own (json, yaml, regex, version, time, path).
// Each is a plain function on values with Python's parameters, so both languages bind it alike.
package functions

import "github.com/petrelhq/petrel/core/expr"

// Function is one shared function. Fn gets one value for each parameter.
type Function struct {
	Params []expr.Param
	Fn     func(b *expr.Budget, a []expr.Value) (expr.Value, error)
}

// Call binds the arguments of a call and runs the function.
func (f Function) Call(name string, c *expr.Call) (expr.Value, error) {
	a, err := c.Bind(name, f.Params...)
	if err != nil {
		return nil, err
	}
	return f.Fn(c.Budget, a)
}

// Decrypt turns a stored ciphertext into text.
type Decrypt func(b *expr.Budget, ciphertext string) (string, error)

// StackStorm are the functions that StackStorm adds to expressions, by the names it gives them in
// Jinja filters and in workflows. decrypt may be nil: then decrypt_kv is refused.
func StackStorm(decrypt Decrypt) map[string]Function {
	value := expr.Req("value")
	pattern, ignoreCase := expr.Req("pattern"), expr.Opt("ignorecase", false)
	toJSON := Function{[]expr.Param{value, expr.Opt("indent", nil), expr.Opt("sort_keys", false), expr.Opt("separators", expr.Tuple{",", ": "})}, toJSONString}
	toYAML := Function{[]expr.Param{value, expr.Opt("indent", nil), expr.Opt("allow_unicode", true)}, toYAMLString}
	fromJSON := Function{[]expr.Param{value}, fromJSONString}
	fromYAML := Function{[]expr.Param{value}, fromYAMLString}
	regexes := patterns()
	m := map[string]Function{
		"decrypt_kv":       {[]expr.Param{value}, decryptKV(decrypt)},
		"from_json_string": fromJSON, "json_parse": fromJSON,
		"from_yaml_string": fromYAML, "yaml_parse": fromYAML,
		"to_json_string": toJSON, "json_dump": toJSON,
		"to_yaml_string": toYAML, "yaml_dump": toYAML,
		"json_escape":    {[]expr.Param{value}, jsonEscape},
		"jsonpath_query": {[]expr.Param{value, expr.Req("query")}, jsonpathQuery},
		"to_complex":     {[]expr.Param{value}, toComplex},
		"use_none":       {[]expr.Param{value}, useNone},

		"regex_match":     {[]expr.Param{value, pattern, ignoreCase}, regexes.match},
		"regex_search":    {[]expr.Param{value, pattern, ignoreCase}, regexes.search},
		"regex_replace":   {[]expr.Param{value, pattern, expr.Req("replacement"), ignoreCase}, regexes.replace},
		"regex_substring": {[]expr.Param{value, pattern, expr.Opt("result_index", int64(0)), ignoreCase}, regexes.substring},

		"to_human_time_from_seconds": {[]expr.Param{expr.Req("seconds")}, humanTime},
		"basename":                   {[]expr.Param{expr.Req("path")}, pathPart(baseName)},
		"dirname":                    {[]expr.Param{expr.Req("path")}, pathPart(dirName)},
	}
	for name, f := range versionFunctions() {
		m[name] = f
	}
	return m
}

// text is str(v): what most of the functions begin with.
func text(b *expr.Budget, v expr.Value) (string, error) {
	s, err := expr.Str(b, v)
	if err == nil {
		err = b.Grow(int64(len(s)))
	}
	return s, err
}

// str is a str argument, or Python's TypeError.
func str(v expr.Value) (string, error) {
	if s, ok := expr.Text(v); ok {
		return s, nil
	}
	if u, ok := v.(*expr.Undefined); ok {
		return "", u.Err()
	}
	return "", expr.Errorf("TypeError", "expected string or bytes-like object, got '%s'", expr.TypeName(v))
}

// decryptKV decrypts text or a datastore lookup.
// st2: triggers-rules.md 7, decrypt_kv.
func decryptKV(decrypt Decrypt) func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	return func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
		if decrypt == nil {
			return nil, expr.Errorf("ValueError", "decrypt_kv has no key here")
		}
		s, err := text(b, a[0])
		if err != nil {
			return nil, err
		}
		if l, ok := a[0].(*expr.Lookup); ok && s == "" {
			return nil, expr.Errorf("ValueError", "Referenced datastore item \"%s\" doesn't exist or it contains an empty string", l.Key())
		}
		plain, err := decrypt(b, s)
		return plain, err
	}
}

// NoneText is what use_none turns None into; casts turn it back.
const NoneText = "%*****__%NONE%__*****%"

func useNone(_ *expr.Budget, a []expr.Value) (expr.Value, error) {
	if a[0] == nil {
		return NoneText, nil
	}
	return a[0], nil
}

func pathPart(part func(string) string) func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	return func(b *expr.Budget, a []expr.Value) (expr.Value, error) {
		s, err := str(a[0])
		return part(s), err
	}
}
