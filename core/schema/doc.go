// Package schema checks, defaults, casts and masks parameters.
//
// The language is JSON Schema draft 4 with StackStorm's additions: "required" is a
// boolean beside each property, and "secret", "immutable" and "position" say how a
// parameter is shown, who may set it and where it goes on a command line.
//
// Values are decoded JSON: nil, bool, string, []any, map[string]any, and numbers as
// json.Number, float64 or a Go integer. Decode with UseNumber where 5 and 5.0, or
// integers beyond 2^53, need to be told apart. Nothing here changes the values it is
// given. Errors are core.Invalid, name the field, and are worded as Python's jsonschema
// words them, because StackStorm's users and tools know those sentences.
package schema
