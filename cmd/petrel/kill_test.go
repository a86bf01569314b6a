package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	ackedPerKill = 50  // events acknowledged in each life before its end is chosen
	backlogLimit = 200 // executions that may wait when a life's load begins
	settleWithin = 30 * time.Second
)

// TestKill kills the real server at random moments under load, again and again on the
// same data, and then holds what the clients were told against what the API says:
// nothing acknowledged is lost, nothing is done twice, nothing is stuck, and no process
// is left. PETREL_KILL_N sets the number of kills.
func TestKill(t *testing.T) {
	kills := killsOr(2)
	seed := rand.Uint64()
	fmt.Printf("kill-test: seed %d\n", seed)
	k := newKilling(t, rand.New(rand.NewPCG(seed, 0)))
	began := time.Now()
	for range kills {
		k.life()
		if t.Failed() {
			t.FailNow()
		}
	}
	settled := k.settle()
	v := k.verdict()
	fmt.Printf("kill-test: %d kills in %.0f s, at least %d acknowledged before each\n", kills, time.Since(began).Seconds(), k.fewest)
	fmt.Printf("kill-test: %d acknowledged (%d of them on the second try), %d never answered; %d succeeded, %d abandoned\n",
		len(k.ledger.acked), k.ledger.repeated, len(k.ledger.dropped), v.succeeded, v.abandoned)
	fmt.Printf("kill-test: %d lost, %d doubled, %d in nobody's hands %.1f s after the last kill, %d processes left\n",
		v.lost, v.doubled, v.stuck, settled.Seconds(), v.left)
}

// killsOr is how many kills PETREL_KILL_N asks for, or few.
func killsOr(few int) int {
	if n, err := strconv.Atoi(os.Getenv("PETREL_KILL_N")); err == nil {
		return n
	}
	return few
}

// killing is a run of the test: one data directory, many servers after each other.
type killing struct {
	t      *testing.T
	rng    *rand.Rand
	binary string
	data   string
	files  string // where actions leave the numbers of their events
	token  string
	ledger *ledger
	kills  []time.Time
	fewest int // acknowledged in any life before its end was chosen
	server *serverProcess
}

func newKilling(t *testing.T, rng *rand.Rand) *killing {
	dir := t.TempDir()
	k := &killing{
		t: t, rng: rng, binary: buildServer(t), ledger: newLedger(),
		data: filepath.Join(dir, "data"), files: filepath.Join(dir, "numbers"), fewest: 1 << 30,
	}
	k.server = startProcess(t, k.binary, k.data)
	k.token = k.server.login()
	k.server.token = k.token
	k.server.rule("counts", "event", "core.local", map[string]any{"cmd": "echo {{ trigger.body.number }} >> " + k.files})
	k.server.rule("nothing", "event", "core.noop", nil)
	k.server.rule("sleeps", "sleep", "core.local", map[string]any{"cmd": "echo {{ trigger.body.number }} >> " + k.files + "; sleep 2 & wait"})
	return k
}

// life puts load on the running server, kills it at a random moment and starts the next.
func (k *killing) life() {
	s := k.server
	s.await("the backlog of the life before is worked off", time.Minute, func() bool { return s.waiting() <= backlogLimit })
	c := k.ledger.clients(s)
	c.await(k.t, ackedPerKill)
	k.fewest = min(k.fewest, c.acked())
	c.await(k.t, ackedPerKill+k.rng.IntN(60))
	time.Sleep(time.Duration(k.rng.IntN(20_000)) * time.Microsecond) // the kill's moment is the random part; nothing is waited for
	s.kill()
	k.kills = append(k.kills, time.Now())
	c.stop()
	k.server = startProcess(k.t, k.binary, k.data)
	k.server.token = k.token
}

// settle sends again what was not answered and is to be, waits until the last server has
// nothing left to do, and returns how long after the last kill that was.
func (k *killing) settle() time.Duration {
	c := k.ledger.clients(k.server)
	c.await(k.t, ackedPerKill)
	c.stop()
	last := k.kills[len(k.kills)-1]
	k.server.await("everything is finished", settleWithin-time.Since(last), func() bool { return k.server.waiting() == 0 })
	return time.Since(last)
}
