package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/mail"
	"path"
	"path/filepath"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/proc"
	"github.com/petrelhq/petrel/plugins/printed"
	"github.com/petrelhq/petrel/plugins/regular"
	"github.com/petrelhq/petrel/plugins/shellarg"
)

// sendmail is core.sendmail. It takes the parameters of StackStorm's script and shows its
// kind of result, and sends by SMTP. st2: bundled-packs reference, core.sendmail.
// st2 differs: no program is run, so sendmail_binary has no effect.
type sendmail struct {
	shell shell
	smtp  SMTP
}

// maxMail is how large all attachments of a mail may be together, in bytes.
const maxMail = 64 << 20

func (s sendmail) Run(ctx context.Context, c core.Call) (core.Result, error) {
	limit := time.Duration(numberOf(c.RunnerParams, "timeout") * float64(time.Second))
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimedOut)
		defer cancel()
	}
	stdout := &printed.Stream{Out: c.Output.Stdout(), Max: s.shell.maxOutput}
	stderr := &printed.Stream{Out: c.Output.Stderr(), Max: s.shell.maxOutput}
	err := s.send(ctx, c, stdout, stderr)
	o := outcome{status: core.Succeeded}
	switch {
	case err != nil && ctx.Err() != nil:
		o = outcomeOf(proc.Exit{Ended: true}, context.Cause(ctx), limit)
	case err != nil:
		o = outcome{status: core.Failed, code: 1}
		fmt.Fprintln(stderr, err)
	}
	return core.Result{Status: o.status, Value: mailResult(o, stdout, stderr)}, nil
}

// mailResult has the form of a script's result.
func mailResult(o outcome, stdout, stderr *printed.Stream) json.RawMessage {
	r := newObject()
	r.set("failed", o.status != core.Succeeded)
	r.set("succeeded", o.status == core.Succeeded)
	r.number("return_code", int64(o.code))
	r.raw("stdout", stdout.JSON())
	r.raw("stderr", stderr.JSON())
	if o.message != "" {
		r.set("error", o.message)
	}
	return r.json()
}

func (s sendmail) send(ctx context.Context, c core.Call, stdout, stderr io.Writer) error {
	if program := textOf(c.Params, "sendmail_binary"); program != "" && program != noResult {
		fmt.Fprintf(stderr, "sendmail_binary (%s) is not run: mail leaves by SMTP\n", program)
	}
	if strings.TrimSpace(textOf(c.Params, "body")) == "" && !boolOf(c.Params, "send_empty_body") {
		fmt.Fprintln(stderr, "nothing is sent: the body is empty, and send_empty_body is false")
		return nil
	}
	m, err := s.message(ctx, c)
	if err != nil {
		return err
	}
	answer, err := s.smtp.send(ctx, m)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, answer)
	return nil
}

func (s sendmail) message(ctx context.Context, c core.Call) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	from, err := s.addresses("from", s.sender(textOf(c.Params, "from")))
	if err != nil {
		return nil, err
	}
	if len(from) != 1 {
		return nil, core.FieldErrorf("from", "from needs to be one address, got %d", len(from))
	}
	m.FromMailAddress(from[0])
	to, err := s.addresses("to", textOf(c.Params, "to"))
	if err != nil {
		return nil, err
	}
	m.ToMailAddress(to...)
	m.Subject(textOf(c.Params, "subject"))
	m.SetDate()
	m.SetMessageID()
	kind := textOf(c.Params, "content_type")
	if strings.ContainsAny(kind, "\r\n") {
		return nil, core.FieldErrorf("content_type", "content_type needs to be one line, such as text/plain")
	}
	m.SetBodyString(gomail.ContentType(kind), textOf(c.Params, "body"))
	return m, s.attach(ctx, c, m)
}

// sender is the address that stands for a sender without a domain, if one is configured.
func (s sendmail) sender(from string) string {
	if s.smtp.From != "" && !strings.Contains(from, "@") {
		return s.smtp.From
	}
	return from
}

// addresses reads a list of addresses with commas between them. A name without a domain
// is a user of this machine, as sendmail takes it.
func (s sendmail) addresses(field, text string) ([]*mail.Address, error) {
	if list, err := mail.ParseAddressList(text); err == nil {
		return list, nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !strings.Contains(name, "@") {
			name += "@" + s.shell.hostname
		}
		names = append(names, name)
	}
	list, err := mail.ParseAddressList(strings.Join(names, ","))
	if err != nil {
		return nil, core.FieldErrorf(field, "%s: %q is no address, or list of addresses with commas between them: %w", field, text, err)
	}
	return list, nil
}

// attach adds the files of the list of attachments.
func (s sendmail) attach(ctx context.Context, c core.Call, m *gomail.Msg) error {
	left := maxMail
	for file := range strings.SplitSeq(textOf(c.Params, "attachments"), ",") {
		if file = strings.TrimSpace(file); file == "" {
			continue
		}
		if cwd := textOf(c.RunnerParams, "cwd"); cwd != "" && !filepath.IsAbs(file) {
			file = filepath.Join(cwd, file)
		}
		content, err := s.shell.readFile(ctx, c, file, left)
		if err != nil {
			return core.FieldErrorf("attachments", "attachments: %w", err)
		}
		if left -= len(content); left < 0 {
			return core.FieldErrorf("attachments", "attachments: %s makes them larger than %d MiB together", file, maxMail>>20)
		}
		if err := m.AttachReader(path.Base(filepath.ToSlash(file)), bytes.NewReader(content)); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads a file as the user that shell commands run as, so that an action reads
// no more than they can. It returns at most one byte more than max.
func (s shell) readFile(ctx context.Context, c core.Call, file string, max int) ([]byte, error) {
	line, asOther := s.forUser("head -c "+fmt.Sprint(max+1)+" -- "+shellarg.Quote(file), c.RunnerParams)
	if !asOther {
		f, err := regular.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, int64(max)+1))
	}
	h, err := s.program(ctx, c, max+1, password(c.RunnerParams, asOther), "/bin/sh", "-c", line)
	if err != nil {
		return nil, err
	}
	if h.Code != 0 {
		return nil, core.Errorf(core.NotFound, "%s cannot be read as the user %s: %s", file, s.otherUser, h.complaint())
	}
	return h.stdout.Kept(), nil
}
