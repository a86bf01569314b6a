package timer_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/timer"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// TestCron is the table of expressions; the times are those of APScheduler 3.9.1.
func TestCron(t *testing.T) {
	for _, c := range []struct{ parameters, after, want string }{
		{`{"minute":"*/15"}`, "2026-11-22T12:07:00Z", "12:15:00 12:30:00 12:45:00"},
		{`{"hour":5}`, "2026-11-22T12:00:00Z", "2026-11-23T05:00:00Z 2026-11-24T05:00:00Z"},
		{`{"second":0}`, "2026-11-22T12:00:00Z", "12:01:00 12:02:00"},
		{`{"day":"last"}`, "2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z 2028-03-31T00:00:00Z"},
		{`{"day":"3rd fri","hour":9}`, "2026-11-22T12:00:00Z", "2026-12-18T09:00:00Z 2027-01-15T09:00:00Z"},
		{`{"day":"last sun"}`, "2026-11-22T12:00:00Z", "2026-11-29T00:00:00Z 2026-12-27T00:00:00Z"},
		{`{"day":"5th thu"}`, "2026-11-22T12:00:00Z", "2026-12-31T00:00:00Z 2027-04-29T00:00:00Z"},
		{`{"day":"1st Mon, last"}`, "2026-11-22T12:00:00Z", "2026-11-30T00:00:00Z 2026-12-07T00:00:00Z 2026-12-31T00:00:00Z"},
		{`{"day_of_week":"mon-fri","hour":"8-18/5"}`, "2026-11-20T18:00:00Z", "2026-11-23T08:00:00Z 2026-11-23T13:00:00Z 2026-11-23T18:00:00Z 2026-11-24T08:00:00Z"},
		{`{"day_of_week":0,"hour":0}`, "2026-11-22T12:00:00Z", "2026-11-23T00:00:00Z 2026-11-30T00:00:00Z"},
		{`{"month":"jan-mar,Nov","day":1}`, "2026-11-22T12:00:00Z", "2027-01-01T00:00:00Z 2027-02-01T00:00:00Z 2027-03-01T00:00:00Z 2027-11-01T00:00:00Z"},
		{`{"week":53,"day_of_week":"sun"}`, "2026-11-22T12:00:00Z", "2027-01-03T00:00:00Z 2033-01-02T00:00:00Z"},
		{`{"year":2028,"month":2,"day":29}`, "2026-11-22T12:00:00Z", "2028-02-29T00:00:00Z"},
		{`{"month":2,"day":30}`, "2026-11-22T12:00:00Z", ""},
		{`{"year":2020}`, "2026-11-22T12:00:00Z", ""},
		{`{"hour":7,"timezone":"Asia/Kolkata"}`, "2026-11-22T12:00:00Z", "2026-11-23T01:30:00Z"},
		// What the wall does not show when the clock is put forward is told by the offset before.
		{`{"hour":2,"minute":30,"timezone":"Europe/Berlin"}`, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z 2026-03-30T00:30:00Z"},
		// What it shows twice is the second time.
		{`{"hour":2,"minute":30,"timezone":"Europe/Berlin"}`, "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z 2026-10-26T01:30:00Z"},
		{`{"hour":1,"minute":45,"timezone":"Australia/Lord_Howe"}`, "2026-04-04T00:00:00Z", "2026-04-04T15:15:00Z 2026-04-05T15:15:00Z"},
		{`{"hour":0,"timezone":"America/Sao_Paulo"}`, "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z"},
	} {
		t.Run(c.parameters, func(t *testing.T) {
			s, err := timer.Parse(timer.CronType, json.RawMessage(c.parameters), timer.Basis{})
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Fields(c.want)
			after := at(t, c.after)
			var got []string
			for _, next := range timer.Upcoming(s, after, max(1, len(want))) {
				text := next.Format(time.RFC3339)
				if len(want) > 0 && len(want[0]) == len("12:00:00") {
					text = next.Format(time.TimeOnly)
				}
				got = append(got, text)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestMidnightAfterTheClockWasPutForward is where APScheduler passes a day, or a month, over.
func TestMidnightAfterTheClockWasPutForward(t *testing.T) {
	for parameters, want := range map[string]string{
		`{"hour":0,"timezone":"Europe/Berlin"}`:                     "2026-03-29T22:00:00Z",
		`{"day":1,"timezone":"Europe/Berlin"}`:                      "2026-03-31T22:00:00Z",
		`{"day_of_week":"mon","hour":0,"timezone":"Europe/Berlin"}`: "2026-03-29T22:00:00Z",
	} {
		s, err := timer.Parse(timer.CronType, json.RawMessage(parameters), timer.Basis{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Next(at(t, "2026-03-28T23:00:00Z")).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", parameters, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ typeRef, parameters, field, want string }{
		{timer.CronType, `{}`, "minute", "at least one of"},
		{timer.CronType, `{"hour":"24"}`, "hour", "a number from 0 to 23"},
		{timer.CronType, `{"hour":99999999999999999999}`, "hour", "a number from 0 to 23"},
		{timer.CronType, `{"minute":"*/0"}`, "minute", "a step of 0"},
		{timer.CronType, `{"minute":"*/60"}`, "minute", "at most 59"},
		{timer.CronType, `{"minute":"10-12/5"}`, "minute", "at most 2"},
		{timer.CronType, `{"hour":"22-4"}`, "hour", `"22-23,0-4"`},
		{timer.CronType, `{"day_of_week":"fri-mon"}`, "day_of_week", `"fri-sun,mon-mon"`},
		{timer.CronType, `{"day_of_week":"monday"}`, "day_of_week", `"monday" is none of mon, tue`},
		{timer.CronType, `{"day_of_week":"mon-fri/2"}`, "day_of_week", "is not understood"},
		{timer.CronType, `{"day_of_week":7}`, "day_of_week", "a number from 0 to 6"},
		{timer.CronType, `{"month":"janu"}`, "month", "none of jan"},
		{timer.CronType, `{"day":"2nd foo"}`, "day", `"foo" is none of mon`},
		{timer.CronType, `{"day":"6th fri"}`, "day", `such as "3rd fri"`},
		{timer.CronType, `{"day":"0"}`, "day", "a number from 1 to 31"},
		{timer.CronType, `{"second":""}`, "second", "is not understood"},
		{timer.CronType, `{"second":true}`, "second", "needs to be text"},
		{timer.CronType, `{"hour":1,"timezone":"Europe/Brelin"}`, "timezone", "Europe/Berlin"},
		{timer.CronType, `{"hour":1,"timezone":"Local"}`, "timezone", "is no time zone"},
		{timer.CronType, `{"hour":1,"timezone":"../../etc/passwd"}`, "timezone", "is no time zone"},
		{timer.IntervalType, `{"unit":"seconds","delta":0}`, "delta", "at least 1"},
		{timer.IntervalType, `{"unit":"seconds","delta":-5}`, "delta", "at least 1"},
		{timer.IntervalType, `{"unit":"weeks","delta":5300}`, "delta", "at most 5214"},
		{timer.IntervalType, `{"unit":"days","delta":99999999999999999999}`, "delta", "at most 36500"},
		{timer.IntervalType, `{"unit":"days","delta":"5"}`, "delta", "whole number"},
		{timer.IntervalType, `{"unit":"days"}`, "delta", "whole number"},
		{timer.IntervalType, `{"unit":"day","delta":5}`, "unit", `did you mean "days"`},
		{timer.IntervalType, `{"delta":5}`, "unit", "write one of weeks"},
		{timer.DateType, `{"date":"next week"}`, "date", "2030-01-31 08:00:00"},
		{timer.DateType, `{}`, "date", "2030-01-31 08:00:00"},
	} {
		_, err := timer.Parse(c.typeRef, json.RawMessage(c.parameters), timer.Basis{})
		var e *core.Error
		if !errors.As(err, &e) || e.Kind != core.Invalid || e.Field != "trigger.parameters."+c.field ||
			!strings.HasPrefix(e.Msg, e.Field) || !strings.Contains(e.Msg, c.want) {
			t.Errorf("%s: %v, want it to name %s and to say %q", c.parameters, err, c.field, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"2030-01-31":                      "2030-01-30T23:00:00Z",
		"2030-07-31 08:00:00":             "2030-07-31T06:00:00Z",
		"2030-01-31T08:00":                "2030-01-31T07:00:00Z",
		"2030-01-31 08:00:00.25":          "2030-01-31T07:00:00.25Z",
		"2030-01-31T08:00:00Z":            "2030-01-31T08:00:00Z",
		"2030-01-31 08:00:00+02:00":       "2030-01-31T06:00:00Z",
		"2030-01-31T08:00:00.123456-0530": "2030-01-31T13:30:00.123456Z",
		"2030-01-31 08:00:00 UTC":         "2030-01-31T08:00:00Z",
		"20300131T080000":                 "2030-01-31T07:00:00Z",
		"Thu, 31 Jan 2030 08:00:00 GMT":   "2030-01-31T08:00:00Z",
		"2030-03-31 02:30:00":             "2030-03-31T01:30:00Z", // not on the wall
		"2030-10-27 02:30:00":             "2030-10-27T01:30:00Z", // twice
	} {
		s, err := timer.Parse(timer.DateType, json.RawMessage(`{"timezone":"Europe/Berlin","date":"`+text+`"}`), timer.Basis{})
		if err != nil {
			t.Error(err)
			continue
		}
		got := s.Next(time.Time{})
		if got.Format(time.RFC3339Nano) != want || !s.Next(got).IsZero() {
			t.Errorf("%s: %s, want %s, once", text, got.Format(time.RFC3339Nano), want)
		}
	}
}

// anySchedule draws a schedule with its anchor.
func anySchedule(t *rapid.T, anchor time.Time) timer.Schedule {
	if rapid.Bool().Draw(t, "interval") {
		return timer.Interval{Anchor: anchor, Every: time.Duration(rapid.IntRange(1, 5000).Draw(t, "seconds")) * time.Second}
	}
	parameters := rapid.SampledFrom([]string{
		`{"second":"*/7"}`, `{"minute":"*/5"}`, `{"minute":"1,2,3,40"}`, `{"hour":2,"minute":30}`, `{"hour":0}`, `{"day":1}`,
	}).Draw(t, "cron")
	zone, _ := time.LoadLocation(rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"}).Draw(t, "zone"))
	s, err := timer.Parse(timer.CronType, json.RawMessage(parameters), timer.Basis{Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPlans lets servers come and go: all fires each time once and in order, last and
// skip fire a part of them, and what is noticed in time every policy fires.
func TestPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		anchor := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 1<<40).Draw(t, "µs since")) * time.Microsecond % (300 * 24 * time.Hour))
		s := anySchedule(t, anchor)
		policy := rapid.SampledFrom([]timer.Policy{timer.Skip, timer.Last, timer.All}).Draw(t, "policy")
		now, settled := anchor, anchor
		next := s.Next(anchor) // the next time that all would fire
		for range rapid.IntRange(1, 12).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 100, 5000, 40_000}).Draw(t, "seconds away")) * time.Second)
			for {
				plan := policy.Due(s, settled, now)
				passed := 0
				for ; !next.After(now) && (len(plan.Fire) == 0 || !next.Equal(plan.Fire[0])); next = s.Next(next) {
					passed++
					if policy == timer.All || now.Sub(next) <= timer.Grace {
						t.Fatalf("%s passed over %v at %v: %+v", policy, next, now, plan)
					}
				}
				if passed != plan.Missed && plan.Missed < timer.MostMissed-1 {
					t.Fatalf("%s passed over %d and says %d", policy, passed, plan.Missed)
				}
				for _, f := range plan.Fire {
					if !f.Equal(next) || policy == timer.Skip && now.Sub(f) > timer.Grace {
						t.Fatalf("%s fired %v at %v, want %v: %+v", policy, f, now, next, plan)
					}
					next = s.Next(next)
				}
				if plan.Settled.IsZero() {
					break
				}
				settled = plan.Settled
			}
		}
	})
}

// TestLongAbsence does not go through all that was missed.
func TestLongAbsence(t *testing.T) {
	anchor := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	s := timer.Interval{Anchor: anchor, Every: time.Second}
	now := anchor.AddDate(40, 0, 0).Add(500 * time.Millisecond)
	plan := timer.Last.Due(s, anchor, now.Add(-time.Hour))
	if got := plan.Settled; !got.Equal(now.Add(-time.Hour-500*time.Millisecond)) || len(plan.Fire) == 0 {
		t.Errorf("%+v", plan)
	}
	yearly, err := timer.Parse(timer.CronType, json.RawMessage(`{"month":6}`), timer.Basis{})
	if err != nil {
		t.Fatal(err)
	}
	plan = timer.Last.Due(yearly, anchor, now)
	if want := time.Date(2029, 6, 1, 0, 0, 0, 0, time.UTC); len(plan.Fire) != 1 || !plan.Fire[0].Equal(want) || plan.Missed != 39 {
		t.Errorf("%+v", plan)
	}
}

func TestPolicies(t *testing.T) {
	for text, want := range map[string]timer.Policy{"": timer.Skip, "skip": timer.Skip, "last": timer.Last, "all": timer.All} {
		if got, err := timer.ParsePolicy(text); got != want || err != nil {
			t.Errorf("%q: %s %v", text, got, err)
		}
	}
	if _, err := timer.ParsePolicy("al"); err == nil || !strings.Contains(err.Error(), "skip, last or all") {
		t.Error(err)
	}
}
