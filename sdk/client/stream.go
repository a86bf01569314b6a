package client

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Names of events on the stream.
const (
	EventExecutionUpdate = "st2.execution__update"
	EventOutput          = "st2.execution.output__create"
	EventEOF             = "EOF" // an output stream has nothing more to say
)

// EventQuery selects events of the stream. The zero value is what the server sends by default.
type EventQuery struct {
	Events     []string // names, shell globs allowed
	Actions    []string // refs
	Executions []string // ids
	Until      string   // id of the execution whose end closes the stream
}

func (q EventQuery) values() url.Values {
	v := url.Values{}
	set := func(name string, list []string) {
		if len(list) > 0 {
			v.Set(name, strings.Join(list, ","))
		}
	}
	set("events", q.Events)
	set("action_refs", q.Actions)
	set("execution_ids", q.Executions)
	if q.Until != "" {
		v.Set("end_event", EventExecutionUpdate)
		v.Set("end_execution_id", q.Until)
	}
	return v
}

// Events attaches to the event stream. When it returns, the server is listening for us:
// what happens from now on will be seen. It ends with ctx.
func (c *Client) Events(ctx context.Context, q EventQuery) (*Stream, error) {
	return c.stream(ctx, "/stream", q.values())
}

// OutputEvents follows the output of execution id: what is stored first, then what comes,
// then EventEOF.
func (c *Client) OutputEvents(ctx context.Context, id, kind string) (*Stream, error) {
	query := url.Values{}
	if kind != "" {
		query.Set("output_type", kind)
	}
	return c.stream(ctx, Path("executions", id, "output"), query)
}

func (c *Client) stream(ctx context.Context, path string, query url.Values) (*Stream, error) {
	resp, err := c.send(ctx, call{method: http.MethodGet, base: c.cfg.Stream, path: path, query: query})
	if err != nil {
		return nil, err
	}
	return &Stream{body: resp.Body, lines: bufio.NewReader(resp.Body), from: resp.Request.URL}, nil
}

// Event is one frame of the stream.
type Event struct {
	Name string
	Data []byte
}

// Object reads the frame's data.
func (e Event) Object() (Object, error) {
	var o Object
	err := decode(e.Data, &o)
	return o, err
}

// Stream is an open event stream. One goroutine may read it.
type Stream struct {
	body  io.ReadCloser
	lines *bufio.Reader
	from  *url.URL
}

// Next blocks for the next event; heartbeats pass unseen. It returns io.EOF after the
// server has closed the stream.
func (s *Stream) Next() (Event, error) {
	var e Event
	for {
		line, err := s.lines.ReadBytes('\n')
		if err == io.EOF {
			return Event{}, io.EOF
		}
		if err != nil {
			return Event{}, unreachable(s.from, err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && e.Name != "" {
			return e, nil
		}
		e.take(line)
	}
}

func (e *Event) take(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		e.Name = string(value)
	case "data":
		if e.Data != nil {
			e.Data = append(e.Data, '\n')
		}
		e.Data = append(e.Data, value...)
	}
}

// Close ends the stream.
func (s *Stream) Close() error { return s.body.Close() }
