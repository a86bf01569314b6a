package main

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// target is where events are posted.
type target struct {
	addr  string // host:port
	path  string
	token string
	ok    int    // the status of success
	body  []byte // of every request; nil: an event
}

// event is the body of event number n: what a monitoring system might send.
func event(b []byte, n int) []byte {
	b = append(b, `{"number":`...)
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, `,"host":"web-12.example.net","check":"disk","level":"warning","value":91.5,"tags":["production","eu"],"message":"only 8.5 % left on /var"}`...)
}

// load posts n events from so many clients, each waiting for the answer before it goes
// on, and returns how long each request took.
func load(t target, clients, n int) ([]time.Duration, error) {
	c := &fasthttp.HostClient{Addr: t.addr, MaxConns: clients, MaxIdleConnDuration: time.Minute}
	defer c.CloseIdleConnections()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for range clients {
		wg.Go(func() {
			if err := t.client(c, &next, took); err != nil {
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	return took, <-errs
}

// client posts events until all are taken.
func (t target) client(c *fasthttp.HostClient, next *atomic.Int64, took []time.Duration) error {
	req, resp := t.request(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	var body, events []byte
	for {
		i := int(next.Add(1)) - 1
		if i >= len(took) {
			return nil
		}
		if body = t.body; body == nil {
			events = event(events[:0], i)
			body = events
		}
		req.SetBodyRaw(body)
		began := time.Now()
		if err := c.Do(req, resp); err != nil {
			return err
		}
		took[i] = time.Since(began)
		if resp.StatusCode() != t.ok {
			return fmt.Errorf("POST %s: status %d: %s", t.path, resp.StatusCode(), resp.Body())
		}
	}
}

func (t target) request() *fasthttp.Request {
	req := fasthttp.AcquireRequest()
	req.SetRequestURI("http://" + t.addr + t.path)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	if t.token != "" {
		req.Header.Set("X-Auth-Token", t.token)
	}
	return req
}
