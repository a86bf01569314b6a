package filewatch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// TestRandomLives lets random things happen to a file and to the sensor; every complete
// line has to arrive once. What no tail could know is not asked for: a second rotation
// that nobody saw the first of, or a truncation of lines that were not read and not copied.
func TestRandomLives(t *testing.T) {
	seeds := []uint64{rand.Uint64()}
	for s := range uint64(12) {
		seeds = append(seeds, s)
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := &life{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 0))}
			l.start()
			l.watched(l.path("app.log"))
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(l.did, "\n", l.want)
				}
			})
			for range 60 {
				l.step()
			}
			l.run()
			l.expect(l.want...)
		})
	}
}

// life is a file called app.log to which things happen.
type life struct {
	*world
	r       *rand.Rand
	n       int
	want    []string
	partial string // of the current file
	did     []string
	old     []string
}

func (l *life) step() {
	what := l.r.IntN(12)
	l.did = append(l.did, fmt.Sprintf("%d at %d", what, l.n))
	switch what {
	case 0, 1, 2, 3:
		for range 1 + l.r.IntN(4) {
			l.line()
		}
	case 4:
		l.n++
		part := fmt.Sprintf("<%d", l.n)
		l.partial += part
		l.add("app.log", part)
	case 5:
		l.rotate()
	case 6:
		if l.readAll() {
			l.line()
			l.n++
			l.copyTruncate("app.log", fmt.Sprintf("app.log.%d", l.n))
			l.partial = ""
		}
	case 7:
		if l.readAll() {
			l.write("app.log", "", os.O_TRUNC)
			l.partial = ""
		}
	case 8:
		if l.readAll() {
			os.Remove(l.path("app.log"))
			l.partial = ""
		}
	case 9, 10:
		l.toggle()
	case 11:
		if len(l.old) > 0 && l.end != nil { // a writer that notices the rotation late
			l.late()
		}
	}
}

func (l *life) line() {
	l.n++
	text := fmt.Sprintf("line %d", l.n)
	l.want = append(l.want, l.partial+text)
	l.partial = ""
	l.add("app.log", text+"\n")
}

func (l *life) late() {
	l.n++
	text := fmt.Sprintf("late %d", l.n)
	l.want = append(l.want, text)
	l.add(l.old[len(l.old)-1], text+"\n")
}

func (l *life) run() {
	if l.end == nil {
		l.start()
	}
}

func (l *life) toggle() {
	if l.end == nil {
		l.start()
		return
	}
	l.stop()
}

// readAll waits until everything is read, and so the current file is known to the sensor;
// false when there is none.
func (l *life) readAll() bool {
	if _, err := os.Stat(l.path("app.log")); err != nil {
		return false
	}
	l.run()
	l.line()
	l.await("all lines", func() bool { return len(l.lines) >= len(l.want) })
	return true
}

// rotate renames the file, perhaps with unread lines and perhaps while no sensor runs.
func (l *life) rotate() {
	if !l.readAll() {
		return
	}
	if l.r.IntN(2) == 0 {
		l.line()
	}
	if l.r.IntN(2) == 0 {
		l.toggle()
	}
	if l.partial != "" { // else the late writer would end it
		l.line()
	}
	l.n++
	name := fmt.Sprintf("app.log.%d", l.n)
	l.rename("app.log", name)
	l.old = append(l.old, name)
	l.line()
}
