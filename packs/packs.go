// Package packs embeds the packs that ship with the binary; each subfolder is an ordinary
// pack, and nothing in it is known to the server otherwise.
package packs

import "embed"

// Shipped holds one folder per pack.
//
//go:embed all:core all:default
var Shipped embed.FS
