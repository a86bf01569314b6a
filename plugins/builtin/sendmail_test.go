package builtin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

func mailCall(more map[string]any) core.Call {
	p := map[string]any{
		"sendmail_binary": "None", "from": "stanley", "to": "ann@example.com", "subject": "Hello", "send_empty_body": true,
		"content_type": "text/html", "body": "<b>Hi</b>",
	}
	for name, v := range more {
		p[name] = v
	}
	return core.Call{
		ID: newID(), Action: &core.Action{Pack: "core", Name: "sendmail", EntryPoint: "send_mail/send_mail"},
		RunnerParams: map[string]any{"timeout": int64(60)}, Params: p, Output: newOutput(),
	}
}

// mailer is the runner of core.sendmail, as users meet it.
func mailer(smtp SMTP) core.Runner {
	c := testConfig()
	c.SMTP = smtp
	return runner(c, "local-shell-script")
}

func (s *mailServer) smtp() SMTP { return SMTP{Host: "127.0.0.1", Port: s.addr.Port, Roots: s.roots} }

const sent = `{"failed":false,"succeeded":true,"return_code":0,"stdout":"queued as 42","stderr":""}`

func TestSendmail(t *testing.T) {
	s := newMailServer(t, mailServer{})
	hostname, _ := os.Hostname()
	config := s.smtp()
	wantResult(t, run(t, t.Context(), mailer(config), mailCall(map[string]any{
		"to": "Ann <ann@example.com>, bob@example.com,carl", "subject": "Grüße\r\nBcc: eve@example.com", "body": strings.Repeat("<p>é</p>\n", 200),
	})), core.Succeeded, sent)
	got := s.received(t)
	if diff := cmp.Diff([]string{"ann@example.com", "bob@example.com", "carl@" + hostname}, got.to); diff != "" || got.from != "stanley@"+hostname {
		t.Errorf("from %s, to %s", got.from, diff)
	}
	m, err := mail.ReadMessage(strings.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Grüße\r\nBcc: eve@example.com" || m.Header.Get("Bcc") != "" {
		t.Errorf("subject %q, error %v, headers %v", subject, err, m.Header)
	}
	if kind := m.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html; charset=UTF-8") || m.Header.Get("Date") == "" || m.Header.Get("Message-ID") == "" {
		t.Errorf("headers %v", m.Header)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if want := strings.Repeat("<p>é</p>\n", 200); err != nil || strings.TrimRight(string(body), "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("body %q, error %v", body, err)
	}
}

// A mail that was taken is sent, however the server takes its leave.
func TestSendmailServerHangsUp(t *testing.T) {
	s := newMailServer(t, mailServer{curt: true})
	wantResult(t, run(t, t.Context(), mailer(s.smtp()), mailCall(nil)), core.Succeeded, sent)
	s.received(t)
}

func TestSendmailSender(t *testing.T) {
	s := newMailServer(t, mailServer{})
	config := s.smtp()
	config.From = "Robot <robot@example.com>"
	for from, want := range map[string]string{"stanley": "robot@example.com", "me@example.org": "me@example.org"} {
		wantResult(t, run(t, t.Context(), mailer(config), mailCall(map[string]any{"from": from})), core.Succeeded, sent)
		if got := s.received(t); got.from != want {
			t.Errorf("%s: sent from %s, want %s", from, got.from, want)
		}
	}
}

func TestSendmailAttachments(t *testing.T) {
	s := newMailServer(t, mailServer{})
	dir := t.TempDir()
	for name, content := range map[string]string{"a.txt": "first", "b c.bin": "\x00\x01second"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := mailCall(map[string]any{"attachments": filepath.Join(dir, "a.txt") + ", b c.bin", "content_type": "text/plain"})
	c.RunnerParams["cwd"] = dir
	wantResult(t, run(t, t.Context(), mailer(s.smtp()), c), core.Succeeded, sent)
	want := map[string]string{"": "<b>Hi</b>", "a.txt": "first", "b c.bin": "\x00\x01second"}
	if diff := cmp.Diff(want, partsOf(t, s.received(t).text)); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}

	large := filepath.Join(dir, "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, maxMail+1)); err != nil {
		t.Fatal(err)
	}
	for words, file := range map[string]string{
		"no such file": filepath.Join(dir, "none"), "larger than 64 MiB together": large, "not a regular file": "/dev/zero",
	} {
		got := run(t, t.Context(), mailer(s.smtp()), mailCall(map[string]any{"attachments": file}))
		wantMailFailure(t, got, words)
	}
}

// Nothing comes out of a pipe that nobody writes to, and opening it would wait for ever.
func TestFilesThatArePipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		got := run(t, t.Context(), mailer(SMTP{}), mailCall(map[string]any{"attachments": pipe}))
		wantMailFailure(t, got, "not a regular file")
		if _, err := (waitForSSH{}).login(map[string]any{"keyfile": pipe}); core.KindOf(err) != core.Invalid {
			t.Errorf("keyfile: %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		f, _ := os.OpenFile(pipe, os.O_RDWR, 0) // lets the others go
		defer f.Close()
		t.Fatal("a pipe holds the action")
	}
}

// partsOf returns the contents of a mail's parts by their file names.
func partsOf(t *testing.T, text string) map[string]string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var content io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "base64" {
			content = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		parts[p.FileName()] = strings.TrimSpace(string(b))
	}
}

func wantMailFailure(t *testing.T, got core.Result, words string) {
	t.Helper()
	value := decode(t, got.Value)
	if got.Status != core.Failed || value["return_code"] != 1.0 || value["failed"] != true || !strings.Contains(fmt.Sprint(value["stderr"]), words) {
		t.Errorf("%s %s; want it failed, with %q", got.Status, got.Value, words)
	}
}

func TestSendmailReadsAttachmentsAsTheSystemUser(t *testing.T) {
	s := newMailServer(t, mailServer{})
	file := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(file, []byte("attached"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := testConfig()
	c.SMTP, c.SystemUser, c.Sudo = s.smtp(), "deploy", filepath.Join(t.TempDir(), "sudo")
	script := "#!/bin/sh\necho \"$@\" > " + c.Sudo + ".args\nshift 5\nexec \"$@\"\n" // -E -H -u deploy --
	if err := os.WriteFile(c.Sudo, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r := runner(c, "local-shell-script")
	wantResult(t, run(t, t.Context(), r, mailCall(map[string]any{"attachments": file})), core.Succeeded, sent)
	if got := partsOf(t, s.received(t).text)["a.txt"]; got != "attached" {
		t.Errorf("attached %q", got)
	}
	args, err := os.ReadFile(c.Sudo + ".args")
	if err != nil || !strings.HasPrefix(string(args), "-E -H -u deploy -- bash -c head -c ") {
		t.Errorf("sudo was called with %q, error %v", args, err)
	}
	wantMailFailure(t, run(t, t.Context(), r, mailCall(map[string]any{"attachments": file + "x"})), "cannot be read as the user deploy")
}

func TestSendmailNotices(t *testing.T) {
	s := newMailServer(t, mailServer{})
	value := func(params map[string]any) map[string]any {
		return decode(t, run(t, t.Context(), mailer(s.smtp()), mailCall(params)).Value)
	}
	if got := value(map[string]any{"body": " ", "send_empty_body": false}); got["succeeded"] != true || got["stdout"] != "" || !strings.Contains(got["stderr"].(string), "nothing is sent") {
		t.Errorf("empty body: %v", got)
	}
	if got := value(map[string]any{"sendmail_binary": "/usr/sbin/sendmail"}); got["succeeded"] != true || !strings.Contains(got["stderr"].(string), "/usr/sbin/sendmail") {
		t.Errorf("with a program: %v", got)
	}
	if value(map[string]any{"body": ""}); len(s.got) != 2 {
		t.Errorf("%d mails were sent, want 2", len(s.got))
	}
}

func TestSendmailTLSAndLogin(t *testing.T) {
	for name, c := range map[string]struct {
		server    mailServer
		change    func(*SMTP)
		encrypted bool
		user      string
		fails     string // words of the failure
	}{
		"plain on this machine":      {mailServer{startTLS: true}, func(*SMTP) {}, false, "", ""},
		"opportunistic":              {mailServer{startTLS: true}, func(s *SMTP) { s.TLS = "opportunistic" }, true, "", ""},
		"opportunistic, not offered": {mailServer{}, func(s *SMTP) { s.TLS = "opportunistic" }, false, "", ""},
		"mandatory":                  {mailServer{startTLS: true}, func(s *SMTP) { s.TLS = "mandatory" }, true, "", ""},
		"mandatory, not offered":     {mailServer{}, func(s *SMTP) { s.TLS = "mandatory" }, false, "", "does not support STARTTLS"},
		"implicit":                   {mailServer{implicitTLS: true}, func(s *SMTP) { s.TLS = "implicit" }, true, "", ""},
		"unknown certificate":        {mailServer{implicitTLS: true}, func(s *SMTP) { s.TLS, s.Roots = "implicit", nil }, true, "", "unknown authority"},
		"login over STARTTLS":        {mailServer{startTLS: true, auth: true}, func(s *SMTP) { s.TLS, s.Username, s.Password = "mandatory", "joe", "secret" }, true, "joe", ""},
		"login over implicit TLS":    {mailServer{implicitTLS: true, auth: true}, func(s *SMTP) { s.TLS, s.Username, s.Password = "implicit", "joe", "secret" }, true, "joe", ""},
		"wrong password":             {mailServer{implicitTLS: true, auth: true}, func(s *SMTP) { s.TLS, s.Username, s.Password = "implicit", "joe", "x" }, true, "", "535"},
		"no login in clear":          {mailServer{auth: true}, func(s *SMTP) { s.TLS, s.Username, s.Password = "none", "joe", "secret" }, false, "", "did not take the mail"},
		"unknown mode":               {mailServer{}, func(s *SMTP) { s.TLS = "always" }, false, "", "none, opportunistic, mandatory, implicit"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newMailServer(t, c.server)
			config := s.smtp()
			c.change(&config)
			got := run(t, t.Context(), mailer(config), mailCall(nil))
			if c.fails != "" {
				wantMailFailure(t, got, c.fails)
				return
			}
			wantResult(t, got, core.Succeeded, sent)
			if m := s.received(t); m.encrypted != c.encrypted || m.user != c.user {
				t.Errorf("encrypted %v, user %q; want %v, %q", m.encrypted, m.user, c.encrypted, c.user)
			}
		})
	}
}

func TestSendmailFails(t *testing.T) {
	s := newMailServer(t, mailServer{})
	for words, params := range map[string]map[string]any{
		"nobody lives here":        {"to": "nobody@example.com"},
		"to: \"\" is no address":   {"to": ""},
		"to: \"<a@b\" is no":       {"to": "<a@b"},
		"from needs to be one":     {"from": "a@example.com, b@example.com"},
		"content_type needs to be": {"content_type": "text/plain\r\nBcc: eve@example.com"},
	} {
		wantMailFailure(t, run(t, t.Context(), mailer(s.smtp()), mailCall(params)), words)
	}
	gone := listen(t)
	gone.Close()
	config := SMTP{Port: s.addr.Port, Host: "127.0.0.1"}
	fmt.Sscanf(gone.Addr().String(), "127.0.0.1:%d", &config.Port)
	wantMailFailure(t, run(t, t.Context(), mailer(config), mailCall(nil)), "connection refused")
	if len(s.got) > 0 {
		t.Errorf("%d mails were sent", len(s.got))
	}
}

func TestSendmailEnds(t *testing.T) {
	s := newMailServer(t, mailServer{})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-s.hangs
		cancel(core.ErrCanceled)
	}()
	got := run(t, ctx, mailer(s.smtp()), mailCall(map[string]any{"from": "slow@example.com"}))
	if got.Status != core.Canceled || decode(t, got.Value)["failed"] != true {
		t.Errorf("canceled: %s %s", got.Status, got.Value)
	}

	s = newMailServer(t, mailServer{})
	c := mailCall(map[string]any{"from": "slow@example.com"})
	c.RunnerParams["timeout"] = 0.1
	got = run(t, t.Context(), mailer(s.smtp()), c)
	wantResult(t, got, core.TimedOut, `{"failed":true,"succeeded":false,"return_code":-9,"stdout":"","stderr":"","error":"Action failed to complete in 0.1 seconds"}`)
}

func TestOtherScriptsStayScripts(t *testing.T) {
	c := mailCall(nil)
	c.Action = &core.Action{Pack: "acme", Name: "sendmail"}
	_, err := mailer(SMTP{}).Run(t.Context(), c)
	wantError(t, err, core.Invalid, "acme.sendmail needs an entry_point")
}

func TestSMTPDefaults(t *testing.T) {
	for want, s := range map[string]SMTP{
		`localhost:25 none`:                 {},
		`127.0.0.1:25 none`:                 {Host: "127.0.0.1"},
		`mail.example.com:25 opportunistic`: {Host: "mail.example.com"},
		`mail.example.com:465 implicit`:     {Host: "mail.example.com", TLS: "implicit"},
		`mail.example.com:587 mandatory`:    {Host: "mail.example.com", TLS: "mandatory", Port: 587},
	} {
		if got := s.settled(); fmt.Sprintf("%s:%d %s", got.Host, got.Port, got.TLS) != want || s.Check() != nil {
			t.Errorf("%+v: got %+v, want %s", s, got, want)
		}
	}
	wantError(t, SMTP{Port: 70000}.Check(), core.Invalid, "between 1 and 65535")
}
