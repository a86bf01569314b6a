package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	defaultGrace = 5 * time.Second
	lastWait     = 2 * time.Second // from SIGKILL to giving up
	firstLook    = 2 * time.Millisecond
	slowestLook  = 100 * time.Millisecond
	sudoLimit    = 5 * time.Second
)

// Ender ends processes: SIGTERM, and SIGKILL for what is left after a while. Processes
// of other users, as sudo makes them, are ended through "sudo -n kill".
type Ender struct {
	Grace time.Duration // between SIGTERM and SIGKILL; 0 is 5 s
	Sudo  string        // path of sudo; "" is looked for in PATH
}

// End ends everything that belongs to targets, and returns once it is gone. Only what is
// provably ours is touched: a session whose leader has the identity's start tick and
// boot id, what carries a mark, what these started. When ctx is done, SIGKILL comes at
// once. The error names what is still alive, and why.
func (e Ender) End(ctx context.Context, targets ...Target) error {
	c := chase{hunt: newHunt(targets), sudo: e.Sudo, sent: map[int]sent{}}
	grace := e.Grace
	if grace <= 0 {
		grace = defaultGrace
	}
	kill := time.NewTimer(grace)
	defer kill.Stop()
	left, err := c.until(ctx, syscall.SIGTERM, kill.C)
	if err != nil || len(left) == 0 {
		return err
	}
	giveUp := time.NewTimer(lastWait)
	defer giveUp.Stop()
	left, err = c.until(context.Background(), syscall.SIGKILL, giveUp.C)
	if err != nil || len(left) == 0 {
		return err
	}
	return c.remaining(left)
}

// chase is one End: what it looks for, and which process was told what.
type chase struct {
	*hunt
	sudo string
	sent map[int]sent
}

type sent struct {
	tick   int64
	signal syscall.Signal
	err    error
}

// until signals what it finds, each process once, until nothing is left or time is up.
func (c *chase) until(ctx context.Context, sig syscall.Signal, up <-chan time.Time) ([]entry, error) {
	for wait := firstLook; ; wait = min(2*wait, slowestLook) {
		left, err := c.find()
		if err != nil || len(left) == 0 {
			return left, err
		}
		c.signal(left, sig)
		select {
		case <-time.After(wait):
		case <-up:
			return left, nil
		case <-ctx.Done():
			return left, nil
		}
	}
}

// signal goes from the lowest PID up, so that a shell hears of it before its commands do
// and starts no further one.
func (c *chase) signal(left []entry, sig syscall.Signal) {
	var denied []entry
	for _, e := range left {
		if was := c.sent[e.pid]; was.tick == e.tick && was.signal == sig {
			continue
		}
		err := signal(e, sig)
		if errors.Is(err, syscall.EPERM) {
			denied = append(denied, e)
		}
		c.sent[e.pid] = sent{e.tick, sig, err}
	}
	if len(denied) == 0 {
		return
	}
	err := c.sudoKill(denied, sig)
	for _, e := range denied {
		c.sent[e.pid] = sent{e.tick, sig, err}
	}
}

// signal reaches the very process e, never one that was given its number since: the
// handle is taken first and e looked at again behind it.
func signal(e entry, sig syscall.Signal) error {
	handle, err := os.FindProcess(e.pid)
	if err != nil {
		return err
	}
	defer handle.Release() // nothing to do about it
	if now, ok := readEntry(e.pid); !ok || now.tick != e.tick {
		return nil
	}
	return handle.Signal(sig)
}

func (c *chase) sudoKill(denied []entry, sig syscall.Signal) error {
	path := c.sudo
	if path == "" {
		path = "sudo"
	}
	args := []string{"-n", "--", "kill", "-" + strconv.Itoa(int(sig)), "--"}
	for _, e := range denied {
		args = append(args, strconv.Itoa(e.pid))
	}
	ctx, cancel := context.WithTimeout(context.Background(), sudoLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("not permitted, and sudo -n kill failed: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (c *chase) remaining(left []entry) error {
	why := make([]string, len(left))
	for i, e := range left {
		why[i] = fmt.Sprintf("%d (%s)", e.pid, e.name)
		if err := c.sent[e.pid].err; err != nil {
			why[i] += ": " + err.Error()
		}
	}
	return fmt.Errorf("still running after SIGKILL: %s", strings.Join(why, "; "))
}
