package specimen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
)

// Kept is what the datastore has answered.
type Kept struct {
	Before string   `json:"before"` // of the key, before it is changed
	Stored Inner    `json:"stored"`
	Keys   []string `json:"keys"`
	Gone   bool     `json:"gone"` // whether a second key was there to be deleted
}

// Key is the key to use.
type Key struct {
	Key string `json:"key" required:"true"`
}

func keep(ctx context.Context, in Key) (Kept, error) {
	var k Kept
	var err error
	kv := sdk.KV(ctx)
	if k.Before, _, err = kv.Get(in.Key); err != nil {
		return k, err
	}
	if err := kv.SetJSON(in.Key, Inner{"kept", 7}, sdk.TTL(time.Minute)); err != nil {
		return k, err
	}
	if _, err := kv.GetJSON(in.Key, &k.Stored); err != nil {
		return k, err
	}
	if err := kv.Set(in.Key+".second", "hush", sdk.Encrypted()); err != nil {
		return k, err
	}
	if k.Keys, err = kv.List(in.Key); err != nil {
		return k, err
	}
	k.Gone, err = kv.Delete(in.Key + ".second")
	return k, err
}

func secret(ctx context.Context, in Key) (Message, error) {
	value, err := sdk.Secret(ctx, in.Key)
	return Message{value}, err
}

// Page is what to ask a web server.
type Page struct {
	URL  string `json:"url" required:"true"`
	Body string `json:"body"`
}

// Fetched is what it has answered.
type Fetched struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	At     string `json:"at"` // the URL after redirects
}

// maxHops is how many redirects fetch follows.
const maxHops = 5

// fetch follows redirects itself: package web would, too, but net/http is three quarters of
// a module that has it, and every test compiles this one.
func fetch(ctx context.Context, in Page) (Fetched, error) {
	q := wire.HTTP{Method: "GET", URL: in.URL, Header: map[string][]string{"X-Specimen": {"yes"}}}
	if in.Body != "" {
		q.Method, q.Body = "POST", []byte(in.Body)
	}
	for range maxHops {
		var r wire.HTTPReply
		if err := sdk.Ask(ctx, wire.OpHTTP, q, &r); err != nil {
			return Fetched{}, err
		}
		if r.Status/100 != 3 {
			return Fetched{r.Status, string(r.Body), q.URL}, nil
		}
		at, err := url.Parse(q.URL)
		if err != nil {
			return Fetched{}, err
		}
		next, err := at.Parse(r.Header["Location"][0])
		if err != nil {
			return Fetched{}, err
		}
		q.URL = next.String()
	}
	return Fetched{}, errors.New("too many redirects")
}

// Other is another action.
type Other struct {
	Action string         `json:"action" required:"true"`
	Params map[string]any `json:"params"`
}

// Ran is how it ended.
type Ran struct {
	ID     string          `json:"id"`
	Status string          `json:"status"`
	Result json.RawMessage `json:"result"`
}

func run(ctx context.Context, in Other) (Ran, error) {
	e, err := sdk.Run(ctx, in.Action, in.Params)
	return Ran(e), err
}

// Nap is when a sleep began and how long it was by the host's clock.
type Nap struct {
	Began time.Time    `json:"began"`
	Slept sdk.Duration `json:"slept"`
}

// Length is how long to sleep.
type Length struct {
	Length sdk.Duration `json:"length"`
}

func nap(ctx context.Context, in Length) (Nap, error) {
	began := sdk.Now(ctx)
	err := sdk.Sleep(ctx, in.Length.Std())
	return Nap{began, sdk.Duration(sdk.Now(ctx).Sub(began))}, err
}

// Crowd is how many goroutines to start.
type Crowd struct {
	Size int `json:"size"`
}

func crowd(ctx context.Context, in Crowd) (sdk.None, error) {
	done := make(chan error)
	for i := range in.Size {
		go func() { done <- sdk.KV(ctx).Set(fmt.Sprintf("crowd.%d", i), fmt.Sprint(i)) }()
	}
	var errs []error
	for range in.Size {
		errs = append(errs, <-done)
	}
	return sdk.None{}, errors.Join(errs...)
}
