// Package render lays out API objects as text: tables, property tables, JSON, YAML and
// the attribute lists executions are shown as.
//
// It knows JSON values (nil, bool, json.Number, string, []any, map[string]any) and
// nothing of where they came from. The layouts are those of StackStorm's client, which
// scripts cut apart with grep and awk. st2: cli.md, Output modes.
package render
