package winrm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/go-ntlmssp"

	"github.com/petrelhq/petrel/core"
)

// line is the connection to one machine: it carries messages there and brings the answers.
type line struct {
	target target
	base   *http.Transport
	client *http.Client
}

func newLine(t target, roots *x509.CertPool) *line {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.TLSClientConfig = &tls.Config{RootCAs: roots, InsecureSkipVerify: !t.verify} // the user asked for it
	// NTLM logs in a connection, not a request, which HTTP/2 does not know.
	base.ForceAttemptHTTP2 = false
	base.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	l := &line{target: t, base: base, client: &http.Client{Transport: base}}
	if t.ntlm {
		l.client.Transport = ntlmssp.Negotiator{RoundTripper: neverBasic{base}}
	}
	return l
}

// neverBasic keeps the NTLM transport from sending the password itself, as it would to a
// machine that asks for basic authentication.
type neverBasic struct{ http.RoundTripper }

func (n neverBasic) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.Header.Get("Authorization"), "Basic ") {
		return nil, errors.New("it offers no NTLM login; choose the transport basic if the connection may be trusted with the password")
	}
	return n.RoundTripper.RoundTrip(req)
}

func (l *line) close() { l.base.CloseIdleConnections() }

// maxAnswer is far above what a machine may answer at once, which a message says.
const maxAnswer = 32 << 20

// errNothingYet is a machine's answer when a command printed nothing for a while.
var errNothingYet = errors.New("the command has printed nothing yet")

// post sends a message and returns the answer, which is well-formed XML. Errors are
// Unauthorized, or Unavailable.
func (l *line) post(ctx context.Context, message string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.target.url, strings.NewReader(message))
	if err != nil {
		return "", core.FieldErrorf("host", "host: %w", err)
	}
	req.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	req.SetBasicAuth(l.target.username, l.target.password) // the NTLM transport takes the login from here
	resp, err := l.client.Do(req)
	if err != nil {
		return "", core.Errorf(core.Unavailable, "%s cannot be reached by WinRM: %w", l.target.host, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", core.Errorf(core.Unavailable, "%s stopped in the middle of an answer: %w", l.target.host, err)
	}
	return string(answer), l.check(resp.StatusCode, answer)
}

// fault is what a machine answers when it refuses.
type fault struct {
	Subcode string `xml:"Body>Fault>Code>Subcode>Value"`
	Reason  string `xml:"Body>Fault>Reason>Text"`
}

// check tells what is wrong with an answer.
func (l *line) check(status int, answer []byte) error {
	if status == http.StatusUnauthorized {
		return core.Errorf(core.Unauthorized, "%s refused the login of %s: check username, password and transport, and that the machine allows this transport", l.target.host, l.target.username)
	}
	var f fault
	err := xml.Unmarshal(answer, &f)
	switch {
	case err == nil && strings.HasSuffix(f.Subcode, ":TimedOut"):
		return errNothingYet
	case err == nil && f.Reason != "":
		return core.Errorf(core.Unavailable, "%s refused: %s", l.target.host, strings.TrimSpace(f.Reason))
	case status != http.StatusOK:
		return core.Errorf(core.Unavailable, "%s answered with HTTP status %d: is this a WinRM service?", l.target.host, status)
	case err != nil:
		return core.Errorf(core.Unavailable, "%s does not answer as a WinRM service; its answer is no SOAP message: %w", l.target.host, err)
	}
	return nil
}
