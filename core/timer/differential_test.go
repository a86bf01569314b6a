package timer_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core/timer"
)

// python is Debian's APScheduler as a process that answers one question a line.
type python struct {
	in  *json.Encoder
	out *bufio.Reader
}

type question struct {
	Fields map[string]any `json:"fields"`
	Zone   string         `json:"zone"`
	After  int64          `json:"after"`
}

type answer struct {
	Plain, Repaired *int64
	Error           string
}

func startPython(t *testing.T) *python {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/next.py")
	cmd.Env = append(os.Environ(), "PYTHONWARNINGS=ignore")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &python{json.NewEncoder(in), bufio.NewReader(out)}
}

func (p *python) ask(t *testing.T, q question) answer {
	t.Helper()
	if err := p.in.Encode(q); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("python3-apscheduler ended (is it installed? apt-get install python3-apscheduler): %v", err)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

var zones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Europe/Dublin",
	"Africa/Casablanca", "Asia/Tehran", "Asia/Beirut", "America/St_Johns", "Pacific/Apia", "Asia/Kolkata", "UTC",
}

// TestAPScheduler asks generated cron timers for their next times, mostly around changes
// of the clock, and holds them against APScheduler's: the one repaired where it passes
// days over (see Cron.pass) in all, the plain one in all but what it passes over.
// PETREL_DIFF_N sets how many timers, PETREL_DIFF_SEED repeats a run.
func TestAPScheduler(t *testing.T) {
	n, seed := envInt(t, "PETREL_DIFF_N", 600), envInt(t, "PETREL_DIFF_SEED", int(time.Now().UnixNano()&0xffffffff))
	py, gen := startPython(t), rand.New(rand.NewPCG(uint64(seed), 1))
	times, refused, passedOver, different := 0, 0, 0, 0
	for range n {
		q := question{Fields: randomFields(gen), Zone: zones[gen.IntN(len(zones))]}
		q.After = randomTime(t, gen, q.Zone)
		for range 5 {
			got, err := next(t, q)
			want := py.ask(t, q)
			times++
			if (err != nil) != (want.Error != "") || !equal(got, want.Repaired) || !equal(got, want.Plain) && !earlier(got, want.Plain) {
				different++
				t.Errorf("%+v: %s %v, want %s, plain %s (%s)", q, show(got), err, show(want.Repaired), show(want.Plain), want.Error)
			}
			if !equal(got, want.Plain) {
				passedOver++
			}
			if err != nil {
				refused++
			}
			if got == nil || different > 10 {
				break
			}
			q.After = *got
		}
	}
	fmt.Printf("cron timers against python3-apscheduler: seed %d, %d times of %d timers: %d timers refused by both, %d times that the plain library passes over after the clock was put forward, %d different\n",
		seed, times, n, refused, passedOver, different)
}

// next is the next time here, as the library's answers are told.
func next(t *testing.T, q question) (*int64, error) {
	t.Helper()
	fields := map[string]any{"timezone": q.Zone}
	for name, value := range q.Fields {
		fields[name] = value
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	s, err := timer.Parse(timer.CronType, raw, timer.Basis{})
	if err != nil {
		return nil, err
	}
	at := s.Next(time.Unix(q.After, 0))
	if at.IsZero() || at.Year() >= 2037 {
		return nil, nil
	}
	unix := at.Unix()
	return &unix, nil
}

func equal(a, b *int64) bool   { return a == b || a != nil && b != nil && *a == *b }
func earlier(a, b *int64) bool { return a != nil && (b == nil || *a < *b) }

func show(unix *int64) string {
	if unix == nil {
		return "never"
	}
	return time.Unix(*unix, 0).UTC().Format(time.RFC3339)
}

// randomTime is mostly a time within a few days of a change of the clock.
func randomTime(t *testing.T, gen *rand.Rand, zone string) int64 {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2012+gen.IntN(22), time.Month(1+gen.IntN(12)), 1+gen.IntN(28), gen.IntN(24), gen.IntN(60), gen.IntN(60), 0, loc)
	if _, end := at.ZoneBounds(); !end.IsZero() && end.Year() < 2036 && gen.IntN(4) > 0 {
		return end.Unix() - int64(gen.IntN([]int{40 * 86400, 2 * 86400, 7200}[gen.IntN(3)])) + int64(gen.IntN(7200))
	}
	return at.Unix()
}

func randomFields(gen *rand.Rand) map[string]any {
	fields := map[string]any{}
	for _, f := range []struct {
		name      string
		least     int
		most      int
		in100     int
		sometimes []string
	}{
		{"year", 2012, 2035, 5, nil},
		{"month", 1, 12, 20, []string{"mar", "MAR-apr", "oct-dec", "jan,jul", "3,10"}},
		{"day", 1, 31, 30, []string{"last", "1st mon", "last sun", "3rd Fri", "5th thu", "last,15", "2nd  wed , 4th wed", "1"}},
		{"week", 1, 53, 8, nil},
		{"day_of_week", 0, 6, 20, []string{"mon-fri", "sun", "SAT,sun", "fri,0", "mon"}},
		{"hour", 0, 23, 60, []string{"0", "1", "2", "3", "1-3", "*/2", "0,2"}},
		{"minute", 0, 59, 60, []string{"0", "30", "*/5", "*/15", "59"}},
		{"second", 0, 59, 25, []string{"0", "*/20", "59"}},
	} {
		switch roll := gen.IntN(100); {
		case roll >= f.in100:
		case f.sometimes != nil && gen.IntN(2) == 0:
			fields[f.name] = f.sometimes[gen.IntN(len(f.sometimes))]
		case gen.IntN(8) == 0:
			fields[f.name] = f.least + gen.IntN(f.most-f.least+1)
		default:
			fields[f.name] = randomList(gen, f.least, f.most)
		}
	}
	if len(fields) == 0 {
		fields["minute"] = "*/10"
	}
	return fields
}

func randomList(gen *rand.Rand, least, most int) string {
	list := make([]string, 1+gen.IntN(2))
	for i := range list {
		a := least + gen.IntN(most-least+1)
		b := a + gen.IntN(most-a+1)
		step := 1 + gen.IntN(max(1, (most-least)/3))
		list[i] = []string{"*", fmt.Sprint(a), fmt.Sprintf("%d-%d", a, b), fmt.Sprintf("*/%d", step), fmt.Sprintf("%d-%d/%d", a, b, step), fmt.Sprintf("%d/%d", a, step)}[gen.IntN(6)]
	}
	return strings.Join(list, ",")
}

func envInt(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
