package pack

import (
	"encoding/json"
	"testing"

	"github.com/petrelhq/petrel/core/schema"
)

// TestUnmaskedInLists: a secret in a list comes back as its mask, and stays what it was.
func TestUnmaskedInLists(t *testing.T) {
	var form, before, now map[string]any
	for text, into := range map[string]*map[string]any{
		`{"properties":{"users":{"items":{"properties":{"password":{"secret":true}}}}}}`:                       &form,
		`{"users":[{"name":"a","password":"x"},{"name":"b","password":"y"}]}`:                                  &before,
		`{"users":[{"name":"a","password":"` + schema.Masked + `"},{"name":"c","password":"z"},{"name":"d"}]}`: &now,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	got, err := json.Marshal(unmasked(now, before, form))
	if want := `{"users":[{"name":"a","password":"x"},{"name":"c","password":"z"},{"name":"d"}]}`; err != nil || string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
