package redis_test

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

// slowWay stands before a server. The first request with a word in it does not arrive
// before deliver, and its connection is lost meanwhile, as when a network sends packets again.
type slowWay struct {
	word []byte
	mu   sync.Mutex
	held []byte
	conn net.Conn // on which it will arrive
	wg   sync.WaitGroup
}

func (w *slowWay) listen(t *testing.T, server *redistest.Server) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); w.wg.Wait() })
	w.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			onward, err := net.Dial("tcp", server.Addr)
			if err != nil {
				client.Close()
				continue
			}
			w.wg.Go(func() { w.forward(client, onward) })
			w.wg.Go(func() { w.back(client, onward) })
		}
	})
	return "redis://" + l.Addr().String() + "/0"
}

func (w *slowWay) forward(client, onward net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			onward.Close()
			return
		}
		if w.keep(buf[:n], onward) {
			client.Close()
			return
		}
		onward.Write(buf[:n])
	}
}

func (w *slowWay) back(client, onward net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := onward.Read(buf)
		if err != nil || w.late(onward) {
			client.Close()
			return
		}
		client.Write(buf[:n])
	}
}

func (w *slowWay) late(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conn == conn
}

func (w *slowWay) keep(request []byte, onward net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held != nil || !bytes.Contains(request, w.word) {
		return false
	}
	w.held, w.conn = bytes.Clone(request), onward
	return true
}

// TestARefusedWriteIsNotDoneLater: its first copy was slow on its way, its repeat was
// refused, and the caller was told so.
func TestARefusedWriteIsNotDoneLater(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	way := &slowWay{word: []byte("the slow one")}
	url := way.listen(t, server)
	a, b := open(t, url, redis.Options{}), open(t, server.URL(), redis.Options{})
	must(t, a, backend.Put("c/warm", []byte("1")))
	must(t, b, backend.Put("c/lock", []byte("b's")))
	if _, err := a.Apply(t.Context(), backend.Wait, backend.Put("c/lock", []byte("the slow one")).If(0)); err != backend.ErrConflict {
		t.Fatalf("Apply: %v, want ErrConflict", err)
	}
	must(t, b, backend.Delete("c/lock"))
	calls := func() string { return raw(t, server.Addr).Info(t.Context(), "commandstats").Val() }
	before := calls()
	if _, err := way.conn.Write(way.held); err != nil {
		t.Fatal(err)
	}
	defer way.conn.Close()
	eventually(t, "the slow request's arrival", func() bool { return evals(calls()) > evals(before) })
	if v := value(t, b, "c/lock"); v != "" {
		t.Errorf("c/lock reads %q: a write was done that was refused", v)
	}
}

// evals is how often a script was run, by what INFO says.
func evals(info string) (n int) {
	_, rest, _ := bytes.Cut([]byte(info), []byte("cmdstat_evalsha:calls="))
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
