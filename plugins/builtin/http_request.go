package builtin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
)

const (
	maxRedirects       = 30
	defaultHTTPTimeout = 60 * time.Second
)

// httpRequest makes one HTTP request. st2: runners reference 5.
type httpRequest struct {
	base    *http.Transport
	version string
	maxBody int
}

func newHTTPRequest(c Config) httpRequest {
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport.(*http.Transport)
	}
	base = base.Clone()
	// A connection kept from an earlier action may be dead by now, and a POST that fails
	// on it is not sent again.
	base.DisableKeepAlives = true
	return httpRequest{base: base, version: c.Version, maxBody: c.MaxOutput}
}

func (h httpRequest) Run(ctx context.Context, c core.Call) (core.Result, error) {
	hosts, err := hostRuleOf(c.RunnerParams)
	if err != nil {
		return core.Result{}, err
	}
	limit := time.Duration(numberOf(c.Params, "timeout") * float64(time.Second))
	if limit <= 0 {
		limit = defaultHTTPTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTimedOut)
	defer cancel()
	req, err := h.request(ctx, c)
	if err != nil {
		return core.Result{}, err
	}
	if err := hosts.check(req.URL); err != nil {
		return core.Result{}, err
	}
	client, err := h.client(c.RunnerParams, hosts)
	if err != nil {
		return core.Result{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return h.failure(ctx, err, limit)
	}
	defer resp.Body.Close()
	result, err := h.result(resp)
	if err != nil {
		return h.failure(ctx, err, limit)
	}
	return result, nil
}

// failure is the result of a request that got no whole answer.
func (h httpRequest) failure(ctx context.Context, err error, limit time.Duration) (core.Result, error) {
	if ctx.Err() == nil {
		var known *core.Error
		if errors.As(err, &known) {
			return core.Result{}, known
		}
		return core.Result{}, core.Errorf(core.Unavailable, "the request failed: %w", err)
	}
	status, text := endedStatus(context.Cause(ctx)), context.Cause(ctx).Error()
	if status == core.TimedOut {
		text = fmt.Sprintf("no whole answer within %v seconds", limit.Seconds())
	}
	o := newObject()
	o.set("error", text)
	return core.Result{Status: status, Value: o.json()}, nil
}

// client is made per request: redirects, proxies and certificates are parameters.
func (h httpRequest) client(params map[string]any, hosts hostRule) (*http.Client, error) {
	transport := h.base
	verify, given := params["verify_ssl_cert"].(bool)
	proxies, err := proxiesOf(params)
	if err != nil {
		return nil, err
	}
	if given && !verify || proxies != nil {
		transport = h.base.Clone()
	}
	if given && !verify {
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{}
		}
		transport.TLSClientConfig.InsecureSkipVerify = true // the user asked for it
	}
	if proxies != nil {
		transport.Proxy = proxies
	}
	client := &http.Client{Transport: transport, CheckRedirect: noRedirect}
	if boolOf(params, "allow_redirects") {
		client.Jar, _ = cookiejar.New(nil) // fails for bad options only
		client.CheckRedirect = hosts.checkRedirect
	}
	return client, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// proxiesOf returns nil when no proxy is given; then the server's environment decides.
func proxiesOf(params map[string]any) (func(*http.Request) (*url.URL, error), error) {
	byScheme := map[string]*url.URL{}
	for _, scheme := range []string{"http", "https"} {
		text := textOf(params, scheme+"_proxy")
		if text == "" {
			continue
		}
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		proxy, err := url.Parse(text)
		if err != nil || proxy.Host == "" {
			return nil, core.FieldErrorf(scheme+"_proxy", "%s_proxy needs to be a URL such as http://proxy:3128", scheme)
		}
		byScheme[scheme] = proxy
	}
	if len(byScheme) == 0 {
		return nil, nil
	}
	return func(r *http.Request) (*url.URL, error) {
		if proxy := byScheme[r.URL.Scheme]; proxy != nil {
			return proxy, nil
		}
		return http.ProxyFromEnvironment(r)
	}, nil
}

// hostRule says which hosts may be asked.
type hostRule struct{ black, white []string }

func hostRuleOf(params map[string]any) (hostRule, error) {
	rule := hostRule{hostsOf(params, "url_hosts_blacklist"), hostsOf(params, "url_hosts_whitelist")}
	if len(rule.black) > 0 && len(rule.white) > 0 {
		return rule, core.FieldErrorf("url_hosts_blacklist", "url_hosts_blacklist and url_hosts_whitelist exclude each other: give one of them")
	}
	return rule, nil
}

func hostsOf(params map[string]any, name string) []string {
	list, _ := params[name].([]any)
	hosts := make([]string, 0, len(list))
	for _, item := range list {
		if host, ok := item.(string); ok {
			hosts = append(hosts, strings.ToLower(strings.Trim(host, "[]")))
		}
	}
	return hosts
}

// check compares the host without port, brackets and user.
// st2 differs: there, user@host is not on a list that names host, and redirects are not looked at.
func (r hostRule) check(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	if slices.Contains(r.black, host) {
		return core.FieldErrorf("url", "the host %s is on url_hosts_blacklist", host)
	}
	if len(r.white) > 0 && !slices.Contains(r.white, host) {
		return core.FieldErrorf("url", "the host %s is not on url_hosts_whitelist", host)
	}
	return nil
}

func (r hostRule) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return core.Errorf(core.Invalid, "stopped after %d redirects", maxRedirects)
	}
	return r.check(next.URL)
}

func httpRequestType() core.RunnerType {
	return core.RunnerType{
		Name:        "http-request",
		Description: "Makes an HTTP request and returns the answer.",
		Enabled:     true,
		Package:     "http_runner",
		Module:      "http_runner",
		Parameters: core.Parameters{
			param("url", "string", "What to ask for.", "required", true),
			param("headers", "object", "Headers to send."),
			param("cookies", "object", "Cookies to send: names with their values."),
			param("allow_redirects", "boolean", "Follows redirects.", "default", false),
			param("http_proxy", "string", "URL of the proxy for http:// requests."),
			param("https_proxy", "string", "URL of the proxy for https:// requests."),
			param("username", "string", "User for basic authentication."),
			param("password", "string", "Password for basic authentication.", "secret", true),
			param("verify_ssl_cert", "boolean", "Checks the server's certificate.", "default", true),
			param("url_hosts_blacklist", "array", "Hosts that may not be asked.", "items", map[string]any{"type": "string"}),
			param("url_hosts_whitelist", "array", "The only hosts that may be asked.", "items", map[string]any{"type": "string"}),
		},
		OutputKey: "body",
		OutputSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{
				"status_code": map[string]any{"type": "integer"},
				"body":        map[string]any{},
				"parsed":      map[string]any{"type": "boolean"},
				"headers":     map[string]any{"type": "object"},
			},
			"additionalProperties": false,
		},
	}
}
