// Package pack reads a pack from an fs.FS, then registers, configures and removes it.
//
// Reading is pure: [Read] takes a whole folder and reports everything wrong with it at
// once, each fault with its place; [ParseAction], [ParseRule] and [ParseTriggerType]
// take single documents, YAML from a file or JSON from a request.
package pack
