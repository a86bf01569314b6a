package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

const jsonType = "application/json"

// request builds the request from runner and action parameters.
func (h httpRequest) request(ctx context.Context, c core.Call) (*http.Request, error) {
	target, err := targetURL(textOf(c.RunnerParams, "url"), objectOf(c.Params, "params"))
	if err != nil {
		return nil, err
	}
	header, err := headersOf(c.RunnerParams)
	if err != nil {
		return nil, err
	}
	body, err := bodyOf(c.Params, header)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(textOf(c.Params, "method"))
	if method == "" && body != nil {
		method = http.MethodPost
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, core.FieldErrorf("method", "the request cannot be made: %w", err)
	}
	req.Header = header
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	if err := addCookies(req, objectOf(c.RunnerParams, "cookies")); err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "st2/v"+h.version)
	req.Header.Set("X-Stanley-Action", c.Action.Name)
	return req, authorize(req, c)
}

func targetURL(text string, params map[string]any) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", core.FieldErrorf("url", "url cannot be read: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", core.FieldErrorf("url", "url %q needs to begin with http:// or https:// and name a host", u.Redacted())
	}
	query := url.Values{}
	for name, v := range params {
		items, isList := v.([]any)
		if !isList {
			items = []any{v}
		}
		for _, item := range items {
			if item == nil {
				continue
			}
			value, err := shellarg.Text(item)
			if err != nil {
				return "", core.FieldErrorf("params", "params: %q cannot be sent: %w", name, err)
			}
			query.Add(name, value)
		}
	}
	if more := query.Encode(); more != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+more, "&")
	}
	return u.String(), nil
}

func headersOf(params map[string]any) (http.Header, error) {
	header := http.Header{"Accept": {"*/*"}}
	for name, v := range objectOf(params, "headers") {
		if v == nil {
			continue
		}
		value, err := shellarg.Text(v)
		if err != nil {
			return nil, core.FieldErrorf("headers", "headers: %q cannot be sent: %w", name, err)
		}
		header.Set(name, value)
	}
	if strings.Contains(header.Get("Accept-Encoding"), "gzip") {
		header.Del("Accept-Encoding") // asked for and undone by the transport, where no header is set
	}
	return header, nil
}

func addCookies(req *http.Request, cookies map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		if cookies[name] == nil {
			continue
		}
		value, err := shellarg.Text(cookies[name])
		if err != nil {
			return core.FieldErrorf("cookies", "cookies: %q cannot be sent: %w", name, err)
		}
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return nil
}

// authorize adds basic authentication. The auth parameter is user:password.
func authorize(req *http.Request, c core.Call) error {
	user, password := textOf(c.RunnerParams, "username"), textOf(c.RunnerParams, "password")
	if user == "" && password == "" {
		auth := textOf(c.Params, "auth")
		if auth == "" {
			return nil
		}
		var ok bool
		if user, password, ok = strings.Cut(auth, ":"); !ok {
			return core.FieldErrorf("auth", "auth needs to be user:password; or use username and password")
		}
	}
	req.SetBasicAuth(user, password)
	return nil
}

// bodyOf returns nil when nothing is to be sent. It sets the content type of a file.
func bodyOf(params map[string]any, header http.Header) ([]byte, error) {
	body := params["body"]
	if body == "" {
		body = nil
	}
	name, content := textOf(params, "file_name"), textOf(params, "file_content")
	if name != "" && content != "" {
		if body != nil {
			return nil, core.FieldErrorf("body", "body and file_content cannot be sent in one request: give one of them")
		}
		return fileBody(name, content, textOf(params, "file_content_type"), header)
	}
	if body == nil {
		return nil, nil
	}
	if header.Get("Content-Type") == jsonType {
		return jsonBody(body)
	}
	if text, ok := body.(string); ok {
		return []byte(text), nil
	}
	return json.Marshal(body)
}

// jsonBody encodes a body given as JSON, as a Python literal, or as a value.
func jsonBody(body any) ([]byte, error) {
	text, ok := body.(string)
	if !ok {
		return json.Marshal(body)
	}
	if b := []byte(text); json.Valid(b) {
		return b, nil
	}
	v, err := parsePython(text)
	if err != nil {
		return nil, core.FieldErrorf("body", "body is neither JSON nor a Python literal, but content-type says application/json: %w", err)
	}
	return json.Marshal(v)
}

// fileBody sends the file as a form field of its own name.
func fileBody(name, content, contentType string, header http.Header) ([]byte, error) {
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	part := textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition(name, name)}}
	if contentType != "" {
		part.Set("Content-Type", contentType)
	}
	w, err := form.CreatePart(part)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, content); err != nil {
		return nil, err
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	header.Set("Content-Type", form.FormDataContentType())
	return buf.Bytes(), nil
}

// result reads the answer. Only 200 to 206 are success.
func (h httpRequest) result(resp *http.Response) (core.Result, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(h.maxBody)+1))
	if err != nil {
		return core.Result{}, err
	}
	o := newObject()
	o.number("status_code", int64(resp.StatusCode))
	status := core.Failed
	if len(body) > h.maxBody {
		o.set("body", nil)
		o.set("parsed", false)
		o.set("error", fmt.Sprintf("the answer's body is over %d bytes, the most a result may hold (max_result_size); it was not read", h.maxBody))
	} else {
		if resp.StatusCode >= http.StatusOK && resp.StatusCode <= http.StatusPartialContent {
			status = core.Succeeded
		}
		addBody(o, body, resp.Header.Get("Content-Type"))
	}
	o.set("headers", joinedHeaders(resp.Header))
	return core.Result{Status: status, Value: o.json()}, nil
}

func addBody(o *object, body []byte, contentType string) {
	body = toUTF8(body, contentType)
	kind, _, _ := strings.Cut(contentType, ";")
	if kind == jsonType {
		o.raw("body", printed.JSON(body))
		o.set("parsed", printed.IsValue(body))
		return
	}
	o.set("body", string(body))
	o.set("parsed", false)
}

// toUTF8 reads Latin-1 where the answer says so; other bytes that are not UTF-8 become
// replacement characters when the result is written.
func toUTF8(body []byte, contentType string) []byte {
	_, params, _ := mime.ParseMediaType(contentType) // a bad content type has no charset
	switch strings.ToLower(params["charset"]) {
	case "iso-8859-1", "latin-1", "latin1":
	default:
		return body
	}
	out := make([]byte, 0, len(body))
	for _, c := range body {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

func joinedHeaders(h http.Header) map[string]string {
	joined := make(map[string]string, len(h))
	for name, values := range h {
		joined[name] = strings.Join(values, ", ")
	}
	return joined
}
