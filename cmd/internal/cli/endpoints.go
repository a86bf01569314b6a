package cli

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// defaultURL is where "petrel server" listens when it is told nothing.
const defaultURL = "http://127.0.0.1:9101"

// endpoints are the URLs of the three services.
type endpoints struct{ base, api, auth, stream string }

// source is one place that may say where the services are.
type source struct {
	endpoints
	threePorts bool // a bare base URL means StackStorm's three ports here
}

// locate decides where the services are. The sources, first one wins, service by
// service: options, PETREL_URL, the configuration file, ST2_* variables, the default. In
// each, a service's own URL goes before the base URL.
//
// st2 differs: a base URL is one listener with the API below /api, the token service below
// /auth and the stream below /stream, which is what Petrel serves (and StackStorm's front
// proxy too). Only a base URL without a port, over plain http, from StackStorm's own file
// or variables still means ports 9101, 9100 and 9102. And where only the API's URL is
// known, the other services are beside it, not on this machine.
func (a *app) locate(s *settings) (endpoints, error) {
	o := a.options
	sources := []source{
		{endpoints: endpoints{o.url, o.apiURL, o.authURL, o.streamURL}},
		{endpoints: endpoints{base: a.env("PETREL_URL")}},
		{threePorts: true, endpoints: endpoints{
			s.file.get("general", "base_url"), s.file.get("api", "url"), s.file.get("auth", "url"), s.file.get("stream", "url"),
		}},
		{threePorts: true, endpoints: endpoints{
			a.env("ST2_BASE_URL"), a.env("ST2_API_URL"), a.env("ST2_AUTH_URL"), a.env("ST2_STREAM_URL"),
		}},
	}
	var found endpoints
	for _, src := range sources {
		below := src.below(s.apiVersion)
		found = endpoints{
			base:   cmp.Or(found.base, below.base),
			api:    cmp.Or(found.api, below.api),
			auth:   cmp.Or(found.auth, below.auth),
			stream: cmp.Or(found.stream, below.stream),
		}
	}
	if found.api == "" {
		found.api = oneListener(defaultURL, s.apiVersion).api
	}
	beside := oneListener(listenerOf(found.api), s.apiVersion)
	found.base = cmp.Or(found.base, beside.base)
	found.auth = cmp.Or(found.auth, beside.auth)
	found.stream = cmp.Or(found.stream, beside.stream)
	return found, found.check()
}

// below completes a source from its base URL.
func (s source) below(version string) endpoints {
	if s.base == "" {
		return s.endpoints
	}
	e := oneListener(s.base, version)
	if u, err := url.Parse(s.base); s.threePorts && err == nil && u.Scheme == "http" && u.Port() == "" {
		e = classic(s.base, version)
	}
	e.api, e.auth, e.stream = cmp.Or(s.api, e.api), cmp.Or(s.auth, e.auth), cmp.Or(s.stream, e.stream)
	return e
}

func oneListener(base, version string) endpoints {
	base = strings.TrimRight(base, "/")
	return endpoints{base: base, api: base + "/api/" + version, auth: base + "/auth/" + version, stream: base + "/stream/" + version}
}

// classic are the URLs of a StackStorm installation without its front proxy.
func classic(base, version string) endpoints {
	base = strings.TrimRight(base, "/")
	return endpoints{base: base, api: base + ":9101/" + version, auth: base + ":9100", stream: base + ":9102/" + version}
}

// listenerOf strips an API URL down to what the listener's paths are below:
// http://h/api/v1 and http://h/v1 both to http://h.
func listenerOf(api string) string {
	base := strings.TrimRight(api, "/")
	if head, version, ok := cutLast(base, "/"); ok && strings.HasPrefix(version, "v") && !strings.HasSuffix(head, "/") {
		base = head
	}
	return strings.TrimSuffix(base, "/api")
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (e endpoints) check() error {
	for _, raw := range []string{e.api, e.auth, e.stream} {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q is not the URL of a server: write it like %s", raw, defaultURL)
		}
	}
	return nil
}
