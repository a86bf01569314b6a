package winrm

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"

	"github.com/petrelhq/petrel/core"
)

// shell is an open shell on a machine.
type shell struct {
	line *line
	id   string
}

// parameters go with every message: how long the machine may take to answer it, and how
// large an answer may be.
func parameters() *winrm.Parameters { return winrm.NewParameters("PT20S", "en-US", 153600) }

// open opens a shell. It has to be closed.
func open(ctx context.Context, l *line, t target) (*shell, error) {
	answer, err := l.post(ctx, openMessage(t))
	if err != nil {
		return nil, err
	}
	id, err := winrm.ParseOpenShellResponse(answer)
	if err != nil || id == "" {
		return nil, core.Errorf(core.Unavailable, "%s opened no shell: its answer names none", t.host)
	}
	return &shell{l, escaped(id)}, nil
}

// openMessage is the library's message, with a directory and an environment for the shell.
func openMessage(t target) string {
	const cmd = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
	m := soap.NewMessage()
	p := parameters()
	m.Header().To(escaped(t.url)).ReplyTo("http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous").
		MaxEnvelopeSize(p.EnvelopeSize).Id("uuid:" + uuid.NewString()).Locale(p.Locale).Timeout(p.Timeout).
		Action("http://schemas.xmlsoap.org/ws/2004/09/transfer/Create").ResourceURI(cmd).
		AddOption(soap.NewHeaderOption("WINRS_NOPROFILE", "FALSE")).
		AddOption(soap.NewHeaderOption("WINRS_CODEPAGE", "65001")). // UTF-8
		Build()
	sh := m.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	m.CreateElement(sh, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdin")
	m.CreateElement(sh, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdout stderr")
	if t.cwd != "" {
		m.CreateElement(sh, "WorkingDirectory", soap.DOM_NS_WIN_SHELL).SetContent(escaped(t.cwd))
	}
	if len(t.env) > 0 {
		env := m.CreateElement(sh, "Environment", soap.DOM_NS_WIN_SHELL)
		for _, v := range t.env {
			m.CreateElement(env, "Variable", soap.DOM_NS_WIN_SHELL).SetAttr("Name", escaped(v.name)).SetContent(escaped(v.value))
		}
	}
	return m.String()
}

// escaped is text as it stands in XML; the library writes text as it is given.
func escaped(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text)) // a Buffer never fails
	return b.String()
}

// run runs one command line in the shell and waits for its end.
func (s *shell) run(ctx context.Context, command string, stdout, stderr io.Writer) (exitCode int, err error) {
	// The library wraps the command in a CDATA section, which must not end inside.
	command = strings.ReplaceAll(command, "]]>", "]]]]><![CDATA[>")
	answer, err := s.line.post(ctx, winrm.NewExecuteCommandRequest(s.line.target.url, s.id, command, nil, parameters()).String())
	if err != nil {
		return 0, err
	}
	id, err := winrm.ParseExecuteCommandResponse(answer)
	if err != nil || id == "" {
		return 0, core.Errorf(core.Unavailable, "%s started no command: its answer names none", s.line.target.host)
	}
	id = escaped(id)
	defer s.signal(id)
	for {
		done, code, err := s.receive(ctx, id, stdout, stderr)
		if done || err != nil {
			return code, err
		}
	}
}

// receive waits for what a command prints next, or its end.
func (s *shell) receive(ctx context.Context, command string, stdout, stderr io.Writer) (done bool, exitCode int, err error) {
	answer, err := s.line.post(ctx, winrm.NewGetOutputRequest(s.line.target.url, s.id, command, "stdout stderr", parameters()).String())
	if errors.Is(err, errNothingYet) {
		return false, 0, nil
	}
	if err != nil {
		return false, 0, err
	}
	return winrm.ParseSlurpOutputErrResponse(answer, stdout, stderr)
}

// farewell is how long a machine may take to clean up after a run. That the run is
// cancelled or over its time does not matter here: its command shall not go on.
const farewell = 5 * time.Second

// signal ends a command, and frees what the machine keeps of one that has ended.
func (s *shell) signal(command string) {
	s.leave(winrm.NewSignalRequest(s.line.target.url, s.id, command, parameters()))
}

// close closes the shell. Machines do so by themselves after some hours.
func (s *shell) close() {
	s.leave(winrm.NewDeleteShellRequest(s.line.target.url, s.id, parameters()))
}

func (s *shell) leave(m *soap.SoapMessage) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	s.line.post(ctx, m.String()) // the run is over, whatever the machine says
}
