package auth

import (
	"sync"
	"time"
)

// A user may fail this often within this time before logins are refused.
const (
	maxFailures = 10
	failWindow  = time.Minute
	maxTracked  = 10_000 // users with recent failures; beyond it the oldest are forgotten
)

// throttle counts failed logins per user. Its zero value is ready.
type throttle struct {
	mu    sync.Mutex
	users map[string]*failures
}

type failures struct {
	since time.Time
	n     int
}

// wait returns how long logins of a user are still refused; 0 when they are not.
func (t *throttle) wait(user string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.users[user]
	if f == nil || f.n < maxFailures {
		return 0
	}
	return max(0, f.since.Add(failWindow).Sub(now))
}

func (t *throttle) failed(user string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.users == nil {
		t.users = map[string]*failures{}
	}
	f := t.users[user]
	if f == nil || now.Sub(f.since) >= failWindow {
		t.makeRoom(now)
		f = &failures{since: now}
		t.users[user] = f
	}
	f.n++
}

func (t *throttle) succeeded(user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.users, user)
}

// makeRoom forgets what is over, and if that does not help everybody who is not
// refused, so that made-up names cannot fill the memory.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.users) < maxTracked {
		return
	}
	for user, f := range t.users {
		if now.Sub(f.since) >= failWindow || f.n < maxFailures {
			delete(t.users, user)
		}
	}
	if len(t.users) >= maxTracked {
		clear(t.users)
	}
}
