package egress

import (
	"fmt"
	"net/http"

	"golang.org/x/net/http/httpguts"
)

// checkMethod lets every method pass but the one that makes a tunnel.
func checkMethod(method string) error {
	switch {
	case method == http.MethodConnect:
		return fmt.Errorf("CONNECT is not allowed")
	case method != "" && !httpguts.ValidHeaderFieldName(method): // both are tokens
		return fmt.Errorf("%q is none", method)
	}
	return nil
}

// ours are headers that say how a message is carried, or to whom. Code that could set them
// could make one request look like two to somebody on the way.
var ours = map[string]bool{
	"Host": true, "Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Proxy-Authorization": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Expect": true,
}

// checkHeader returns the headers to send. The length of the body is left out: it is known.
func checkHeader(given map[string][]string) (http.Header, error) {
	out, size := http.Header{}, 0
	for name, values := range given {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("%q is no name of a header", name)
		}
		key := http.CanonicalHeaderKey(name)
		if ours[key] {
			return nil, fmt.Errorf("%s cannot be set", key)
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return nil, fmt.Errorf("%s: the value holds a line break or another control character", key)
			}
			if size += len(key) + len(v); size > maxHeader {
				return nil, fmt.Errorf("more than %d bytes", maxHeader)
			}
			out.Add(key, v)
		}
	}
	out.Del("Content-Length")
	if out["User-Agent"] == nil {
		out.Set("User-Agent", "petrel")
	}
	return out, nil
}
