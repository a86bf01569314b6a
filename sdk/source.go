//go:build !wasip1

package sdk

import "embed"

// Source is the source of this module, as far as packs need it: what `petrel pack new`
// lays beside a pack so that it builds without a network. It is dropped from programs
// that do not mention it.
//
//go:embed go.mod *.go internal/*/*.go sdktest/*.go web/*.go wire/*.go wire/*/*.go
var Source embed.FS
