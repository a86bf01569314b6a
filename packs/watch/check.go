package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/web"
)

// read is how much of an answer is searched for the text that should be in it.
const read = 1 << 20

// Answer is what a check found.
type Answer struct {
	Up           bool   `json:"up"`
	Status       int    `json:"status" doc:"0 when there was no answer"`
	Milliseconds int    `json:"milliseconds" doc:"How long it took"`
	Error        string `json:"error" doc:"What was wrong, empty when nothing was"`
}

func check(ctx context.Context, in Expectation) (Answer, error) {
	a := in.ask(ctx)
	if !a.Up {
		return a, sdk.Errorf(sdk.Failed, "%s: %s", in.URL, a.Error)
	}
	return a, nil
}

// ask sends the request and compares the answer with what is expected.
func (e Expectation) ask(ctx context.Context) Answer {
	began := sdk.Now(ctx)
	status, err := e.request(ctx)
	took := sdk.Now(ctx).Sub(began)
	if err == nil && took > e.Timeout.Std() { // a host that is asked cannot be interrupted
		err = fmt.Errorf("it took %v, longer than %v", took.Round(time.Millisecond), e.Timeout)
	}
	a := Answer{Up: err == nil, Status: status, Milliseconds: int(took.Milliseconds())}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// request returns the status of the answer, and an error when the answer is not right.
func (e Expectation) request(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout.Std())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, e.Method, e.URL, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "petrel-watch/1.0")
	resp, err := web.Client(ctx).Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if e.Status == 0 && resp.StatusCode >= 400 || e.Status != 0 && resp.StatusCode != e.Status {
		return resp.StatusCode, fmt.Errorf("it answers %s", resp.Status)
	}
	if e.Contains == "" {
		return resp.StatusCode, nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, read))
	if err == nil && !strings.Contains(string(text), e.Contains) {
		err = fmt.Errorf("the answer does not contain %q", e.Contains)
	}
	return resp.StatusCode, err
}
