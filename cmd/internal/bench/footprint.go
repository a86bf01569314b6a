package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// disk measures what an execution leaves on disk after a clean stop.
func (b *bench) disk() error {
	n := b.few(50_000)
	t := newTable(fmt.Sprintf("disk: bytes per execution, du of the data directory after %d and a clean stop", n), "what", "stored", "bar")
	for _, c := range []struct{ what, hook string }{
		{"core.noop by POST /executions: the execution alone", ""},
		{"core.noop by webhook and rule: instance, enforcement and execution", "bench-noop"},
	} {
		each, err := b.stores(c.hook, n)
		if err != nil {
			return err
		}
		t.row(c.what, fmt.Sprintf("%.0f B", each), verdict(each <= 2048, "<= 2048 B"))
	}
	t.remark("With indexes, counters and change log; the newest megabytes lie in Pebble's log and are not compressed yet.")
	t.print(b.out)
	return nil
}

// stores makes n executions on an empty store, by a hook or one by one when hook is "".
func (b *bench) stores(hook string, n int) (float64, error) {
	dir := filepath.Join(b.dir, "disk-"+hook)
	s, err := b.serve(dir)
	if err != nil {
		return 0, err
	}
	t := s.posts("/api/v1/executions", http.StatusCreated)
	t.body = []byte(`{"action":"core.noop"}`)
	if hook != "" {
		t = s.hook(hook)
		if err := s.rule(hook, "core.noop", nil); err != nil {
			return 0, err
		}
	}
	empty, err := s.size()
	if err != nil {
		return 0, err
	}
	if _, err := s.run(t, 64, n); err != nil {
		return 0, err
	}
	if err := s.stop(); err != nil {
		return 0, err
	}
	full, err := s.size()
	return (full - empty) / float64(n), err
}

const (
	cleanBar = 300 * time.Millisecond
	crashBar = time.Second
	sizeBar  = 60e6
)

// start measures how soon the server is ready, and how large it is.
func (b *bench) start() error {
	t := newTable("start: an empty server", "what", "measured", "bar")
	dir := filepath.Join(b.dir, "start")
	s, err := b.serve(dir)
	if err != nil {
		return err
	}
	t.row("ready, first start ever", millis(s.ready), "")
	clean, crashed, s, err := b.restarts(s, func(*server) error { return nil })
	if err != nil {
		return err
	}
	t.starts(clean, crashed)
	if err := s.weigh(t, "idle"); err != nil {
		return err
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	t.row("binary", megabytes(float64(info.Size())), verdict(float64(info.Size()) < sizeBar, "< 60 MB"))
	t.remark("Ready: from exec to the first 200 of /readyz. Medians of %d.", b.rounds())
	t.print(b.out)
	return s.stop()
}

// weigh adds the server's memory to the table. It lies idle for a second before.
func (s *server) weigh(t *table, what string) error {
	time.Sleep(time.Second) // idle is a stretch of time
	rss, err := s.memory()
	t.row("memory, "+what, megabytes(rss), verdict(rss < sizeBar, "< 60 MB"))
	return err
}

// restarts stops and kills the server in turn, each time after some work, and returns how
// long it took to be ready again, and the server that runs now.
func (b *bench) restarts(s *server, work func(*server) error) (clean, crashed []time.Duration, _ *server, err error) {
	for range b.rounds() {
		if s, err = b.again(s, work, (*server).stop); err != nil {
			return nil, nil, nil, err
		}
		clean = append(clean, s.ready)
		if s, err = b.again(s, work, (*server).kill); err != nil {
			return nil, nil, nil, err
		}
		crashed = append(crashed, s.ready)
	}
	return clean, crashed, s, nil
}

// again ends a server after some work and starts another on its directory.
func (b *bench) again(s *server, work, end func(*server) error) (*server, error) {
	if err := work(s); err != nil {
		return nil, err
	}
	if err := end(s); err != nil {
		return nil, err
	}
	return b.serve(s.dir)
}

func (t *table) starts(clean, crashed []time.Duration) {
	t.row("ready after a clean stop", millis(median(clean)), under(median(clean), cleanBar))
	t.row("ready after kill -9", millis(median(crashed)), under(median(crashed), crashBar))
}
