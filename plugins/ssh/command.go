package ssh

import (
	"bytes"
	"crypto/rand"
	"strings"
	"sync"

	"github.com/petrelhq/petrel/plugins/shellarg"
)

// markName is the variable by which the processes of one run are found on a host.
const markName = "PETREL_SSH_RUN"

// newMark makes the mark of one run on one host.
func newMark() string { return rand.Text() }

// privilege is as whom a text runs on a host.
type privilege struct {
	sudo     bool
	password string
}

// fromInput is what a shell is asked to do that gets its text through its input. The text
// then has an empty input.
const fromInput = `eval "$(cat)"`

// whole is what a host is asked to run for a text that comes through the input: the text
// if all of it has come, up to the mark behind it. What a lost connection, or a cancel,
// cut off is another command, and is not run.
func whole(text, mark string) program {
	check := "t=$(cat); case $t in (*" + mark + `) printf %s "${t%` + mark + `}";; (*) echo false;; esac`
	return program{line: `eval "$(sh -c ` + shellarg.Quote(check) + `)"`, stdin: []byte(text + "\n" + mark)}
}

// program makes a shell text ready for a host. The login shell first prints announce, and
// the process group it leads.
//
// sudo with a password reads that from its input: what follows the line with the mark is
// the text, wherever sudo stopped reading. Without one sudo gets a terminal, as sudoers
// may require one. st2: runners reference 3, command sent and PTY.
// st2 differs: sudo never asks (-n), where StackStorm waits for an answer until the timeout.
func (p privilege) program(text, mark string) program {
	announce := "sh -c " + shellarg.Quote("echo "+announcement(mark)+"$PPID") + "\n"
	switch {
	case !p.sudo:
		return whole(announce+text, mark)
	case p.password == "":
		return program{line: announce + "sudo -n -E -- bash -c " + shellarg.Quote(text), tty: true}
	}
	read := `while IFS= read -r line && [ "$line" != ` + mark + ` ]; do :; done; ` + fromInput
	return whole(announce+
		"{ printf '%s\\n\\n%s\\n' "+shellarg.Quote(p.password)+" "+mark+"; printf '%s' "+shellarg.Quote(text)+"; } | "+
		"sudo -S -p '' -E -- bash -c "+shellarg.Quote(read), mark)
}

func announcement(mark string) string { return "petrel-" + mark + ":" }

// announced takes the announced process group out of what a program prints.
type announced struct {
	mark []byte
	next func([]byte)

	mu    sync.Mutex
	held  []byte        // may be the beginning of the announcement
	found chan struct{} // closed when group is known
	known bool
	group string
}

func newAnnounced(mark string, next func([]byte)) *announced {
	return &announced{mark: []byte(announcement(mark)), next: next, found: make(chan struct{})}
}

// Write implements io.Writer; it never fails.
func (a *announced) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known {
		a.next(b)
		return len(b), nil
	}
	a.held = append(a.held, b...)
	at := bytes.Index(a.held, a.mark)
	if at < 0 {
		a.pass(max(0, len(a.held)-len(a.mark)))
		return len(b), nil
	}
	line, rest, whole := bytes.Cut(a.held[at+len(a.mark):], []byte("\n"))
	if !whole {
		return len(b), nil
	}
	a.group, a.known = strings.TrimSpace(string(line)), true
	close(a.found)
	a.held = append(a.held[:at:at], rest...)
	a.pass(len(a.held))
	return len(b), nil
}

func (a *announced) pass(n int) {
	if n > 0 {
		a.next(a.held[:n])
		a.held = a.held[n:]
	}
}

// flush passes on what was held back, when no more will come.
func (a *announced) flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pass(len(a.held))
}

// newlines makes "\n" of a terminal's "\r\n".
type newlines struct {
	next func([]byte)
	held bool // a "\r" that may belong to a "\n"
}

func (n *newlines) write(b []byte) {
	out := make([]byte, 0, len(b)+1)
	if n.held {
		out = append(out, '\r')
	}
	out = append(out, b...)
	n.held = bytes.HasSuffix(out, []byte("\r"))
	if n.held {
		out = out[:len(out)-1]
	}
	if out = bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")); len(out) > 0 {
		n.next(out)
	}
}
