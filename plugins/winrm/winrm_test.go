package winrm

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// printer is an action's output.
type printer struct{ stdout, stderr bytes.Buffer }

func (p *printer) Stdout() io.Writer       { return &p.stdout }
func (p *printer) Stderr() io.Writer       { return &p.stderr }
func (p *printer) Started(core.RunnerInfo) {}

func params(m *machine, more map[string]any) map[string]any {
	u, err := url.Parse(m.URL)
	if err != nil {
		panic(err)
	}
	port, _ := strconv.ParseInt(u.Port(), 10, 64)
	p := map[string]any{
		"host": u.Hostname(), "port": port, "scheme": u.Scheme, "username": "admin", "password": "pa<ss",
		"transport": "basic", "verify_ssl_cert": true, "timeout": int64(60), "kwarg_op": "-",
	}
	for name, v := range more {
		p[name] = v
	}
	return p
}

// start runs an action of a runner type on the machine.
func start(t *testing.T, ctx context.Context, m *machine, runner string, more map[string]any) (core.Result, *printer, error) {
	t.Helper()
	out := &printer{}
	c := core.Call{
		ID: core.NewID(time.Now()), Action: &core.Action{Pack: "core", Name: "x"},
		RunnerParams: params(m, more), Output: out,
	}
	result, err := Runners(Config{Roots: m.roots, MaxOutput: 1 << 16})[runner].Run(ctx, c)
	return result, out, err
}

func wantResult(t *testing.T, got core.Result, status core.Status, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got.Value, &a); err != nil {
		t.Fatalf("%v: %q", err, got.Value)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, a); diff != "" || got.Status != status {
		t.Errorf("status %s, want %s; result (-want +got):\n%s", got.Status, status, diff)
	}
}

func wantError(t *testing.T, err error, kind core.Kind, words string) {
	t.Helper()
	if err == nil || core.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v (%v), want a %v one with %q", err, core.KindOf(err), kind, words)
	}
}

func TestCommand(t *testing.T) {
	m := newMachine(t, func(string) reply {
		return reply{parts: []string{"one\r\n", "timeout", "two <&>\r\n"}, err: "wéll\r\n"}
	})
	got, out, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{
		"cmd": `echo <&> "]]>" é`, "cwd": `C:\a & b`, "env": map[string]any{"A": "<1>", "B": int64(2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, got, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"one\r\ntwo <&>","stderr":"wéll"}`)
	if out.stdout.String() != "one\r\ntwo <&>\r\n" || out.stderr.String() != "wéll\r\n" {
		t.Errorf("printed %q and %q", out.stdout.String(), out.stderr.String())
	}
	if diff := cmp.Diff([]string{`echo <&> "]]>" é`}, m.commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if s := fmt.Sprint(m.shells); s != `[{C:\a & b [{A <1>} {B 2}]}]` {
		t.Errorf("shells %s", s)
	}
	if diff := cmp.Diff([]string{"signal C1", "delete"}, m.left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

func TestResults(t *testing.T) {
	for name, c := range map[string]struct {
		reply  reply
		status core.Status
		want   string
	}{
		"exit code": {reply{code: 3, err: "no"}, core.Failed, `{"failed":true,"succeeded":false,"return_code":3,"stdout":"","stderr":"no"}`},
		"JSON":      {reply{parts: []string{`{"a":`, "1}\r\n"}}, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":{"a":1},"stderr":""}`},
		"too much": {
			reply{parts: []string{strings.Repeat("1", 1<<16), "23"}}, core.Succeeded,
			`{"failed":false,"succeeded":true,"return_code":0,"stdout":"` + strings.Repeat("1", 1<<16) + `","stderr":"","stdout_truncated":2}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, func(string) reply { return c.reply })
			got, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x"})
			if err != nil {
				t.Fatal(err)
			}
			wantResult(t, got, c.status, c.want)
		})
	}
}

func TestCommandsAreEnded(t *testing.T) {
	hangs := func(string) reply { return reply{parts: []string{"begun", "hang"}} }
	m := newMachine(t, hangs)
	got, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "timeout": 0.3})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, got, core.TimedOut, `{"failed":true,"succeeded":false,"return_code":-1,"stdout":"begun","stderr":"","error":"Action failed to complete in 0.3 seconds"}`)
	if diff := cmp.Diff([]string{"signal C1", "delete"}, m.left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}

	for cause, status := range map[error]core.Status{core.ErrCanceled: core.Canceled, core.ErrDrained: core.Abandoned} {
		m := newMachine(t, hangs)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-m.waiting
			cancel(cause)
		}()
		got, _, err := start(t, ctx, m, "winrm-cmd", map[string]any{"cmd": "x"})
		if err != nil || got.Status != status {
			t.Errorf("%v: %s %s, error %v", cause, got.Status, got.Value, err)
		}
		if diff := cmp.Diff([]string{"signal C1", "delete"}, m.left); diff != "" {
			t.Errorf("%v: left (-want +got):\n%s", cause, diff)
		}
	}
}

func TestLogins(t *testing.T) {
	m := newMachine(t, prints("hi"))
	for _, transport := range []string{"basic", "plaintext", "ssl"} {
		if got, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "transport": transport}); err != nil || got.Status != core.Succeeded {
			t.Errorf("%s: %s, error %v", transport, got.Value, err)
		}
	}
	_, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "password": "wrong"})
	wantError(t, err, core.Unauthorized, "refused the login of admin: check username, password and transport")
	_, _, err = start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "transport": "ntlm"})
	wantError(t, err, core.Unavailable, "it offers no NTLM login")

	m.ntlm = true
	for _, user := range []string{"admin", `CORP\admin`} {
		got, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "transport": "ntlm", "username": user})
		if err != nil || got.Status != core.Succeeded {
			t.Errorf("NTLM as %s: %s, error %v", user, got.Value, err)
		}
	}
	_, _, err = start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "transport": "ntlm", "username": "eve"})
	wantError(t, err, core.Unauthorized, "refused the login of eve")
}

func TestCertificates(t *testing.T) {
	m := newMachine(t, prints("hi"))
	m.roots = nil
	_, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x"})
	wantError(t, err, core.Unavailable, "unknown authority")
	got, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x", "verify_ssl_cert": false})
	if err != nil || got.Status != core.Succeeded {
		t.Errorf("%s, error %v", got.Value, err)
	}
}

func TestFaults(t *testing.T) {
	m := newMachine(t, func(string) reply { return reply{parts: []string{"fault"}} })
	_, _, err := start(t, t.Context(), m, "winrm-cmd", map[string]any{"cmd": "x"})
	wantError(t, err, core.Unavailable, "refused: The service is out of order.")

	for words, handler := range map[string]http.HandlerFunc{
		"is this a WinRM service?":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusNotFound) },
		"its answer is no SOAP message":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
		"opened no shell":                  func(w http.ResponseWriter, _ *http.Request) { answer(w, "") },
		"cannot be reached by WinRM: Post": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		s := httptest.NewServer(handler)
		_, _, err := start(t, t.Context(), &machine{Server: s}, "winrm-cmd", map[string]any{"cmd": "x"})
		wantError(t, err, core.Unavailable, words)
		s.Close()
	}
}

func TestParametersAreChecked(t *testing.T) {
	m := newMachine(t, prints(""))
	for words, more := range map[string]map[string]any{
		"host is missing":                       {"host": ""},
		"scheme needs to be http or https":      {"scheme": "ftp"},
		`transport "kerberos" is not supported`: {"transport": "kerberos"},
	} {
		_, _, err := start(t, t.Context(), m, "winrm-cmd", more)
		wantError(t, err, core.Invalid, words)
	}
	for want, p := range map[string]map[string]any{
		"https://win:5986/wsman":  {"host": "win", "port": int64(5986), "scheme": "https", "transport": "ntlm"},
		"http://win:5985/wsman":   {"host": "win", "port": int64(5985), "scheme": "https", "transport": "ntlm"},
		"http://[::1]:8080/wsman": {"host": "::1", "port": int64(8080), "scheme": "http", "transport": "ntlm"},
	} {
		if got, err := targetOf(p); err != nil || got.url != want {
			t.Errorf("%s, error %v; want %s", got.url, err, want)
		}
	}
}

const progress = "#< CLIXML\r\n" + `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj S="progress" RefId="0"><TN RefId="0"><T>x</T></TN><MS><I64 N="SourceId">1</I64></MS></Obj>`

func TestPowerShell(t *testing.T) {
	m := newMachine(t, func(string) reply {
		return reply{parts: []string{"ok\r\n"}, code: 1,
			err: progress + `<S S="Error">It &lt;broke&gt;_x000D__x000A_</S><S S="Warning">hot</S><S S="Error">at line 1_x000D__x000A_</S></Objs>`}
	})
	got, out, err := start(t, t.Context(), m, "winrm-ps-cmd", map[string]any{"cmd": "Write-Host 'é'"})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, got, core.Failed, `{"failed":true,"succeeded":false,"return_code":1,"stdout":"ok","stderr":"It <broke>\nat line 1"}`)
	if script := decodeCommand(t, m.commands[0]); script != "Write-Host 'é'" {
		t.Errorf("script %q", script)
	}
	if out.stderr.String() != "It <broke>\nat line 1\n" {
		t.Errorf("printed %q", out.stderr.String())
	}
}

func TestPlainErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"plain":                    "plain",
		progress + "</Objs>":       "",
		"#< CLIXML\r\n<Objs><S S=": "#< CLIXML\r\n<Objs><S S=",
	} {
		if got := plainErrors(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

var appended = regexp.MustCompile(`FromBase64String\('([^']*)'\);\$f=\[IO.File\]::Open\("\$env:TEMP\\(petrel-[0-9a-f]{24}\.ps1)",'Append'\)`)

func TestLongScriptsAreUploaded(t *testing.T) {
	m := newMachine(t, func(command string) reply {
		if strings.Contains(command, "-file") {
			return reply{parts: []string{"done"}}
		}
		return reply{}
	})
	script := "# é\n" + strings.Repeat("Write-Host 'a line'\n", 400)
	got, _, err := start(t, t.Context(), m, "winrm-ps-cmd", map[string]any{"cmd": script})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, got, core.Succeeded, `{"failed":false,"succeeded":true,"return_code":0,"stdout":"done","stderr":""}`)
	var file, content string
	for _, command := range m.commands {
		if len(command) > maxCommandLine {
			t.Errorf("a command line of %d characters", len(command))
		}
	}
	last := len(m.commands) - 2
	for _, command := range m.commands[:last] {
		parts := appended.FindStringSubmatch(decodeCommand(t, command))
		if parts == nil {
			t.Fatalf("no part of an upload: %s", decodeCommand(t, command))
		}
		chunk, err := base64.StdEncoding.DecodeString(parts[1])
		if err != nil || len(chunk) > uploadChunk {
			t.Errorf("a chunk of %d bytes, error %v", len(chunk), err)
		}
		content, file = content+string(chunk), parts[2]
	}
	if content != "\xef\xbb\xbf"+script {
		t.Errorf("uploaded %d bytes: %.60q", len(content), content)
	}
	want := []string{`powershell -executionpolicy bypass -file "%TEMP%\` + file + `"`, `del /q "%TEMP%\` + file + `"`}
	if diff := cmp.Diff(want, m.commands[last:]); diff != "" {
		t.Errorf("last commands (-want +got):\n%s", diff)
	}
}

func TestUploadFails(t *testing.T) {
	m := newMachine(t, func(string) reply { return reply{code: 1, err: "disk full"} })
	_, _, err := start(t, t.Context(), m, "winrm-ps-cmd", map[string]any{"cmd": strings.Repeat("x", 9000)})
	wantError(t, err, core.Unavailable, "disk full")
	m.wantTakenAway(t)
}

// wantTakenAway wants the last command to remove the file that the first one began.
func (m *machine) wantTakenAway(t *testing.T) {
	t.Helper()
	file := appended.FindStringSubmatch(decodeCommand(t, m.commands[0]))[2]
	if last := m.commands[len(m.commands)-1]; last != `del /q "%TEMP%\`+file+`"` {
		t.Errorf("%s is left: the last command is %.60s", file, last)
	}
}

func TestUploadCutOff(t *testing.T) {
	m := newMachine(t, func(command string) reply {
		if strings.HasPrefix(command, "del ") {
			return reply{}
		}
		return reply{parts: []string{"hang"}}
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-m.waiting; cancel(core.ErrCanceled) }()
	got, _, err := start(t, ctx, m, "winrm-ps-cmd", map[string]any{"cmd": strings.Repeat("x", 9000)})
	if err != nil || got.Status != core.Canceled {
		t.Errorf("%s %s, error %v", got.Status, got.Value, err)
	}
	m.wantTakenAway(t)
}

func TestScript(t *testing.T) {
	m := newMachine(t, prints("ok"))
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "actions"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "actions", "a.ps1"), []byte("\uFEFFparam($x)\n# end"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := core.Call{
		ID: core.NewID(time.Now()), Dir: dir, RunnerParams: params(m, nil), Output: &printer{},
		Action: &core.Action{Pack: "t", Name: "a", EntryPoint: "a.ps1", Parameters: core.Parameters{
			{Name: "second", Schema: core.Schema{"type": "integer", "position": int64(1)}},
			{Name: "x", Schema: core.Schema{"type": "string"}},
			{Name: "cmd", Schema: core.Schema{}}, // the runner's, not passed on
			{Name: "off", Schema: core.Schema{"type": "boolean"}},
			{Name: "none", Schema: core.Schema{}},
			{Name: "first", Schema: core.Schema{"type": "array", "position": int64(0)}},
		}},
		Params: map[string]any{"x": `"$(rm)"`, "off": false, "none": nil, "first": []any{"a", "b"}, "second": int64(7)},
	}
	r := Runners(Config{Roots: m.roots})["winrm-ps-script"]
	got, err := r.Run(t.Context(), c)
	if err != nil || got.Status != core.Succeeded {
		t.Fatalf("%s, error %v", got.Value, err)
	}
	want := "& {\nparam($x)\n# end\n} -x \"`\"`$(rm)`\"\" -off $false -none $null \"a,b\" \"7\""
	if script := decodeCommand(t, m.commands[0]); script != want {
		t.Errorf("script\n%s\nwant\n%s", script, want)
	}
	c.Action.EntryPoint = "b.ps1"
	_, err = r.Run(t.Context(), c)
	wantError(t, err, core.Invalid, "does not exist")
}

func TestLiterals(t *testing.T) {
	for want, v := range map[string]any{
		"$null": nil, "$true": true, "$false": false, "5": int64(5), "2.5": 2.5, `""`: "", `"a b"`: "a b",
		"\"`$x``y`\"z\"":               "$x`y\"z",
		"\"`n`r`t`0\"":                 "\n\r\t\x00",
		"\"`\u201c`\u201d`\u201e'\"":   "\u201c\u201d\u201e'",
		`@()`:                          []any{},
		`@(1, "a", @($true))`:          []any{int64(1), "a", []any{true}},
		"@{\"a\" = 1; \"b`\"\" = @{}}": map[string]any{"b\"": map[string]any{}, "a": int64(1)},
	} {
		if got := literal(v); got != want {
			t.Errorf("%#v: got %s, want %s", v, got, want)
		}
	}
}

// st2: runners reference 10: names and defaults.
func TestTypes(t *testing.T) {
	runners := Runners(Config{})
	var lines []string
	for _, typ := range Types() {
		if _, ok := runners[typ.Name]; !ok || typ.Description == "" || !typ.Enabled {
			t.Errorf("%s is not whole", typ.Name)
		}
		delete(runners, typ.Name)
		for _, p := range typ.Parameters {
			fallback, err := json.Marshal(p.Schema["default"])
			if err != nil || p.Schema.Text("description") == "" {
				t.Errorf("%s.%s lacks a description, or %v", typ.Name, p.Name, err)
			}
			line := fmt.Sprintf("%s %s %s required=%v secret=%v", p.Name, p.Schema.Text("type"), fallback, p.Schema.Flag("required"), p.Schema.Flag("secret"))
			if typ.Name == "winrm-cmd" {
				lines = append(lines, line)
			} else if p.Name != "cmd" && !slices.Contains(lines, line) {
				t.Errorf("%s has %s, winrm-cmd has not", typ.Name, line)
			}
		}
	}
	if len(runners) > 0 {
		t.Errorf("not described: %v", runners)
	}
	want := []string{
		"cmd string null required=false secret=false",
		"host string null required=true secret=false", "username string null required=true secret=false",
		"password string null required=true secret=true", "port integer 5986 required=false secret=false",
		`scheme string "https" required=false secret=false`, `transport string "ntlm" required=false secret=false`,
		"verify_ssl_cert boolean true required=false secret=false", "timeout integer 60 required=false secret=false",
		"cwd string null required=false secret=false", "env object null required=false secret=false",
		`kwarg_op string "-" required=false secret=false`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}
