// Package packs embeds the packs that ship with the binary; each subfolder is an ordinary
// pack, and nothing in it is known to the server otherwise.
//
// The Python actions of these packs, and the script of core.sendmail, are a part of the
// server: package builtin has them in Go, and their entry points name no file.
package packs

import "embed"

// Shipped holds one folder per pack.
//
//go:embed all:core all:default all:linux all:st2
var Shipped embed.FS
