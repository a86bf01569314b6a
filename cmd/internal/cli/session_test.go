package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the sessions with what the commands print now")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSessions runs the command lines in testdata/sessions against a server that answers
// as the file says, and compares what was asked, printed and returned.
//
// Such a file is a txtar archive: "server" has the answers, "session" the transcript, and
// everything else is a file in the working directory, which is the home directory too.
func TestSessions(t *testing.T) {
	paths, err := filepath.Glob("testdata/sessions/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sessions: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { runSession(t, path) })
	}
}

func runSession(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var answers, transcript *txtar.File
	for i := range archive.Files {
		switch f := &archive.Files[i]; f.Name {
		case "server":
			answers = f
		case "session":
			transcript = f
		default:
			writeInput(t, f.Name, f.Data)
		}
	}
	remote := newRemote(t, string(answers.Data))
	got := playSession(t, remote, string(transcript.Data))
	if *update {
		transcript.Data = []byte(got)
		if err := os.WriteFile(golden, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(transcript.Data), got); diff != "" {
		t.Errorf("the session differs (-want +got):\n%s", diff)
	}
}

func writeInput(t *testing.T, name string, data []byte) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// playSession runs the lines of script that begin with "$ " and returns the new transcript.
func playSession(t *testing.T, remote *remote, script string) string {
	var out strings.Builder
	for line := range strings.Lines(script) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(line)
		playLine(t, remote, strings.TrimSpace(command), &out)
	}
	return strings.ReplaceAll(out.String(), remote.server.URL, "http://petrel")
}

// playLine runs one command line, which may begin with variables, or "cat FILE".
func playLine(t *testing.T, remote *remote, line string, out *strings.Builder) {
	words := shellWords(line)
	if words[0] == "cat" {
		data, err := os.ReadFile(words[1])
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
		return
	}
	environ := []string{"HOME=.", "PETREL_URL=" + remote.server.URL, "COLUMNS=120"}
	for strings.Contains(words[0], "=") {
		environ = append(environ, strings.ReplaceAll(words[0], "http://petrel", remote.server.URL))
		words = words[1:]
	}
	var stdout, stderr bytes.Buffer
	a := &app{
		prog: words[0], stdin: strings.NewReader("typed\n"), stdout: &stdout, stderr: &stderr, environ: environ,
		now: func() time.Time { return time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC) },
	}
	root := a.root()
	root.Version = "1.2.3"
	code := Execute(context.Background(), root, words[1:])
	out.WriteString(remote.asked())
	out.Write(stdout.Bytes())
	for line := range strings.Lines(stderr.String()) {
		out.WriteString("stderr: " + line)
	}
	if stderr.Len() > 0 && !strings.HasSuffix(stderr.String(), "\n") {
		out.WriteString("\n")
	}
	fmt.Fprintf(out, "exit %d\n", code)
}

// shellWords splits at blanks outside single quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words[:len(words)-1], words[len(words)-1]+part)
			continue
		}
		fields := strings.Fields(part)
		if i > 0 && part != "" && part[0] != ' ' && len(fields) > 0 {
			words[len(words)-1] += fields[0]
			fields = fields[1:]
		}
		words = append(words, fields...)
		if strings.HasSuffix(part, " ") && i < strings.Count(line, "'") {
			words = append(words, "")
		}
	}
	return words
}

// remote is a server with prepared answers. Where a request has several, they are given
// one after the other, the last one again and again.
type remote struct {
	server  *httptest.Server
	mu      sync.Mutex
	answers map[string][]answer // by "METHOD /path" or "METHOD /path?query"
	log     []string
}

type answer struct {
	status  int
	headers [][2]string
	body    string
}

// newRemote reads blocks of "METHOD /path", "status [Header: value]" and a body, with a
// line "--" between blocks.
func newRemote(t *testing.T, text string) *remote {
	r := &remote{answers: map[string][]answer{}}
	for block := range strings.SplitSeq(text, "\n--\n") {
		request, rest, _ := strings.Cut(strings.TrimSpace(block), "\n")
		head, body, _ := strings.Cut(rest, "\n")
		code, header, _ := strings.Cut(head, " ")
		status, err := strconv.Atoi(code)
		if err != nil {
			t.Fatalf("status of %q: %v", request, err)
		}
		a := answer{status: status, body: body}
		if strings.Contains(header, "event-stream") {
			a.body += "\n\n"
		}
		if name, value, ok := strings.Cut(header, ": "); ok {
			a.headers = append(a.headers, [2]string{name, value})
		}
		r.answers[request] = append(r.answers[request], a)
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *remote) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	line := "> " + req.Method + " " + req.URL.RequestURI()
	for _, name := range []string{"X-Auth-Token", "St2-Api-Key", "Authorization"} {
		if v := req.Header.Get(name); v != "" {
			line += " [" + name + ": " + v + "]"
		}
	}
	r.log = append(r.log, strings.TrimSpace(line+" "+string(body)))
	a := r.answer(req)
	for _, h := range a.headers {
		w.Header().Set(h[0], h[1])
	}
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func (r *remote) answer(req *http.Request) answer {
	for _, key := range []string{req.Method + " " + req.URL.RequestURI(), req.Method + " " + req.URL.Path} {
		list := r.answers[key]
		if len(list) > 1 {
			r.answers[key] = list[1:]
		}
		if len(list) > 0 {
			return list[0]
		}
	}
	return answer{status: http.StatusNotFound, body: `{"faultstring":"The resource could not be found."}`}
}

// asked are the requests since the last call.
func (r *remote) asked() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.log
	r.log = nil
	if len(log) == 0 {
		return ""
	}
	return strings.Join(log, "\n") + "\n"
}
