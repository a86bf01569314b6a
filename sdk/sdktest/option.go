package sdktest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// Option sets up a Host.
type Option func(*Host)

// Config is the pack's configuration: anything that JSON makes an object of.
func Config(config any) Option {
	return func(h *Host) {
		h.t.Helper()
		raw, err := json.Marshal(config)
		if err != nil {
			h.t.Fatalf("the configuration: %v", err)
		}
		h.config = raw
	}
}

// Secrets are those the pack may read, by name.
func Secrets(secrets map[string]string) Option {
	return func(h *Host) { maps.Copy(h.secrets, secrets) }
}

// Keys are in the datastore at the start, by the names the pack calls them.
func Keys(keys map[string]string) Option {
	return func(h *Host) {
		for key, value := range keys {
			h.keys[key] = kept{value: value}
		}
	}
}

// At is the time at the start, instead of 2026-01-01 00:00 UTC.
func At(now time.Time) Option { return func(h *Host) { h.now = now } }

// Site answers the pack's HTTP requests, whatever machine they are for.
func Site(site http.Handler) Option {
	return func(h *Host) {
		h.web = func(ctx context.Context, r wire.HTTP) wire.Reply { return serve(ctx, site, r) }
	}
}

// Recorded answers the pack's HTTP requests from a file such as testdata/github.json. Each
// answer serves one request of the same method, URL and body. A request that is not in the
// file fails the test. With -update requests go to the real servers, and the file is
// written anew when the test has passed; secrets are written as their names.
func Recorded(file string) Option {
	return func(h *Host) {
		h.t.Helper()
		h.web = openTape(h.t, file, h.secrets).answer
	}
}

// Runs carries out the actions that the pack asks for: it returns the result of one, or why
// it failed.
func Runs(run func(action string, params json.RawMessage) (any, error)) Option {
	return func(h *Host) { h.run = run }
}
