package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"

	"github.com/gofiber/fiber/v2"
)

// journal appends records to a file. Many wait for one write and one fsync.
type journal struct {
	file  *os.File
	queue chan entry
	done  chan struct{}
}

type entry struct {
	record []byte
	synced chan error
}

const groupLimit = 1024 // records in one write

func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f, queue: make(chan entry, groupLimit), done: make(chan struct{})}
	go j.write()
	return j, nil
}

// append returns when the record is on disk.
func (j *journal) append(record []byte) error {
	e := entry{record, make(chan error, 1)}
	j.queue <- e
	return <-e.synced
}

// write takes what has come together, writes it and tells the waiters.
func (j *journal) write() {
	defer close(j.done)
	var buf bytes.Buffer
	for first := range j.queue {
		group := []entry{first}
		for len(group) < groupLimit && len(j.queue) > 0 {
			group = append(group, <-j.queue)
		}
		buf.Reset()
		for _, e := range group {
			buf.Write(e.record)
		}
		_, err := j.file.Write(buf.Bytes())
		err = errors.Join(err, j.file.Sync())
		for _, e := range group {
			e.synced <- err
		}
	}
}

func (j *journal) close() error {
	close(j.queue)
	<-j.done
	return errors.Join(j.file.Close(), os.Remove(j.file.Name()))
}

const recordSize = 1024

// yardstick is the unavoidable part of the work, and no more: decode the event, put a
// record on disk, run the action, put a record on disk, answer.
type yardstick struct {
	app     *fiber.App
	journal *journal
	addr    string
	served  chan error
}

func startYardstick(path string, action func() error) (*yardstick, error) {
	j, err := openJournal(path)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	y := &yardstick{
		app:     fiber.New(fiber.Config{DisableStartupMessage: true}),
		journal: j, addr: ln.Addr().String(), served: make(chan error, 1),
	}
	y.app.Post("/", func(c *fiber.Ctx) error { return y.handle(c, action) })
	go func() { y.served <- y.app.Listener(ln) }()
	return y, nil
}

func (y *yardstick) handle(c *fiber.Ctx, action func() error) error {
	var event map[string]any
	if err := json.Unmarshal(c.Body(), &event); err != nil {
		return err
	}
	record := make([]byte, recordSize)
	copy(record, c.Body())
	if err := y.journal.append(record); err != nil {
		return err
	}
	if err := action(); err != nil {
		return err
	}
	if err := y.journal.append(record); err != nil {
		return err
	}
	return c.Status(http.StatusAccepted).JSON(event)
}

func (y *yardstick) target() target {
	return target{addr: y.addr, path: "/", ok: http.StatusAccepted}
}

func (y *yardstick) close() error {
	return errors.Join(y.app.Shutdown(), <-y.served, y.journal.close())
}

func nothing() error { return nil }

func binTrue() error { return exec.Command("/bin/true").Run() }
