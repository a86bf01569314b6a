package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/sdktest"
)

const mounts = `/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/sdb1 /srv/my\040data xfs rw 0 0
/dev/sda1 /mnt/again ext4 rw 0 0
/dev/loop0 /snap/core squashfs ro 0 0
`

// made is a machine that the test makes up: how full its file systems are, in percent.
func made(t *testing.T, percent map[string]int) machine {
	t.Helper()
	proc := t.TempDir()
	for name, text := range map[string]string{
		"self/mounts": mounts,
		"meminfo":     "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     249 kB\nSwapTotal:        500 kB\nSwapFree:         400 kB\nHugePages_Total:       0\n",
		"1/stat":      stat(1, "init", 0, 100, 50, 10),
		"20/stat":     stat(20, "a ) (b", 1, 1, 1, 1000),
		"300/stat":    stat(300, "busy", 1, 4000, 100, 20),
		"uptime":      "1 1\n",
	} {
		at := filepath.Join(proc, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return machine{proc: proc, usage: func(mount string) (Usage, error) {
		used, ok := percent[mount]
		if !ok {
			return Usage{}, fmt.Errorf("unexpected look at %s", mount)
		}
		return usageOf(1000, int64(1000-10*used), int64(1000-10*used)), nil
	}}
}

// stat is a line of /proc/PID/stat.
func stat(pid int, name string, parent, user, system, pages int) string {
	fields := make([]string, 50)
	for i := range fields {
		fields[i] = "0"
	}
	fields[0], fields[1], fields[11], fields[12], fields[21] = "S", strconv.Itoa(parent), strconv.Itoa(user), strconv.Itoa(system), strconv.Itoa(pages)
	return fmt.Sprintf("%d (%s) %s\n", pid, name, strings.Join(fields, " "))
}

func TestDisk(t *testing.T) {
	w := sdktest.Run(t, newPack(made(t, map[string]int{"/": 50, "/srv/my data": 91, "/run": 1})))
	for _, c := range []struct{ ask, want string }{
		{`{}`, "/ ext4 50, /srv/my data xfs 91"},
		{`{"mounts": ["/run"]}`, "/run tmpfs 1"},
	} {
		var got Disks
		w.Action("disk", json.RawMessage(c.ask)).Decode(&got)
		var shown []string
		for _, f := range got.Filesystems {
			shown = append(shown, fmt.Sprintf("%s %s %d", f.Mount, f.Type, f.Percent))
		}
		if s := strings.Join(shown, ", "); s != c.want {
			t.Errorf("%s: got %s, want %s", c.ask, s, c.want)
		}
	}
	w.Action("disk", Which{Mounts: []string{"/nowhere"}}).Fails(sdk.NotFound, "nothing is mounted at /nowhere")
}

func TestMemory(t *testing.T) {
	var got Memory
	sdktest.Run(t, newPack(made(t, nil))).Action("memory", nil).Decode(&got)
	want := Memory{Total: 1000 << 10, Available: 249 << 10, Percent: 76, SwapTotal: 500 << 10, SwapFree: 400 << 10}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestProcesses(t *testing.T) {
	w := sdktest.Run(t, newPack(made(t, nil)))
	for by, want := range map[string]string{"memory": "a ) (b 20 0.02, busy 300 41", "cpu": "busy 300 41, init 1 1.5"} {
		var got Processes
		w.Action("processes", Top{By: by, Count: 2}).Decode(&got)
		var shown []string
		for _, p := range got.Processes {
			shown = append(shown, fmt.Sprintf("%s %d %v", p.Name, p.PID, p.CPUSeconds))
		}
		if s := strings.Join(shown, ", "); s != want || got.Count != 3 {
			t.Errorf("by %s: got %s of %d, want %s", by, s, got.Count, want)
		}
	}
	w.Action("processes", map[string]any{"count": 0}).Fails(sdk.Invalid, "count")
	w.Action("processes", map[string]any{"by": "name"}).Fails(sdk.Invalid, "by")
}

// TestSensor: a file system is told of once when it is too full, and once when it has room.
func TestSensor(t *testing.T) {
	full := map[string]int{"/": 10, "/srv/my data": 89}
	w := sdktest.Run(t, newPack(made(t, full)), sdktest.Config(map[string]any{"percent": 90, "margin": 5}))
	for i, step := range []struct {
		percent int
		want    string
	}{
		{89, ""}, {90, "disk_filling 90 of 90"}, {95, ""}, {86, ""}, {85, "disk_relieved 85 of 85"}, {89, ""}, {99, "disk_filling 99 of 90"},
	} {
		full["/srv/my data"] = step.percent
		turn := w.Poll("disks")
		if turn.Err != nil {
			t.Fatal(turn.Err)
		}
		var raised []string
		for _, e := range turn.Events {
			var d DiskEvent
			if err := json.Unmarshal(e.Payload, &d); err != nil || d.Mount != "/srv/my data" || d.Device != "/dev/sdb1" {
				t.Fatalf("%v %+v", err, d)
			}
			raised = append(raised, fmt.Sprintf("%s %d of %d", e.Trigger, d.Percent, d.Threshold))
		}
		if got := strings.Join(raised, ", "); got != step.want {
			t.Errorf("look %d at %d percent raised %q, want %q", i, step.percent, got, step.want)
		}
	}
}

// TestThisMachine asks the real one.
func TestThisMachine(t *testing.T) {
	w := sdktest.Run(t, pack)
	var disks Disks
	w.Action("disk", Which{Mounts: []string{"/"}}).Decode(&disks)
	if f := disks.Filesystems[0]; f.Total <= 0 || f.Used > f.Total || f.Percent < 0 || f.Percent > 100 {
		t.Errorf("got %+v", f)
	}
	var memory Memory
	if w.Action("memory", nil).Decode(&memory); memory.Total < 1<<20 || memory.Available > memory.Total {
		t.Errorf("got %+v", memory)
	}
	var top Processes
	if w.Action("processes", Top{By: "memory", Count: 5}).Decode(&top); top.Count < 1 || len(top.Processes) == 0 || top.Processes[0].Memory <= 0 {
		t.Errorf("got %+v", top)
	}
	if turn := w.Poll("disks"); turn.Err != nil {
		t.Error(turn.Err)
	}
}
