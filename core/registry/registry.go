// Package registry finds and fetches packs: indexes, tarballs, digests.
//
// An [Index] is one static JSON document that says of each pack which versions there are,
// and of each version where its archive lies and what its SHA-256 is; [Build] makes one
// from a folder of packs. A [Registry] asks several of them, in order. [Pack] and [Unpack]
// make and open archives.
//
// The package knows archives only. Other ways to get at a pack (StackStorm's index of git
// repositories, git itself) find their place beside Release.URL.
package registry

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/petrelhq/petrel/core"
)

// Options say which indexes a Registry asks, and how. What is zero gets its default.
type Options struct {
	Indexes  []string      // http, https or file addresses or absolute paths, in order; one that ends with / is completed with index.json
	HTTP     *http.Client  // default: one of its own, with the proxies of the environment
	MaxAge   time.Duration // how long Search believes what it read before; default 1 min
	Timeout  time.Duration // for one index; default 15 s
	Download time.Duration // for one archive; default 10 min
	Limits   Limits        // Archive bounds what is downloaded; default DefaultLimits
	Now      func() time.Time
}

// maxIndex is the largest index document that is read, in bytes.
const maxIndex = 32 << 20

// Registry finds packs in indexes and fetches their archives. Its methods may be called
// from many goroutines.
type Registry struct {
	options Options
	shelves []*shelf
}

// New makes a Registry. The error is Invalid and names the index whose address is wrong.
func New(o Options) (*Registry, error) {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	client := *o.HTTP
	client.CheckRedirect = stayWithHTTPS
	o.HTTP = &client
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	o.MaxAge = cmp.Or(o.MaxAge, time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	o.Download = cmp.Or(o.Download, 10*time.Minute)
	r := &Registry{options: o}
	for i, address := range o.Indexes {
		u, err := parseAddress(address)
		if err != nil {
			return nil, core.FieldErrorf(fmt.Sprintf("indexes.%d", i), "index %d: %w", i+1, err)
		}
		if strings.HasSuffix(u.Path, "/") {
			u = u.JoinPath("index.json")
		}
		r.shelves = append(r.shelves, &shelf{url: u, turn: make(chan struct{}, 1)})
	}
	return r, nil
}

// parseAddress reads an address that says all: a URL or an absolute path.
func parseAddress(address string) (*url.URL, error) {
	if filepath.IsAbs(address) {
		return &url.URL{Scheme: "file", Path: filepath.ToSlash(address)}, nil
	}
	u, err := parseURL(address)
	switch {
	case err != nil:
		return nil, core.Errorf(core.Invalid, "the address %w", err)
	case u.Scheme == "" || u.Scheme != "file" && u.Host == "":
		return nil, core.Errorf(core.Invalid, "%q is no address: it needs to begin with https://, http:// or file:///, or to be an absolute path", address)
	case u.Scheme == "file" && (u.Host != "" || !strings.HasPrefix(u.Path, "/")):
		return nil, core.Errorf(core.Invalid, "%q names no file of this machine: three slashes stand before its path, as in file:///srv/packs/index.json", address)
	}
	return u, nil
}

// shelf is one index and what was last read of it.
type shelf struct {
	url  *url.URL
	turn chan struct{} // held while its other fields are used

	index *Index // nil before the first success
	etag  string
	read  time.Time
}

// copied is what is known of an index at a moment.
type copied struct {
	url   *url.URL
	index *Index    // nil when it could never be read
	read  time.Time // when the index was as it is here
	err   error     // why it could not be read now
}

// name is the index's address without a password.
func (c copied) name() string { return c.url.Redacted() }

// all asks every index at once, unless it was read less than maxAge ago.
func (r *Registry) all(ctx context.Context, maxAge time.Duration) []copied {
	copies := make([]copied, len(r.shelves))
	var wg sync.WaitGroup
	for i, s := range r.shelves {
		wg.Go(func() { copies[i] = r.look(ctx, s, maxAge) })
	}
	wg.Wait()
	return copies
}

func (r *Registry) look(ctx context.Context, s *shelf, maxAge time.Duration) copied {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return copied{url: s.url, err: ctx.Err()}
	}
	var err error
	if now := r.options.Now(); s.index == nil || now.Sub(s.read) >= maxAge {
		if err = r.refresh(ctx, s); err == nil {
			s.read = now
		}
	}
	return copied{url: s.url, index: s.index, read: s.read, err: err}
}

// refresh reads an index that may have changed.
func (r *Registry) refresh(ctx context.Context, s *shelf) error {
	d, err := r.document(ctx, s.url, s.etag)
	if err != nil || d.unchanged {
		return err
	}
	x, err := ParseIndex(d.body)
	if err != nil {
		return err
	}
	s.index, s.etag = x, d.etag
	return nil
}
