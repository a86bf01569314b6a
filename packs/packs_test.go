package packs_test

import (
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/schema"
	"github.com/petrelhq/petrel/packs"
)

func shipped(t *testing.T) map[string]*pack.Content {
	t.Helper()
	dirs, err := fs.ReadDir(packs.Shipped, ".")
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]*pack.Content{}
	for _, dir := range dirs {
		sub, err := fs.Sub(packs.Shipped, dir.Name())
		if err != nil {
			t.Fatal(err)
		}
		c, errs := pack.Read(sub, dir.Name())
		if len(errs) > 0 || len(c.Warnings) > 0 {
			t.Errorf("%s: errors %v, warnings %v", dir.Name(), errs, c.Warnings)
		}
		contents[dir.Name()] = c
	}
	return contents
}

func TestShippedPacksAreSound(t *testing.T) {
	for name, c := range shipped(t) {
		if c.Pack.Ref != name {
			t.Errorf("%s has the ref %s", name, c.Pack.Ref)
		}
		for _, a := range c.Actions {
			if a.Description == "" || !a.Enabled {
				t.Errorf("%s: enabled %v, description %q", a.Ref(), a.Enabled, a.Description)
			}
		}
		for _, tt := range c.TriggerTypes {
			for _, s := range []map[string]any{tt.Parameters, tt.Payload} {
				if _, err := schema.CompileObject(s); err != nil {
					t.Errorf("%s: %v", tt.Ref(), err)
				}
			}
		}
	}
}

func TestTriggersOfCoreAreThoseOfStackStorm(t *testing.T) {
	var triggers, parametrised []string
	for _, tt := range shipped(t)["core"].TriggerTypes {
		triggers = append(triggers, tt.Name)
		if tt.Parametrised() {
			parametrised = append(parametrised, tt.Name)
		}
	}
	slices.Sort(triggers)
	slices.Sort(parametrised)
	if diff := cmp.Diff([]string{"st2.CronTimer", "st2.DateTimer", "st2.IntervalTimer", "st2.action.file_written", "st2.generic.actiontrigger",
		"st2.generic.inquiry", "st2.generic.notifytrigger", "st2.key_value_pair.create", "st2.key_value_pair.delete", "st2.key_value_pair.update",
		"st2.key_value_pair.value_change", "st2.sensor.process_exit", "st2.sensor.process_spawn", "st2.webhook"}, triggers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"st2.CronTimer", "st2.DateTimer", "st2.IntervalTimer", "st2.webhook"}, parametrised); diff != "" {
		t.Error(diff)
	}
}

func TestParametersOfCoreTriggers(t *testing.T) {
	types := map[string]*schema.Object{}
	for _, tt := range shipped(t)["core"].TriggerTypes {
		o, err := schema.CompileObject(tt.Parameters)
		if err != nil {
			t.Fatal(err)
		}
		types[tt.Name] = o
	}
	for _, c := range []struct {
		trigger string
		values  map[string]any
		want    string
	}{
		{"st2.webhook", map[string]any{"url": "sample"}, ""},
		{"st2.webhook", map[string]any{"url": "sample", "delivery_id_header": "X-GitHub-Delivery"}, ""},
		{"st2.webhook", map[string]any{}, "'url' is a required property"},
		{"st2.webhook", map[string]any{"url": "a", "uri": "b"}, "Additional properties are not allowed ('uri' was unexpected)"},
		{"st2.IntervalTimer", map[string]any{"unit": "seconds", "delta": 5}, ""},
		{"st2.IntervalTimer", map[string]any{"unit": "years", "delta": 5}, "'years' is not one of ['weeks', 'days', 'hours', 'minutes', 'seconds']"},
		{"st2.DateTimer", map[string]any{"date": "2030-01-01 00:00:00", "timezone": "UTC"}, ""},
		{"st2.CronTimer", map[string]any{"hour": 5, "day_of_week": "mon-fri"}, ""},
		{"st2.CronTimer", map[string]any{"hour": 24}, "24 is greater than the maximum of 23"},
	} {
		got := ""
		if err := types[c.trigger].Check(c.values); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.trigger, c.values, got, c.want)
		}
	}
}
