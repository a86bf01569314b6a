package api

import (
	"net/url"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// canonical brings the many forms of a path to the one of the route table: decoded,
// without the prefixes of StackStorm's services and front proxy, without one trailing
// slash. st2: rest-api reference, where things live.
func canonical(path string) (string, error) {
	if strings.IndexByte(path, '%') >= 0 {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return "", core.Errorf(core.Invalid, "The path cannot be decoded: %v.", err)
		}
		path = decoded
	}
	path = strings.TrimSuffix(path, "/")
	path = withoutService(path)
	if rest, ok := below(path, "/actionexecutions"); ok {
		path = "/executions" + rest
	}
	if path == "" {
		path = "/"
	}
	return path, nil
}

// withoutService drops the part of a path that names a service.
func withoutService(path string) string {
	if rest, ok := below(path, "/api"); ok {
		return withoutVersion(rest)
	}
	if rest, ok := below(path, "/auth"); ok {
		rest = withoutVersion(rest)
		if _, ok := below(rest, "/tokens"); ok {
			return rest
		}
		return path
	}
	if rest, ok := below(path, "/stream"); ok && rest != "" {
		rest = withoutVersion(rest)
		if rest == "/stream" {
			return rest
		}
		return "/stream" + rest
	}
	return withoutVersion(path)
}

func withoutVersion(path string) string {
	if rest, ok := below(path, "/v1"); ok {
		return rest
	}
	return path
}

// below returns what follows prefix when path is it or lies below it.
func below(path, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}
