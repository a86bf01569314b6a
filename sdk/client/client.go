// Package client speaks to Petrel's REST API with types of its own.
//
// It needs the standard library only and works against a StackStorm server as well.
// Resources travel as [Object], the JSON the server gave, because servers add attributes
// over time and nobody should lose them by reading and writing back; what programs
// touch most ([Execution], [Token], [Identity]) has a typed view.
//
//	c := client.New(client.At("http://127.0.0.1:9101"))
//	e, err := c.Run(ctx, client.RunRequest{Action: "core.local", Parameters: client.Object{"cmd": "date"}})
//	e, err = c.Wait(ctx, e.ID)
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config says where a server is and who is asking.
type Config struct {
	API    string // base URL of the API, such as http://127.0.0.1:9101/api/v1
	Auth   string // base URL that /tokens lies under
	Stream string // base URL that /stream lies under

	Token  string // sent as X-Auth-Token
	APIKey string // sent as St2-Api-Key; the server prefers Token when both are given

	ProxyUser *url.Userinfo // Basic credentials for a proxy in front of the server
	HTTP      *http.Client  // nil = http.DefaultClient
	Timeout   time.Duration // of one request, streams excepted; 0 = one minute
}

// At is the Config of a server with one listener at base, such as http://127.0.0.1:9101.
func At(base string) Config {
	base = strings.TrimRight(base, "/")
	return Config{API: base + "/api/v1", Auth: base + "/auth/v1", Stream: base + "/stream/v1"}
}

// Client speaks to one server. It may be used by several goroutines at once.
type Client struct {
	cfg  Config
	http *http.Client
}

// New makes a Client. It sends nothing yet.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	c := &Client{cfg: cfg, http: cfg.HTTP}
	if c.http == nil {
		c.http = http.DefaultClient
	}
	return c
}

// Within is the same client with another longest time of one request.
func (c *Client) Within(timeout time.Duration) *Client {
	other := *c
	other.cfg.Timeout = timeout
	return &other
}

// Page is one answer of a list: the items, and how many match in all (-1 when the server does not say).
type Page struct {
	Items []Object
	Total int
}

// List reads the resources under path that query selects.
func (c *Client) List(ctx context.Context, path string, query url.Values) (Page, error) {
	page := Page{Total: -1}
	header, err := c.call(ctx, call{method: http.MethodGet, path: path, query: query, into: &page.Items})
	if err != nil {
		return Page{}, err
	}
	if n, err := strconv.Atoi(header.Get("X-Total-Count")); err == nil {
		page.Total = n
	}
	return page, nil
}

// Get reads the one resource at path.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (Object, error) {
	return c.object(ctx, call{method: http.MethodGet, path: path, query: query})
}

// Post sends body (any JSON value) to path and returns the answer.
func (c *Client) Post(ctx context.Context, path string, body any) (Object, error) {
	return c.object(ctx, call{method: http.MethodPost, path: path, body: body, hasBody: true})
}

// Put replaces the resource at path and returns what the server made of it.
func (c *Client) Put(ctx context.Context, path string, body any) (Object, error) {
	return c.object(ctx, call{method: http.MethodPut, path: path, body: body, hasBody: true})
}

// PostList posts body to path where the answer is a list.
func (c *Client) PostList(ctx context.Context, path string, body any) ([]Object, error) {
	var items []Object
	_, err := c.call(ctx, call{method: http.MethodPost, path: path, body: body, hasBody: true, into: &items})
	return items, err
}

// PutBytes puts what is no JSON to path and returns the answer.
func (c *Client) PutBytes(ctx context.Context, path string, data []byte) (Object, error) {
	return c.object(ctx, call{method: http.MethodPut, path: path, bytes: data})
}

// Delete removes the resource at path. The answer is nil unless the server describes what it did.
func (c *Client) Delete(ctx context.Context, path string) (Object, error) {
	return c.object(ctx, call{method: http.MethodDelete, path: path})
}

// DeleteWith is Delete with a request body.
func (c *Client) DeleteWith(ctx context.Context, path string, body any) (Object, error) {
	return c.object(ctx, call{method: http.MethodDelete, path: path, body: body, hasBody: true})
}

// Text reads path as plain text.
func (c *Client) Text(ctx context.Context, path string, query url.Values) (string, error) {
	var text string
	_, err := c.call(ctx, call{method: http.MethodGet, path: path, query: query, into: &text})
	return text, err
}

func (c *Client) object(ctx context.Context, r call) (Object, error) {
	var o Object
	r.into = &o
	_, err := c.call(ctx, r)
	return o, err
}

// call is one request and the place for its answer.
type call struct {
	method  string
	base    string // "" = the API
	path    string
	query   url.Values
	body    any
	hasBody bool          // a body of null is a body
	bytes   []byte        // instead of body, as they are
	user    *url.Userinfo // Basic credentials, instead of the proxy's
	into    any           // *string takes the body as text, everything else decodes JSON
}

// call sends r and decodes the answer. Errors: [*Error] for an answer that is not 2xx,
// [*Unreachable] when there was no answer.
func (c *Client) call(ctx context.Context, r call) (http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, unreachable(resp.Request.URL, err)
	}
	return resp.Header, decode(data, r.into)
}

// send makes the request and returns the open 2xx answer.
func (c *Client) send(ctx context.Context, r call) (*http.Response, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(req.URL, err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, errorOf(resp)
	}
	return resp, nil
}

func (c *Client) request(ctx context.Context, r call) (*http.Request, error) {
	var body io.Reader
	if r.hasBody {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("request body for %s: %w", r.path, err)
		}
		body = bytes.NewReader(data)
	} else if r.bytes != nil {
		body = bytes.NewReader(r.bytes)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.url(r), body)
	if err != nil {
		return nil, fmt.Errorf("request to %s: %w", r.path, err)
	}
	switch {
	case r.hasBody:
		req.Header.Set("Content-Type", "application/json")
	case r.bytes != nil:
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	c.authorize(req, r.user)
	return req, nil
}

func (c *Client) url(r call) string {
	base := r.base
	if base == "" {
		base = c.cfg.API
	}
	u := strings.TrimRight(base, "/") + r.path
	if len(r.query) > 0 {
		u += "?" + r.query.Encode()
	}
	return u
}

func (c *Client) authorize(req *http.Request, user *url.Userinfo) {
	if c.cfg.Token != "" {
		req.Header.Set("X-Auth-Token", c.cfg.Token)
	}
	if c.cfg.APIKey != "" {
		req.Header.Set("St2-Api-Key", c.cfg.APIKey)
	}
	if user == nil {
		user = c.cfg.ProxyUser
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
}

func decode(data []byte, into any) error {
	if text, ok := into.(*string); ok {
		*text = string(data)
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // numbers come out as the server wrote them
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("the server's answer is not the JSON expected: %w", err)
	}
	return nil
}
