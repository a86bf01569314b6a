package winrm

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// machine plays the WinRM service of a Windows machine: it speaks the protocol (WS-Management
// over HTTP, with basic or NTLM logins), and a function stands for cmd.exe. There was no
// Windows to try this package with.
type machine struct {
	*httptest.Server
	roots *x509.CertPool
	ntlm  bool // offers NTLM alone

	mu       sync.Mutex
	commands []string
	shells   []openShell
	left     []string // what clients cleaned up: "signal 1", "delete"
	run      func(command string) reply
	waiting  chan struct{} // a client waits for an answer that never comes
	current  reply
	step     int
	loggedIn map[string]bool // by NTLM, connections
}

// reply is what a command prints, answer by answer, and how it ends. A part that is
// "timeout" is the machine's answer that nothing was printed; "hang" never comes.
type reply struct {
	parts []string
	err   string
	code  int
}

// openShell is what a client asks for when it opens a shell.
type openShell struct {
	CWD string `xml:"Body>Shell>WorkingDirectory"`
	Env []struct {
		Name  string `xml:"Name,attr"`
		Value string `xml:",chardata"`
	} `xml:"Body>Shell>Environment>Variable"`
}

// newMachine starts a machine that speaks HTTPS.
func newMachine(t *testing.T, run func(command string) reply) *machine {
	t.Helper()
	m := &machine{run: run, waiting: make(chan struct{}, 1), loggedIn: map[string]bool{}}
	m.Server = httptest.NewTLSServer(http.HandlerFunc(m.serve))
	m.roots = x509.NewCertPool()
	m.roots.AddCert(m.Certificate())
	t.Cleanup(m.Close)
	return m
}

// prints is a machine on which every command prints the same.
func prints(stdout string) func(string) reply {
	return func(string) reply { return reply{parts: []string{stdout}} }
}

func (m *machine) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/wsman" || !m.login(w, r) {
		return
	}
	var message struct {
		Action  string `xml:"Header>Action"`
		Command string `xml:"Body>CommandLine>Command"`
		Signal  struct {
			Command string `xml:"CommandId,attr"`
		} `xml:"Body>Signal"`
		Receive struct {
			Command string `xml:"CommandId,attr"`
		} `xml:"Body>Receive>DesiredStream"`
	}
	if err := xml.Unmarshal(body, &message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch action := message.Action[strings.LastIndex(message.Action, "/")+1:]; action {
	case "Create":
		var s openShell
		if xml.Unmarshal(body, &s) == nil {
			m.shells = append(m.shells, s)
		}
		answer(w, `<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet><w:Selector Name="ShellId">S1</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>`)
	case "Command":
		m.commands = append(m.commands, message.Command)
		m.current, m.step = m.run(message.Command), 0
		answer(w, fmt.Sprintf(`<rsp:CommandResponse><rsp:CommandId>C%d</rsp:CommandId></rsp:CommandResponse>`, len(m.commands)))
	case "Receive":
		m.receive(w, r, message.Receive.Command)
	case "Signal":
		m.left = append(m.left, "signal "+message.Signal.Command)
		answer(w, `<rsp:SignalResponse/>`)
	case "Delete":
		m.left = append(m.left, "delete")
		answer(w, "")
	}
}

func (m *machine) receive(w http.ResponseWriter, r *http.Request, command string) {
	stream := func(name, text string) string {
		return fmt.Sprintf(`<rsp:Stream Name="%s" CommandId="%s">%s</rsp:Stream>`, name, command, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	if m.step == len(m.current.parts) {
		answer(w, `<rsp:ReceiveResponse>`+stream("stderr", m.current.err)+
			`<rsp:CommandState CommandId="`+command+`" State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done">`+
			fmt.Sprintf(`<rsp:ExitCode>%d</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>`, m.current.code))
		return
	}
	part := m.current.parts[m.step]
	m.step++
	switch part {
	case "timeout":
		refuse(w, "w:TimedOut", "The operation took too long.")
	case "fault":
		refuse(w, "w:InternalError", "The service is out of order.")
	case "hang":
		m.waiting <- struct{}{}
		m.mu.Unlock()
		<-r.Context().Done()
		m.mu.Lock()
	default:
		answer(w, `<rsp:ReceiveResponse>`+stream("stdout", part)+`</rsp:ReceiveResponse>`)
	}
}

func answer(w http.ResponseWriter, body string) { send(w, http.StatusOK, body) }

func refuse(w http.ResponseWriter, subcode, reason string) {
	send(w, http.StatusInternalServerError, `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>`+subcode+
		`</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">`+reason+`</s:Text></s:Reason></s:Fault>`)
}

func send(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/soap+xml;charset=UTF-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header/><s:Body>%s</s:Body></s:Envelope>`, body)
}

// login lets in admin with the password "pa<ss". By NTLM it looks at the messages' form
// and the user's name: checking the proof of the password is the library's own test.
func (m *machine) login(w http.ResponseWriter, r *http.Request) bool {
	if !m.ntlm {
		user, password, _ := r.BasicAuth()
		if user == "admin" && password == "pa<ss" {
			return true
		}
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loggedIn[r.RemoteAddr] {
		return true
	}
	blob, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "NTLM "))
	switch {
	case len(blob) > 12 && blob[8] == 1:
		w.Header().Set("WWW-Authenticate", "NTLM "+base64.StdEncoding.EncodeToString(challenge()))
	case len(blob) > 44 && blob[8] == 3 && ntlmUser(blob) == "admin":
		m.loggedIn[r.RemoteAddr] = true
		return true
	default:
		w.Header().Set("WWW-Authenticate", "NTLM")
	}
	w.WriteHeader(http.StatusUnauthorized)
	return false
}

// challenge is the second message of an NTLM login.
func challenge() []byte {
	const unicode, ntlm, targetInfo = 0x1, 0x200, 0x800000
	info := []byte{0, 0, 0, 0} // the end of an empty list
	b := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	b = append(b, 0, 0, 0, 0, 56, 0, 0, 0) // no target name
	b = binary.LittleEndian.AppendUint32(b, unicode|ntlm|targetInfo)
	b = append(b, "12345678"...)
	b = append(b, make([]byte, 8)...)
	b = append(b, byte(len(info)), 0, byte(len(info)), 0, 56, 0, 0, 0)
	b = append(b, make([]byte, 8)...) // version
	return append(b, info...)
}

// ntlmUser reads the user of the third message.
func ntlmUser(b []byte) string {
	size, at := int(binary.LittleEndian.Uint16(b[36:])), int(binary.LittleEndian.Uint32(b[40:]))
	if at+size > len(b) {
		return ""
	}
	return fromUTF16(b[at : at+size])
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	binary.Read(bytes.NewReader(b), binary.LittleEndian, units)
	return string(utf16.Decode(units))
}

// decodeCommand returns the script of an encoded command line.
func decodeCommand(t *testing.T, line string) string {
	t.Helper()
	encoded, ok := strings.CutPrefix(line, "powershell -encodedcommand ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		t.Fatalf("no encoded command: %.100q, %v", line, err)
	}
	return fromUTF16(raw)
}
