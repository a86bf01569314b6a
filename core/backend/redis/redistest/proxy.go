package redistest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server and eats replies: Redis has done what it was
// asked, and nobody learns of it.
type Proxy struct {
	Addr string

	target  string
	every   int64 // eats about one of so many replies; 0: none
	turn    atomic.Int64
	eaten   atomic.Int64
	longest atomic.Int64

	l     net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   bool // nothing gets through any more
	loops sync.WaitGroup
}

// Between starts a proxy in front of a server that eats one of every so many replies and
// ends the connection on which it came; 0 eats none. It ends with the test.
func Between(t testing.TB, s *Server, every int) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: s.Addr, every: int64(every), l: l, conns: map[net.Conn]bool{}}
	p.loops.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.Cut()
		p.loops.Wait()
	})
	return p
}

// URL names the proxy for redis.Open.
func (p *Proxy) URL() string { return "redis://" + p.Addr + "/0" }

// Eaten says how many replies were eaten.
func (p *Proxy) Eaten() int64 { return p.eaten.Load() }

// Longest says how many bytes the longest answer to one request had.
func (p *Proxy) Longest() int64 { return p.longest.Load() }

// Cut ends all connections and refuses new ones, as if the client's machine had gone.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		c.Close()
	}
}

// Mend lets connections through again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

func (p *Proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		if !p.keep(client, server) {
			continue
		}
		var answer atomic.Int64 // bytes of the answer under way
		p.loops.Go(func() { p.forward(client, server, &answer) })
		p.loops.Go(func() { p.reply(client, server, &answer) })
	}
}

// keep notes a pair of connections, or closes it when the proxy is cut.
func (p *Proxy) keep(pair ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		p.conns[c] = true
		if p.cut {
			c.Close()
		}
	}
	return !p.cut
}

func (p *Proxy) end(pair ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range pair {
		c.Close()
		delete(p.conns, c)
	}
}

// forward passes requests on; each begins a new answer.
func (p *Proxy) forward(client, server net.Conn, answer *atomic.Int64) {
	defer p.end(client, server)
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		answer.Store(0)
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// reply passes replies on until it eats one.
func (p *Proxy) reply(client, server net.Conn, answer *atomic.Int64) {
	defer p.end(client, server)
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		p.measure(answer.Add(int64(n)))
		if p.every > 0 && p.turn.Add(1)%p.every == 0 {
			p.eaten.Add(1)
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) measure(n int64) {
	for {
		old := p.longest.Load()
		if n <= old || p.longest.CompareAndSwap(old, n) {
			return
		}
	}
}
