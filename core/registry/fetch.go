package registry

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/petrelhq/petrel/core"
)

// pause is between two attempts to fetch something.
const pause = 250 * time.Millisecond

// document is a small file that was fetched whole.
type document struct {
	body      []byte
	etag      string
	unchanged bool // since the ETag that was given; then without a body
}

// document fetches an index.
func (r *Registry) document(ctx context.Context, u *url.URL, etag string) (*document, error) {
	var d *document
	err := twice(ctx, func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
		d, err = r.attempt(ctx, u, etag)
		return err
	})
	return d, err
}

func (r *Registry) attempt(ctx context.Context, u *url.URL, etag string) (*document, error) {
	b, err := r.open(ctx, u, etag)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.unchanged {
		return &document{unchanged: true}, nil
	}
	raw, err := io.ReadAll(io.LimitReader(b, maxIndex+1))
	if err == nil && len(raw) > maxIndex {
		err = core.Errorf(core.TooLarge, "%s is larger than %d bytes", u.Redacted(), maxIndex)
	}
	return &document{body: raw, etag: b.etag}, err
}

// twice tries again what was Unavailable, once.
func twice(ctx context.Context, try func() error) error {
	err := try()
	if core.KindOf(err) != core.Unavailable {
		return err
	}
	select {
	case <-time.After(pause):
		return try()
	case <-ctx.Done():
		return err
	}
}

// body is what an address gave. What fails while it is read is Unavailable.
type body struct {
	io.ReadCloser
	name      string // for errors
	etag      string
	unchanged bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = core.Errorf(core.Unavailable, "%s broke off: %w", b.name, err)
	}
	return n, err
}

// open begins to read what lies at an address. Errors are NotFound, Forbidden, or
// Unavailable when another attempt may help.
func (r *Registry) open(ctx context.Context, u *url.URL, etag string) (*body, error) {
	if u.Scheme == "file" {
		return openFile(u)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "%s cannot be asked for", u.Redacted())
	}
	req.Header.Set("User-Agent", "petrel")
	req.Header.Set("Accept-Encoding", "identity") // an archive's bytes, as they were summed up
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := r.options.HTTP.Do(req)
	if err := cause(err); core.KindOf(err) == core.Forbidden {
		return nil, core.Errorf(core.Forbidden, "%s %w", u.Redacted(), err)
	} else if err != nil {
		return nil, core.Errorf(core.Unavailable, "%s does not answer: %w", u.Redacted(), err)
	}
	b := &body{ReadCloser: res.Body, name: u.Redacted(), etag: res.Header.Get("ETag"), unchanged: res.StatusCode == http.StatusNotModified}
	if err := refused(u, res); err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	return b, nil
}

// maxRedirects is how many are followed.
const maxRedirects = 10

// stayWithHTTPS follows redirects, but none that leaves https, not even for a hop.
func stayWithHTTPS(next *http.Request, before []*http.Request) error {
	if before[len(before)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return core.Errorf(core.Forbidden, "leads to an address without https: %s", next.URL.Redacted())
	}
	if len(before) > maxRedirects {
		return core.Errorf(core.Unavailable, "more than %d redirects", maxRedirects)
	}
	return nil
}

// cause is the error without the address, which may hold a password.
func cause(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// refused words an answer that is none.
func refused(u *url.URL, res *http.Response) error {
	name, code := u.Redacted(), res.StatusCode
	switch {
	case code == http.StatusOK || code == http.StatusNotModified:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return core.Errorf(core.NotFound, "%s does not exist: the server says %s", name, res.Status)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return core.Errorf(core.Forbidden, "%s may not be read from here: the server says %s", name, res.Status)
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		return core.Errorf(core.Unavailable, "%s cannot be read now: the server says %s", name, res.Status)
	}
	return core.Errorf(core.NotFound, "%s cannot be read: the server says %s", name, res.Status)
}

func openFile(u *url.URL) (*body, error) {
	path := filepath.FromSlash(u.Path)
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, core.Errorf(core.Invalid, "%s is no file but a folder: an index is named with its file, as in %s", path, filepath.Join(path, "index.json"))
	case err == nil && !info.Mode().IsRegular(): // a pipe would never answer
		return nil, core.Errorf(core.Invalid, "%s is no file", path)
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, core.Errorf(core.NotFound, "%s does not exist", path)
	case err != nil:
		return nil, core.Errorf(core.Forbidden, "%s cannot be read: %w", path, err)
	}
	return &body{ReadCloser: f, name: path}, nil
}
