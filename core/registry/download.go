package registry

import (
	"context"
	"io"
	"net/url"
	"os"

	"github.com/petrelhq/petrel/core"
)

// Fetch downloads an offer's archive to file, which must not exist. It is there only when
// its SHA-256 is that of the index. Errors are those of [Registry.Download].
func (r *Registry) Fetch(ctx context.Context, o *Offer, file string) (Sum, error) {
	if most := r.options.Limits.Archive; o.Release.Size > most {
		return Sum{}, core.Errorf(core.TooLarge, "%s %s is %d bytes large; more than %d are not taken", o.Name, o.Version, o.Release.Size, most)
	}
	sum, err := r.download(ctx, o.url, o.Release.SHA256, file)
	if err != nil {
		return sum, core.Errorf(core.KindOf(err), "%s %s: %w", o.Name, o.Version, err)
	}
	return sum, nil
}

// Download downloads the archive at an address (http, https, file, or an absolute path) to
// file, which must not exist, and returns what came. want is the SHA-256 it must have, or
// empty. Errors are Invalid (the address, or another SHA-256 than expected, with both),
// NotFound, Forbidden, TooLarge, or Unavailable after a second attempt.
func (r *Registry) Download(ctx context.Context, address, want, file string) (Sum, error) {
	u, err := parseAddress(address)
	if err != nil {
		return Sum{}, err
	}
	return r.download(ctx, u, want, file)
}

func (r *Registry) download(ctx context.Context, u *url.URL, want, file string) (Sum, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Download)
	defer cancel()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Sum{}, err
	}
	var sum Sum
	err = twice(ctx, func() (err error) {
		sum, err = r.copyTo(ctx, f, u)
		return err
	})
	if err == nil {
		err = sum.Check(want)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file) // the first error says more
		return Sum{}, err
	}
	return sum, nil
}

// copyTo makes f hold what lies at an address, whatever an earlier attempt left there.
func (r *Registry) copyTo(ctx context.Context, f *os.File, u *url.URL) (Sum, error) {
	b, err := r.open(ctx, u, "")
	if err != nil {
		return Sum{}, err
	}
	defer b.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return Sum{}, err
	}
	if err := f.Truncate(0); err != nil {
		return Sum{}, err
	}
	most, s := r.options.Limits.Archive, newSumming()
	if _, err := io.Copy(io.MultiWriter(f, s), io.LimitReader(b, most+1)); err != nil {
		return Sum{}, err
	}
	if s.size > most {
		return Sum{}, core.Errorf(core.TooLarge, "%s is larger than the %d bytes that an archive may have", u.Redacted(), most)
	}
	return s.sum(), nil
}
