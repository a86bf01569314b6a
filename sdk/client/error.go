package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// Error is an answer that says no.
type Error struct {
	Status  int    // HTTP status code
	Message string // the server's faultstring; "" when the body was not an error document
	URL     string
}

// Error is worded as StackStorm's client words it, because scripts match it.
func (e *Error) Error() string {
	who := "Client"
	if e.Status >= 500 {
		who = "Server"
	}
	head := fmt.Sprintf("%d %s Error: %s", e.Status, who, http.StatusText(e.Status))
	if e.Message == "" {
		return fmt.Sprintf("%s\nUnable to retrieve detailed message from the HTTP response. It came for url: %s", head, e.URL)
	}
	return fmt.Sprintf("%s\nMESSAGE: %s for url: %s", head, e.Message, e.URL)
}

// StatusOf is the HTTP status behind err, 0 when err is not an [Error].
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func errorOf(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode, URL: resp.Request.URL.Redacted()}
	var body struct {
		Fault string `json:"faultstring"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&body) == nil {
		e.Message = body.Fault
	}
	return e
}

// Unreachable is a request that got no answer at all.
type Unreachable struct {
	URL string // scheme, host and port
	Err error
}

func (u *Unreachable) Error() string { return fmt.Sprintf("cannot reach %s: %s", u.URL, u.Reason()) }
func (u *Unreachable) Unwrap() error { return u.Err }

// Reason is the failure in a few words, without the request repeated.
func (u *Unreachable) Reason() string {
	var dns *net.DNSError
	switch {
	case u.Refused():
		return "connection refused"
	case errors.As(u.Err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.Is(u.Err, context.DeadlineExceeded):
		return "no answer in time"
	}
	var wrapped *url.Error
	if errors.As(u.Err, &wrapped) {
		return wrapped.Err.Error()
	}
	return u.Err.Error()
}

func unreachable(u *url.URL, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &Unreachable{URL: u.Scheme + "://" + u.Host, Err: err}
}

// Refused says that nobody listens at the address.
func (u *Unreachable) Refused() bool { return errors.Is(u.Err, syscall.ECONNREFUSED) }

// Untrusted says that the server's certificate could not be verified.
func (u *Unreachable) Untrusted() bool {
	var bad *tls.CertificateVerificationError
	return errors.As(u.Err, &bad)
}
