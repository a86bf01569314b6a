package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
	"github.com/petrelhq/petrel/core/store"
)

// examined runs the doctor on a configuration that is sound but for what change does, and
// returns what it prints; an error says that it found a fault.
func examined(t *testing.T, change func(*Config)) (string, error) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen = filepath.Join(t.TempDir(), "data"), freeAddr(t)
	if err := os.Mkdir(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	change(&cfg)
	return examinedAt(t, cfg, time.Now)
}

func examinedAt(t *testing.T, cfg Config, now func() time.Time) (string, error) {
	d := &doctor{cfg: cfg, now: now}
	d.examine(t.Context())
	var out bytes.Buffer
	err := d.tell(&out)
	return out.String(), err
}

// TestDoctorFindsAClockThatIsOff has this machine's clock ten seconds before Redis's.
func TestDoctorFindsAClockThatIsOff(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen, cfg.Store = t.TempDir(), freeAddr(t), redistest.Start(t).URL()
	if err := os.Chmod(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := examinedAt(t, cfg, func() time.Time { return time.Now().Add(10 * time.Second) })
	line, fix := faultIn(out)
	if err == nil || !strings.Contains(line, "this machine's clock is 10s off Redis's") || !strings.Contains(fix, "time servers") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorFindsNothingWrong(t *testing.T) {
	for name, url := range map[string]string{"own": "", "shared": redistest.Start(t).URL()} {
		if out, err := examined(t, func(c *Config) { c.Store = url }); err != nil {
			t.Errorf("%s store: %v\n%s", name, err, out)
		}
	}
}

// TestDoctorFinds makes each of seven faults on purpose; the eighth is the clock.
func TestDoctorFinds(t *testing.T) {
	for _, f := range []struct {
		fault string
		make  func(t *testing.T, c *Config)
		told  string // in the line of the fault
		fix   string
	}{
		{"appendfsync everysec", func(t *testing.T, c *Config) { c.Store = redistest.Start(t, "--appendfsync", "everysec").URL() },
			"durability  `appendfsync everysec`", "`appendfsync always`"},
		{"maxmemory-policy allkeys-lru", func(t *testing.T, c *Config) { c.Store = redistest.Start(t, "--maxmemory-policy", "allkeys-lru").URL() },
			"durability  `maxmemory-policy allkeys-lru`", "`maxmemory-policy noeviction`"},
		{"Redis unreachable", func(t *testing.T, c *Config) { c.Store = "redis://" + freeAddr(t) },
			"redis", "start Redis"},
		{"disk nearly full", smallDisk, "disk        nearly full", "free some space"},
		{"port taken", takenPort, "is taken by another program", "--listen"},
		{"key file readable by others", openKeyFile, "can be read by others", "chmod 600"},
		{"an execution in nobody's hands", adriftExecution, "1 in nobody's hands", "takes them up"},
	} {
		t.Run(f.fault, func(t *testing.T) {
			out, err := examined(t, func(c *Config) { f.make(t, c) })
			if err == nil || err.Error() != "1 fault found" {
				t.Errorf("the verdict is %v", err)
			}
			line, fix := faultIn(out)
			if !strings.Contains(line, f.told) || !strings.Contains(fix, f.fix) {
				t.Errorf("want a fault with %q, mended by %q; got:\n%s", f.told, f.fix, out)
			}
		})
	}
}

// faultIn returns the first fault that was printed, and its fix.
func faultIn(out string) (line, fix string) {
	lines := strings.Split(out, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "FAIL") && i+1 < len(lines) {
			return l, lines[i+1]
		}
	}
	return "", ""
}

// smallDisk mounts a disk in memory with less room than the doctor likes. Without root
// that takes sudo, as installing what the tests need does.
func smallDisk(t *testing.T, c *Config) {
	as := func(args ...string) ([]byte, error) {
		if os.Geteuid() != 0 {
			args = append([]string{"sudo", "-n"}, args...)
		}
		return exec.Command(args[0], args[1:]...).CombinedOutput()
	}
	options := fmt.Sprintf("size=64m,mode=0700,uid=%d", os.Geteuid())
	if out, err := as("mount", "-t", "tmpfs", "-o", options, "tmpfs", c.Data); err != nil {
		t.Fatalf("a small disk is needed for this test: %v %s", err, out)
	}
	data := c.Data
	t.Cleanup(func() { _, _ = as("umount", data) })
}

func takenPort(t *testing.T, c *Config) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { // a program that takes connections and says nothing we know
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("220 mail\r\n"))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close() })
	c.Listen = l.Addr().String()
}

func openKeyFile(t *testing.T, c *Config) {
	if _, err := openKeys(c.Data, c.Secrets); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.sealKey(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// adriftExecution stores an execution that waits, without the queue entry it needs.
func adriftExecution(t *testing.T, c *Config) {
	b, err := local.Open(filepath.Join(c.Data, "store"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	st := store.New(b, func() time.Time { return time.Now().Add(-time.Minute) })
	err = st.Update(context.Background(), backend.Wait, func(tx *store.Tx) error {
		x := &core.Execution{ID: core.NewID(time.Now()), Action: "core.noop", Runner: "noop", Start: tx.Time(), Hand: core.InQueue}
		x.Move(core.Scheduled, tx.Time())
		return tx.Executions().Create(x)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
