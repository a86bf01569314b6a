package builtin

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/petrelhq/petrel/core"
)

// SMTP is where mail leaves. The zero value is a mail server on this machine.
type SMTP struct {
	Host     string // "" is localhost
	Port     int    // 0 is 25, or 465 where TLS is "implicit"
	Username string // "" sends without login
	Password string
	// TLS is one of TLSModes; "" is "none" for a server on this machine, else "opportunistic".
	TLS   string
	Roots *x509.CertPool // that the server's certificate is checked with; nil is the system's
	// From stands for a sender without a domain; "" adds this machine's name to it.
	From string
}

// TLSModes are how a connection to a mail server may be encrypted: not at all, if the
// server offers it, always, or from its first byte.
func TLSModes() []string { return []string{"none", "opportunistic", "mandatory", "implicit"} }

// Check says what cannot work. The error is Invalid.
func (s SMTP) Check() error {
	if s.TLS != "" && !slices.Contains(TLSModes(), s.TLS) {
		return core.FieldErrorf("tls", "tls is %q; it can be %s, or empty", s.TLS, strings.Join(TLSModes(), ", "))
	}
	if s.Port < 0 || s.Port > 65535 {
		return core.FieldErrorf("port", "port is %d; it needs to be between 1 and 65535", s.Port)
	}
	return nil
}

// mailPatience is how long the server may take for one step, where the action's own
// timeout does not end it before.
const mailPatience = 5 * time.Minute

// settled returns the configuration with its defaults filled in.
func (s SMTP) settled() SMTP {
	s.Host = cmp.Or(s.Host, "localhost")
	if s.TLS == "" {
		s.TLS = "opportunistic"
		if ip := net.ParseIP(s.Host); s.Host == "localhost" || ip != nil && ip.IsLoopback() {
			s.TLS = "none" // mail servers on the same machine offer certificates made for nobody
		}
	}
	if s.Port == 0 {
		s.Port = 25
		if s.TLS == "implicit" {
			s.Port = 465
		}
	}
	return s
}

// send hands a mail to the server and returns its answer.
func (s SMTP) send(ctx context.Context, m *gomail.Msg) (answer string, err error) {
	s = s.settled()
	if err := s.Check(); err != nil {
		return "", err
	}
	line := &smtpLine{smtp: s, ctx: ctx}
	defer line.close()
	client, err := gomail.NewClient(s.Host, s.options(line)...)
	if err == nil {
		err = client.DialAndSendWithContext(ctx, m)
	}
	if err != nil && !m.IsDelivered() { // what is said after a mail was taken does not undo that
		return "", core.Errorf(core.Unavailable, "the mail server %s:%d did not take the mail: %w", s.Host, s.Port, err)
	}
	return m.ServerResponse(), nil
}

func (s SMTP) options(line *smtpLine) []gomail.Option {
	policy := gomail.TLSOpportunistic // over a line that is encrypted already nothing is offered
	switch s.TLS {
	case "none":
		policy = gomail.NoTLS
	case "mandatory":
		policy = gomail.TLSMandatory
	}
	opts := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithTimeout(mailPatience), gomail.WithDialContextFunc(line.dial), gomail.WithoutNoop(),
	}
	if s.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	return opts
}

func (s SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

// smtpLine is the connection of one mail. It ends with the action, also in the middle of
// a step.
type smtpLine struct {
	smtp SMTP
	ctx  context.Context
	conn net.Conn
	stop func() bool
}

func (l *smtpLine) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.conn = conn
	l.stop = context.AfterFunc(l.ctx, func() { conn.Close() })
	if l.smtp.TLS != "implicit" {
		return conn, nil
	}
	secure := tls.Client(conn, l.smtp.tlsConfig())
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}

func (l *smtpLine) close() {
	if l.conn != nil {
		l.stop()
		l.conn.Close() // closed already, after a mail that was sent
	}
}
