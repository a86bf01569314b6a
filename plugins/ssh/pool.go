package ssh

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
)

// perConnection is how many commands share a connection; sshd's MaxSessions is 10. Tunnels
// through a bastion are not counted by sshd, and not here.
const perConnection = 8

// pool keeps connections for the next command.
type pool struct {
	dial      func(ctx context.Context, t *target, bastion *ssh.Client) (*ssh.Client, error)
	keepAlive time.Duration
	idle      time.Duration
	maxIdle   int
	log       *slog.Logger
	gone      sync.WaitGroup // one for each conn

	mu     sync.Mutex
	conns  map[string][]*conn
	closed bool
}

func newPool(c Config, dial func(context.Context, *target, *ssh.Client) (*ssh.Client, error)) *pool {
	return &pool{
		dial: dial, keepAlive: c.KeepAlive, idle: c.Idle, maxIdle: c.MaxIdle, log: c.Log,
		conns: map[string][]*conn{},
	}
}

// conn is a connection, or the attempt at one. The pool's mutex guards uses, limit, dead
// and unused.
type conn struct {
	pool   *pool
	target *target
	key    string
	ready  chan struct{} // closed when client or err is set
	client *ssh.Client
	err    error
	cancel context.CancelFunc // ends the attempt

	uses   int
	limit  int
	dead   bool
	unused time.Time // since when
}

// get returns a connection to t, for most commands at once, which the caller gives back
// with release. All who wait for one attempt learn of its failure; it goes on until the
// last of them has left.
func (p *pool) get(ctx context.Context, t *target, most int) (*conn, error) {
	c, err := p.choose(t, most)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		c.release()
		return nil, &unreachable{context.Cause(ctx)}
	}
	if c.err != nil {
		c.release()
		return nil, &unreachable{c.err}
	}
	return c, nil
}

func (p *pool) choose(t *target, most int) (*conn, error) {
	key := t.key()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, &unreachable{core.ErrDrained}
	}
	for _, c := range p.conns[key] {
		if !c.dead && (c.uses < min(c.limit, most) || t.bastion) {
			c.uses++
			c.limit = min(c.limit, most)
			return c, nil
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &conn{pool: p, target: t, key: key, ready: make(chan struct{}), cancel: cancel, uses: 1, limit: most}
	p.conns[key] = append(p.conns[key], c)
	p.gone.Add(1)
	go c.live(ctx)
	return c, nil
}

// live connects, and stays until the connection has ended.
func (c *conn) live(ctx context.Context) {
	defer c.pool.gone.Done()
	defer c.cancel()
	bastion, err := c.bastion(ctx)
	if bastion != nil {
		defer bastion.release()
	}
	if err == nil {
		c.client, err = c.connect(ctx, bastion)
	}
	c.err = err
	if err != nil {
		c.bury()
		close(c.ready)
		return
	}
	close(c.ready)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.client.Wait()
	}()
	c.watch(ended)
	c.bury()
	c.client.Close()
	<-ended
}

func (c *conn) bastion(ctx context.Context) (*conn, error) {
	if c.target.via == nil {
		return nil, nil
	}
	return c.pool.get(ctx, c.target.via, perConnection)
}

func (c *conn) connect(ctx context.Context, bastion *conn) (*ssh.Client, error) {
	if bastion == nil {
		return c.pool.dial(ctx, c.target, nil)
	}
	return c.pool.dial(ctx, c.target, bastion.client)
}

// watch returns when the connection has ended or answers no more.
func (c *conn) watch(ended <-chan struct{}) {
	t := time.NewTicker(c.pool.keepAlive)
	defer t.Stop()
	for {
		select {
		case <-ended:
			return
		case <-t.C:
		}
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			c.client.SendRequest("keepalive@openssh.com", true, nil) // any answer will do; an error ends the connection
		}()
		patience := time.NewTimer(c.pool.keepAlive)
		select {
		case <-answered:
		case <-ended:
		case <-patience.C:
			c.pool.log.Warn("ssh: a connection answers no more and is closed", "host", c.target.String())
			c.client.Close()
		}
		patience.Stop()
		<-answered
	}
}

// bury takes the connection out of the pool; those who use it find it broken.
func (c *conn) bury() {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	c.dead = true
	p.conns[c.key] = slices.DeleteFunc(p.conns[c.key], func(x *conn) bool { return x == c })
	if len(p.conns[c.key]) == 0 {
		delete(p.conns, c.key)
	}
}

// release gives a connection back.
func (c *conn) release() {
	p := c.pool
	p.mu.Lock()
	c.uses--
	c.unused = time.Now()
	var end []*conn
	switch {
	case c.uses > 0:
	case !c.isReady(), c.dead, p.closed:
		c.dead = true // nobody else shall wait for an attempt that is given up
		end = append(end, c)
	default:
		end = p.surplus()
	}
	p.mu.Unlock()
	endAll(end)
}

func (c *conn) isReady() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// end makes live return.
func (c *conn) end() {
	c.cancel()
	<-c.ready
	if c.client != nil {
		c.client.Close()
	}
}

// endAll is called without the pool's mutex.
func endAll(conns []*conn) {
	for _, c := range conns {
		c.end()
	}
}

// surplus takes out the longest unused connections over the limit.
func (p *pool) surplus() []*conn {
	unused := p.unusedSince(time.Now())
	if len(unused) <= p.maxIdle {
		return nil
	}
	slices.SortFunc(unused, func(a, b *conn) int { return a.unused.Compare(b.unused) })
	unused = unused[:len(unused)-p.maxIdle]
	for _, c := range unused {
		c.dead = true
	}
	return unused
}

// unusedSince lists the connections that nobody has used since t.
func (p *pool) unusedSince(t time.Time) []*conn {
	var list []*conn
	for _, conns := range p.conns {
		for _, c := range conns {
			if c.uses == 0 && !c.dead && !c.unused.After(t) {
				list = append(list, c)
			}
		}
	}
	return list
}

// run closes what nobody uses, and at the end everything.
func (p *pool) run(ctx context.Context) error {
	t := time.NewTicker(max(p.idle/4, time.Millisecond))
	defer t.Stop()
	for ctx.Err() == nil {
		select {
		case <-t.C:
			p.closeUnused(time.Now().Add(-p.idle))
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.closeUnused(time.Now())
	p.gone.Wait()
	return nil
}

func (p *pool) closeUnused(since time.Time) {
	p.mu.Lock()
	unused := p.unusedSince(since)
	for _, c := range unused {
		c.dead = true
	}
	p.mu.Unlock()
	endAll(unused)
}
