package filewatch

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/store"
)

// serveIn names the folder of the store that a child process of the test serves.
const serveIn = "PETREL_TEST_FILEWATCH"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveIn); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serve runs the sensor until the process is killed, and prints a mark per stored batch.
func serve(dir string) error {
	b, err := local.Open(dir, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	r := router.New(store.New(b, time.Now), slog.New(slog.DiscardHandler))
	return router.NewSources(r, func(_ context.Context, s core.Sensor) (core.Source, bool) {
		return told{Source{Log: slog.New(slog.DiscardHandler), Look: 5 * time.Millisecond}}, s.Ref() == Sensor
	}).Run(context.Background())
}

type told struct{ Source }

type toldFeed struct{ core.Feed }

func (s told) Run(ctx context.Context, f core.Feed) error { return s.Source.Run(ctx, toldFeed{f}) }

func (f toldFeed) Emit(ctx context.Context, b core.Batch) error {
	err := f.Feed.Emit(ctx, b)
	fmt.Println("stored", err)
	return err
}

// TestKill9 kills a server again and again, in the middle of its work, while lines are
// added and the file is rotated.
func TestKill9(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "killed")
	w.prepare(dir)
	var want []string
	n := 0
	for range 8 {
		child, batches := serveChild(t, dir)
		for range 3 {
			for range 50 {
				n++
				want = append(want, fmt.Sprintf("line %d", n))
				w.add("app.log", want[n-1]+"\n")
			}
			if !batches.Scan() {
				t.Fatal("the child ended by itself")
			}
		}
		child.Process.Kill()
		child.Wait()
		if n%100 == 0 {
			w.rename("app.log", fmt.Sprintf("app.log.%d", n))
		}
	}
	w.finishIn(dir, want)
}

// prepare makes a store with a rule on app.log, which is empty.
func (w *world) prepare(dir string) {
	w.t.Helper()
	w.add("app.log", "")
	w.in(dir, func() {
		w.update(func(tx *store.Tx) error { return declare(w.t.Context(), tx, w.router) })
		w.start()
		w.watched(w.path("app.log"))
		w.stop()
	})
}

// finishIn lets the sensor read what is left, and holds it against what was written.
func (w *world) finishIn(dir string, want []string) {
	w.t.Helper()
	w.in(dir, func() {
		w.add("app.log", "the last\n")
		w.start()
		w.await("the last line", func() bool { return len(w.lines) > 0 && w.lines[len(w.lines)-1] == "the last" })
		w.stop()
		w.lines = w.storedLines()
		w.expect(append(want, "the last")...)
	})
}

// in does something with another store.
func (w *world) in(dir string, do func()) {
	w.t.Helper()
	b, err := local.Open(dir, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer b.Close()
	w.store = store.New(b, time.Now)
	w.router = router.New(w.store, w.log)
	do()
}

func serveChild(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), serveIn+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { child.Process.Kill() })
	return child, bufio.NewScanner(out)
}
