package builtin

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is a small SMTP server. What it offers are its fields; it takes mail for
// everybody but nobody@…, and lets in joe with the password "secret".
type mailServer struct {
	startTLS, implicitTLS, auth bool
	curt                        bool // hangs up as soon as it has taken a mail

	addr  *net.TCPAddr
	roots *x509.CertPool
	tls   *tls.Config
	got   chan receivedMail
	hangs chan struct{} // closed when a client waits for an answer to MAIL that never comes
}

type receivedMail struct {
	from, user string
	to         []string
	encrypted  bool
	text       string
}

// newMailServer starts s.
func newMailServer(t *testing.T, s mailServer) *mailServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	s.tls = &tls.Config{Certificates: web.TLS.Certificates}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(web.Certificate())
	web.Close()
	s.got, s.hangs = make(chan receivedMail, 8), make(chan struct{})
	l := listen(t)
	s.addr = l.Addr().(*net.TCPAddr)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return &s
}

// received returns a mail that was taken, which is before its sender learns of it.
func (s *mailServer) received(t *testing.T) receivedMail {
	t.Helper()
	select {
	case m := <-s.got:
		return m
	default:
		t.Fatal("no mail came in")
		return receivedMail{}
	}
}

// session is one client's.
type session struct {
	*mailServer
	conn net.Conn
	text *textproto.Conn
	mail receivedMail
}

func (s *mailServer) serve(conn net.Conn) {
	x := &session{mailServer: s, conn: conn}
	defer func() { x.conn.Close() }()
	if s.implicitTLS {
		x.encrypt()
	}
	x.text = textproto.NewConn(x.conn)
	x.text.PrintfLine("220 mail.test ready")
	for {
		line, err := x.text.ReadLine()
		if err != nil || !x.answer(line) {
			return
		}
	}
}

func (x *session) encrypt() {
	x.conn = tls.Server(x.conn, x.tls)
	x.text = textproto.NewConn(x.conn)
	x.mail.encrypted = true
}

func (x *session) answer(line string) (more bool) {
	verb, argument, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		x.greet()
	case "STARTTLS":
		x.text.PrintfLine("220 go on")
		x.encrypt()
	case "AUTH":
		x.login(argument)
	case "MAIL":
		x.mail.from = between(argument)
		if strings.HasPrefix(x.mail.from, "slow@") {
			close(x.hangs)
			io.Copy(io.Discard, x.conn) // until the client hangs up
			return false
		}
		x.text.PrintfLine("250 ok")
	case "RCPT":
		if to := between(argument); !strings.HasPrefix(to, "nobody@") {
			x.mail.to = append(x.mail.to, to)
			x.text.PrintfLine("250 ok")
		} else {
			x.text.PrintfLine("550 nobody lives here")
		}
	case "DATA":
		x.text.PrintfLine("354 go on")
		text, _ := io.ReadAll(bufio.NewReader(x.text.DotReader()))
		x.mail.text = string(text)
		x.got <- x.mail
		x.text.PrintfLine("250 queued as 42")
		return !x.curt
	case "QUIT":
		x.text.PrintfLine("221 bye")
		return false
	default: // RSET, NOOP
		x.text.PrintfLine("250 ok")
	}
	return true
}

func (x *session) greet() {
	x.text.PrintfLine("250-mail.test")
	if x.startTLS && !x.mail.encrypted {
		x.text.PrintfLine("250-STARTTLS")
	}
	if x.auth {
		x.text.PrintfLine("250-AUTH PLAIN")
	}
	x.text.PrintfLine("250 8BITMIME")
}

func (x *session) login(argument string) {
	login, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(argument, "PLAIN "))
	if string(login) != "\x00joe\x00secret" {
		x.text.PrintfLine("535 wrong password")
		return
	}
	x.mail.user = "joe"
	x.text.PrintfLine("235 welcome")
}

// between is the address between angle brackets.
func between(argument string) string {
	_, rest, _ := strings.Cut(argument, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
