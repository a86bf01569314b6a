package redis

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"strings"
)

// The scripts, and the parts they share.
var (
	//go:embed lua/names.lua
	namesLua string
	//go:embed lua/documents.lua
	documentsLua string
	//go:embed lua/queues.lua
	queuesLua string
	//go:embed lua/leases.lua
	leasesLua string

	//go:embed lua/apply.lua
	applyLua string
	//go:embed lua/get.lua
	getLua string
	//go:embed lua/scan.lua
	scanLua string
	//go:embed lua/logs.lua
	logsLua string
	//go:embed lua/pull.lua
	pullLua string
	//go:embed lua/unpull.lua
	unpullLua string
	//go:embed lua/connect.lua
	connectLua string
	//go:embed lua/beat.lua
	beatLua string
	//go:embed lua/leave.lua
	leaveLua string

	apply   = newScript(namesLua, documentsLua, queuesLua, applyLua)
	get     = newScript(namesLua, documentsLua, getLua)
	scan    = newScript(namesLua, documentsLua, scanLua)
	logs    = newScript(namesLua, logsLua)
	pull    = newScript(namesLua, queuesLua, leasesLua, pullLua)
	unpull  = newScript(namesLua, queuesLua, unpullLua)
	connect = newScript(namesLua, connectLua)
	beat    = newScript(namesLua, queuesLua, leasesLua, beatLua)
	leave   = newScript(namesLua, queuesLua, leasesLua, leaveLua)
)

// A script is Lua as Redis runs it, and the name Redis knows it by.
type script struct{ source, sha string }

func newScript(parts ...string) script {
	source := strings.Join(parts, "\n")
	sum := sha1.Sum([]byte(source))
	return script{source, hex.EncodeToString(sum[:])}
}
