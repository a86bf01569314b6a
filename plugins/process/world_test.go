package process

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins"
)

// programs are built from testdata once per run, when a test first asks for one.
var programs struct {
	sync.Mutex
	dir string
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("PROCESS_SERVER"); dir != "" {
		playServer(dir)
	}
	code := m.Run()
	if programs.dir != "" {
		os.RemoveAll(programs.dir)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// built returns the path of the program testdata/<name>, in a directory where no other is.
func built(t testing.TB, name string) string {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	if programs.dir == "" {
		dir, err := os.MkdirTemp("", "process-test")
		if err != nil {
			t.Fatal(err)
		}
		programs.dir = dir
	}
	file := filepath.Join(programs.dir, name, "bin", name)
	if _, err := os.Stat(file); err == nil {
		return file
	}
	out, err := exec.Command("go", "build", "-o", file, "./testdata/"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("cannot build %s: %v\n%s", name, err, out)
	}
	return file
}

func testConfig(t testing.TB) Config {
	dir, err := os.MkdirTemp("", "sockets") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left in the directory of sockets: %v, %v", left, err)
		}
		os.RemoveAll(dir)
	})
	return Config{Log: slog.New(slog.DiscardHandler), Dir: dir}
}

// load returns the plugin whose program is testdata/<name>, closed when the test ends.
func load(t testing.TB, c *Carrier, name string, args ...string) plugins.Plugin {
	t.Helper()
	dir := filepath.Dir(filepath.Dir(built(t, name)))
	p, err := c.Start(t.Context(), core.Runtime{Command: append([]string{"bin/" + name}, args...)}, dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

// lineLog is a log that tests wait for.
type lineLog struct {
	mu    sync.Mutex
	text  strings.Builder
	grown *sync.Cond
}

func newLineLog() *lineLog {
	l := &lineLog{}
	l.grown = sync.NewCond(&l.mu)
	return l
}

func (l *lineLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grown.Broadcast()
	return l.text.Write(b)
}

func (l *lineLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the log has the text.
func (l *lineLog) await(t *testing.T, text string) {
	t.Helper()
	late := time.AfterFunc(10*time.Second, l.grown.Broadcast)
	defer late.Stop()
	end := time.Now().Add(10 * time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.text.String(), text) {
		if time.Now().After(end) {
			t.Fatalf("the log has no %q:\n%s", text, l.text.String())
		}
		l.grown.Wait()
	}
}

// clock is a time that passes when it is told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
