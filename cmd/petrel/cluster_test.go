package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

const (
	clusterNodes  = 3
	leaseInTests  = 9 * time.Second
	readyWithin   = 30 * time.Second // after anything that happened
	betweenBlows  = 20               // events acknowledged before the next
	clusterSettle = 90 * time.Second
)

// TestCluster runs three servers on one Redis under load and does to them what happens to
// machines: kills servers and Redis, stops Redis for a while, stops a server for longer
// than its lease. Then it holds what the clients were told against what the API says.
// PETREL_CLUSTER_N sets the number of kills of servers; a fifth of it those of Redis;
// PETREL_CLUSTER_PAUSE how long Redis stands still (5s).
func TestCluster(t *testing.T) {
	n := 3
	if v, err := strconv.Atoi(os.Getenv("PETREL_CLUSTER_N")); err == nil {
		n = v
	}
	pause := 5 * time.Second
	if v, err := time.ParseDuration(os.Getenv("PETREL_CLUSTER_PAUSE")); err == nil {
		pause = v
	}
	seed := rand.Uint64()
	fmt.Printf("cluster-test: seed %d\n", seed)
	c := newCluster(t, rand.New(rand.NewPCG(seed, 0)))
	for _, blow := range c.blows(n, max(1, n/5), pause) {
		c.strike(blow)
		if t.Failed() {
			t.FailNow()
		}
	}
	c.finish()
}

// cluster is a run of the test.
type cluster struct {
	*killing
	redis   *redistest.Server
	nodes   [clusterNodes]*node
	load    *clusterClients
	ticks   string        // the trigger of the timer
	slowest time.Duration // from a kill, or the end of a standstill, until all servers are ready
	counts  map[string]int
}

// node is a server that is started again on the same directory and address.
type node struct {
	*serverProcess
	data string
	addr string
}

func newCluster(t *testing.T, rng *rand.Rand) *cluster {
	dir := t.TempDir()
	c := &cluster{
		killing: &killing{t: t, rng: rng, binary: buildServer(t), ledger: newLedger(), files: filepath.Join(dir, "numbers"), fewest: 1 << 30},
		redis:   redistest.Start(t), counts: map[string]int{},
	}
	t.Setenv("PETREL_SEAL_KEYS", "WqY4f2x1l3c0Yt0bS9mB2m0c5yFq0mXk3jv8u2rZs3E=")
	for i := range c.nodes {
		c.nodes[i] = &node{data: filepath.Join(dir, "node"+strconv.Itoa(i)), addr: freeAddr(t)}
		c.start(c.nodes[i])
	}
	c.token = c.nodes[0].login()
	for _, n := range c.nodes {
		n.token = c.token
	}
	s := c.nodes[0].serverProcess
	s.rule("counts", "event", "core.local", map[string]any{"cmd": "echo {{ trigger.body.number }} >> " + c.files})
	s.rule("nothing", "event", "core.noop", nil)
	s.rule("sleeps", "sleep", "core.local", map[string]any{"cmd": "echo {{ trigger.body.number }} >> " + c.files + "; sleep 2 & wait"})
	c.ticks = s.timer("ticks", 1)
	c.load = c.ledger.spread(c)
	return c
}

// start starts a node's server, in the place of the one before.
func (c *cluster) start(n *node) {
	n.serverProcess = startProcess(c.t, c.binary, n.data,
		"--listen", n.addr, "--store", c.redis.URL(), "--config", clusterConfig(c.t, n.data))
	n.token = c.token
}

// freeAddr is an address on loopback that nobody listens on now, of a range from which
// the system gives none to connections: a server that was killed finds it free again.
func freeAddr(t *testing.T) string {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

func clusterConfig(t *testing.T, data string) string {
	path := data + ".yaml"
	text := fmt.Sprintf("lease: %s\ntimers:\n  misfire: all\n", leaseInTests)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// blow is what happens to the cluster.
type blow struct {
	name string
	do   func() (over time.Time) // from when on the servers should get ready
}

// blows is a shuffled list of what happens.
func (c *cluster) blows(servers, redises int, pause time.Duration) []blow {
	var all []blow
	for range servers {
		all = append(all, blow{"kill -9 of a server", c.killServer})
	}
	for range redises {
		all = append(all, blow{"kill -9 of Redis", c.killRedis})
	}
	all = append(all,
		blow{fmt.Sprintf("Redis stands still for %v", pause), func() time.Time { return c.stopRedis(pause) }},
		blow{fmt.Sprintf("a server stands still for %v", 2*leaseInTests), c.stopServer})
	c.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// strike lets one thing happen under load and waits until every server is ready again.
func (c *cluster) strike(b blow) {
	c.load.await(c.t, betweenBlows)
	time.Sleep(time.Duration(c.rng.IntN(50_000)) * time.Microsecond) // the moment is the random part; nothing is waited for
	c.counts[b.name]++
	c.kills = append(c.kills, time.Now())
	over := b.do()
	c.kills = append(c.kills, time.Now())
	for _, n := range c.nodes {
		n.await("it is ready after: "+b.name, readyWithin, n.ready)
	}
	c.slowest = max(c.slowest, time.Since(over))
}

func (c *cluster) killServer() time.Time {
	n := c.nodes[c.rng.IntN(clusterNodes)]
	n.kill()
	over := time.Now()
	c.start(n)
	return over
}

func (c *cluster) killRedis() time.Time {
	c.redis.Kill()
	over := time.Now()
	c.redis.Restart()
	return over
}

func (c *cluster) stopRedis(d time.Duration) time.Time {
	c.redis.Pause()
	time.Sleep(d)
	c.redis.Resume()
	return time.Now()
}

// stopServer stops a server for twice its lease: others take over what it has in hand,
// and it must notice when it goes on.
func (c *cluster) stopServer() time.Time {
	n := c.nodes[c.rng.IntN(clusterNodes)]
	_ = n.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(2 * leaseInTests)
	_ = n.cmd.Process.Signal(syscall.SIGCONT)
	return time.Now()
}

// finish stops the load, lets everything come to its end and judges.
func (c *cluster) finish() {
	c.load.stop()
	last := time.Now()
	c.server = c.nodes[0].serverProcess
	c.load = c.ledger.spread(c) // what was not answered and is to be sent again
	c.load.await(c.t, 2*killClients)
	c.load.stop()
	c.server.call(http.MethodDelete, "/api/v1/rules/default.ticks", nil, nil)
	c.server.await("everything is finished", clusterSettle, func() bool { return c.server.waiting() == 0 })
	v := c.verdict()
	ticks := c.judgeTicks(v)
	for name, n := range c.counts {
		fmt.Printf("cluster-test: %d × %s\n", n, name)
	}
	fmt.Printf("cluster-test: %d acknowledged (%d of them on a later try), %d never answered; %d succeeded, %d abandoned\n",
		len(c.ledger.acked), c.ledger.repeated, len(c.ledger.dropped), v.succeeded, v.abandoned)
	fmt.Printf("cluster-test: %d lost, %d doubled, %d in nobody's hands %.1f s after the load, %d processes left; %d ticks, each once; longest time to ready %.1f s\n",
		v.lost, v.doubled, v.stuck, time.Since(last).Seconds(), v.left, ticks, c.slowest.Seconds())
}

// judgeTicks looks at the timer of one second: each nominal time once, none missing.
func (c *cluster) judgeTicks(v *verdict) int {
	type tick struct {
		Payload struct {
			ExecutedAt string `json:"executed_at"`
		} `json:"payload"`
	}
	var first, last int64
	seen := map[int64]int{}
	for _, i := range pages[tick](c.server, "/api/v1/triggerinstances?trigger="+c.ticks) {
		at, err := time.Parse("2006-01-02 15:04:05.999999-07:00", i.Payload.ExecutedAt)
		if err != nil {
			c.t.Fatalf("a tick at %q: %v", i.Payload.ExecutedAt, err)
		}
		second := at.Unix()
		if first == 0 || second < first {
			first = second
		}
		last = max(last, second)
		if seen[second]++; seen[second] > 1 {
			c.wrong(&v.doubled, "the timer fired twice for %v", at)
		}
	}
	for s := first; s <= last; s++ {
		if seen[s] == 0 {
			c.wrong(&v.lost, "the timer did not fire for %v", time.Unix(s, 0).UTC())
		}
	}
	if len(seen) < 5 {
		c.t.Errorf("only %d ticks", len(seen))
	}
	return len(seen)
}

// timer runs core.noop each so many seconds, and returns the timer's trigger.
func (p *serverProcess) timer(name string, seconds int) string {
	type object = map[string]any
	var rule struct {
		Trigger struct{ Ref string } `json:"trigger"`
	}
	p.call(http.MethodPost, "/api/v1/rules", object{
		"name": name, "pack": "default", "enabled": true,
		"trigger": object{"type": "core.st2.IntervalTimer", "parameters": object{"unit": "seconds", "delta": seconds}},
		"action":  object{"ref": "core.noop"},
	}, &rule)
	return rule.Trigger.Ref
}

// clusterClients send events to all servers in turn, and go on when one is away.
type clusterClients struct {
	stopped chan struct{}
	wg      sync.WaitGroup

	mu    sync.Mutex
	count int
}

func (l *ledger) spread(c *cluster) *clusterClients {
	cc := &clusterClients{stopped: make(chan struct{})}
	posts := make([]*serverProcess, clusterNodes) // of their own: a node's process is replaced
	for i, n := range c.nodes {
		posts[i] = &serverProcess{t: c.t, url: "http://" + n.addr, token: c.token, client: &http.Client{Timeout: 20 * time.Second}}
	}
	for i := range killClients {
		cc.wg.Go(func() { cc.run(posts, l, i) })
	}
	return cc
}

func (cc *clusterClients) run(nodes []*serverProcess, l *ledger, turn int) {
	for {
		select {
		case <-cc.stopped:
			return
		default:
		}
		turn++
		number := l.take()
		if status, err := nodes[turn%clusterNodes].offer(number); err != nil || status != http.StatusAccepted {
			l.unanswered(number)
			time.Sleep(20 * time.Millisecond) // a server that is away answers at once that it is
			continue
		}
		l.acknowledge(number)
		cc.mu.Lock()
		cc.count++
		cc.mu.Unlock()
	}
}

// await returns when so many more events were acknowledged.
func (cc *clusterClients) await(t *testing.T, n int) {
	cc.mu.Lock()
	want := cc.count + n
	cc.mu.Unlock()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		cc.mu.Lock()
		count := cc.count
		cc.mu.Unlock()
		if count >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %d events were acknowledged within two minutes", n)
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

func (cc *clusterClients) stop() {
	close(cc.stopped)
	cc.wg.Wait()
}
