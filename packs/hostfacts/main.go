// Package main is the pack hostfacts: it tells how full the disks and the memory of the
// machine are that the server runs on, and when a disk fills up.
package main

import (
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// between is the time from one look at the disks to the next.
const between = 30 * time.Second

var pack = newPack(machine{proc: "/proc", usage: statfs})

func main() { sdk.Main(pack) }

// newPack declares the pack of a machine.
func newPack(m machine) *sdk.Pack {
	p := sdk.NewPack("hostfacts")
	s := &disks{
		machine:  m,
		settings: sdk.Config[Settings](p),
		filling:  sdk.Trigger[DiskEvent](p, "disk_filling", "A file system is fuller than it should be."),
		relieved: sdk.Trigger[DiskEvent](p, "disk_relieved", "A file system that was too full has room again."),
	}
	sdk.Action(p, "disk", "Tells how full the file systems are.", m.disk, sdk.Idempotent())
	sdk.Action(p, "memory", "Tells how much memory there is and how much is left.", m.memory, sdk.Idempotent())
	sdk.Action(p, "processes", "Lists the processes that use the most memory or processor time.", m.processes, sdk.Idempotent())
	sdk.Poll(p, "disks", "Looks at how full the file systems are.", between, sdk.Raises(s.filling, s.relieved), s.look)
	return p
}

// machine is where the facts come from.
type machine struct {
	proc  string // the folder where Linux tells of itself
	usage func(mount string) (Usage, error)
}

// Settings are the pack's configuration.
type Settings struct {
	Percent int      `json:"percent" doc:"How full a file system may be before disk_filling is raised" default:"90"`
	Margin  int      `json:"margin" doc:"How far below that it has to fall, in percent, before disk_relieved is raised" default:"5"`
	Mounts  []string `json:"mounts" doc:"File systems to watch, by where they are mounted; none are all"`
}

// DiskEvent is what rules see of a file system that fills up or has room again.
type DiskEvent struct {
	Filesystem
	Threshold int `json:"threshold" doc:"The percentage that was crossed"`
}
