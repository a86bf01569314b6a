// Package web is HTTP for packs: what net/http does, done by the host, which lets through
// what the pack was granted.
//
// It stands apart from package sdk because net/http makes a WASM module three times as big.
package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
)

// MaxBody is how many bytes the body of a request may have.
const MaxBody = 16 << 20

// Client returns a client whose requests the host carries out. It follows redirects, and
// the host checks every hop.
func Client(ctx context.Context) *http.Client { return &http.Client{Transport: Transport(ctx)} }

// Transport is what carries requests to the host. They end with ctx, whatever their own
// context is. Bodies are held in memory, both ways.
func Transport(ctx context.Context) http.RoundTripper { return transport{ctx} }

type transport struct{ ctx context.Context }

// RoundTrip has the host carry out one request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := whole(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.Context(), func() { cancel(context.Cause(r.Context())) })()
	header := http.Header{}
	maps.Copy(header, r.Header)
	if r.Host != "" && r.Host != r.URL.Host {
		header.Set("Host", r.Host)
	}
	ask := wire.HTTP{Method: r.Method, URL: r.URL.String(), Header: header, Body: body}
	if deadline, ok := r.Context().Deadline(); ok {
		ask.Timeout = max(1, time.Until(deadline).Nanoseconds()) // a module that waits for the host sees no timer
	}
	var reply wire.HTTPReply
	if err := sdk.Ask(ctx, wire.OpHTTP, ask, &reply); err != nil {
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		return nil, err
	}
	return response(r, reply), nil
}

// whole reads and closes the body of a request.
func whole(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err == nil && len(body) > MaxBody {
		err = sdk.Errorf(sdk.TooLarge, "the body of a request to %s is larger than %d bytes", r.URL.Host, MaxBody)
	}
	return body, err
}

// response is the host's reply as net/http knows it.
func response(r *http.Request, reply wire.HTTPReply) *http.Response {
	header := http.Header{}
	for name, values := range reply.Header {
		for _, v := range values {
			header.Add(name, v)
		}
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", reply.Status, http.StatusText(reply.Status)),
		StatusCode: reply.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(reply.Body)),
		ContentLength: int64(len(reply.Body)),
		Request:       r,
	}
}
