package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/petrelhq/petrel/sdk"
)

// Usage is how much of a file system is taken, in bytes. What only root may still write
// counts as taken, as df has it.
type Usage struct {
	Total     int64 `json:"total" doc:"Bytes"`
	Used      int64 `json:"used" doc:"Bytes"`
	Available int64 `json:"available" doc:"Bytes that everybody may still write"`
	Percent   int   `json:"percent" doc:"How full it is, rounded up"`
}

// Filesystem is a mounted file system.
type Filesystem struct {
	Mount  string `json:"mount" doc:"Where it is mounted"`
	Device string `json:"device"`
	Type   string `json:"type" doc:"Such as ext4"`
	Usage
}

// Which says which file systems to tell of.
type Which struct {
	Mounts []string `json:"mounts" doc:"Where they are mounted; none are all that lie on a device"`
}

// Disks is what disk returns.
type Disks struct {
	Filesystems []Filesystem `json:"filesystems"`
}

func (m machine) disk(_ context.Context, in Which) (Disks, error) {
	found, err := m.filesystems(in.Mounts)
	return Disks{Filesystems: found}, err
}

// filesystems are the ones mounted where mounts say, or all that lie on a device.
func (m machine) filesystems(mounts []string) ([]Filesystem, error) {
	text, err := os.ReadFile(filepath.Join(m.proc, "self", "mounts"))
	if err != nil {
		return nil, err
	}
	found := []Filesystem{}
	for line := range strings.Lines(string(text)) {
		f, ok := mounted(line)
		if !ok || !wanted(f, mounts) || slices.ContainsFunc(found, func(o Filesystem) bool { return o.Mount == f.Mount || len(mounts) == 0 && o.Device == f.Device }) {
			continue
		}
		if f.Usage, err = m.usage(f.Mount); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Mount, err)
		}
		found = append(found, f)
	}
	return found, allFound(found, mounts)
}

// mounted reads a line of /proc/self/mounts: device, place, type and more.
func mounted(line string) (Filesystem, bool) {
	words := strings.Fields(line)
	if len(words) < 3 {
		return Filesystem{}, false
	}
	return Filesystem{Device: plain(words[0]), Mount: plain(words[1]), Type: words[2]}, true
}

// plain takes back how the kernel writes blanks and the like: as \040.
func plain(word string) string {
	var out []byte
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+4 <= len(word) {
			if n, err := strconv.ParseUint(word[i+1:i+4], 8, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		out = append(out, word[i])
	}
	return string(out)
}

// wanted: what nobody asked for by name has to lie on a device, and one that can fill up;
// of a container, whose file system lies on none, it is the whole.
func wanted(f Filesystem, mounts []string) bool {
	if len(mounts) > 0 {
		return slices.Contains(mounts, f.Mount)
	}
	return f.Mount == "/" || strings.HasPrefix(f.Device, "/dev/") && !slices.Contains([]string{"squashfs", "iso9660"}, f.Type)
}

func allFound(found []Filesystem, mounts []string) error {
	for _, mount := range mounts {
		if !slices.ContainsFunc(found, func(f Filesystem) bool { return f.Mount == mount }) {
			return sdk.Errorf(sdk.NotFound, "nothing is mounted at %s", mount)
		}
	}
	return nil
}

// statfs asks the kernel.
func statfs(mount string) (Usage, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(mount, &s); err != nil {
		return Usage{}, err
	}
	block := s.Bsize
	return usageOf(int64(s.Blocks)*block, int64(s.Bfree)*block, int64(s.Bavail)*block), nil
}

func usageOf(total, free, available int64) Usage {
	u := Usage{Total: total, Used: total - free, Available: available}
	if reach := u.Used + u.Available; reach > 0 {
		u.Percent = int((u.Used*100 + reach - 1) / reach)
	}
	return u
}
