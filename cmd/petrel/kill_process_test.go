package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const killPassword = "kill-test"

// built is the folder of the program as it is shipped, made by the first test that asks.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// buildServer returns the program as it is shipped, built once for all tests.
func buildServer(t *testing.T) string {
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "petrel-built-"); built.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", built.dir, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "petrel")
}

// tests are all of them, with what they leave behind.
type tests struct{ *testing.M }

// Run runs them and cleans up.
func (m tests) Run() int {
	defer func() { _ = os.RemoveAll(built.dir) }() // "" is nothing
	return m.M.Run()
}

// serverProcess is a server in a process of its own.
type serverProcess struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	token  string
	log    string // file
	client *http.Client
}

// startProcess starts a server on the data directory and returns when it is ready.
func startProcess(t *testing.T, binary, data string, more ...string) *serverProcess {
	p := &serverProcess{t: t, log: data + ".log", client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	p.cmd = exec.Command(binary, append([]string{"server", "--listen", "127.0.0.1:0", "--data", data}, more...)...)
	p.cmd.Env = append(os.Environ(), "PETREL_ADMIN_USER=kill", "PETREL_ADMIN_PASSWORD="+killPassword)
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stderr = log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.url = listens(stdout)
	if p.url == "" {
		p.fatal("it ended without saying where it listens")
	}
	p.await("it is ready", time.Minute, p.ready)
	return p
}

// listens reads the server's first lines up to the address.
func listens(stdout io.Reader) string {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), " listens on "); ok {
			url, _, _ := strings.Cut(rest, ",")
			return url
		}
	}
	return ""
}

func (p *serverProcess) ready() bool {
	resp, err := p.client.Get(p.url + "/readyz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// await asks until done says so.
func (p *serverProcess) await(what string, within time.Duration, done func() bool) {
	deadline := time.Now().Add(within)
	for pause := time.Millisecond; !done(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			p.fatal("waited %v in vain until %s", within, what)
		}
		time.Sleep(pause) // between two looks
	}
}

// fatal ends the test with the server's last words.
func (p *serverProcess) fatal(format string, args ...any) {
	p.t.Helper()
	text, _ := os.ReadFile(p.log)
	p.t.Fatalf("server: %s\n%s", fmt.Sprintf(format, args...), text[max(0, len(text)-4000):])
}

// kill ends the server as a crash would. A second time is no error.
func (p *serverProcess) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.client.CloseIdleConnections()
}

func (p *serverProcess) login() string {
	var answer struct {
		Token string `json:"token"`
	}
	p.call(http.MethodPost, "/auth/v1/tokens", nil, &answer)
	return answer.Token
}

// rule runs an action for each event of a webhook.
func (p *serverProcess) rule(name, hook, action string, parameters map[string]any) {
	type object = map[string]any
	p.call(http.MethodPost, "/api/v1/rules", object{
		"name": name, "pack": "default", "enabled": true,
		"trigger": object{"type": "core.st2.webhook", "parameters": object{"url": hook}},
		"action":  object{"ref": action, "parameters": parameters},
	}, nil)
}

// call talks to the API; anything but success ends the test.
func (p *serverProcess) call(method, path string, in, out any) {
	p.t.Helper()
	status, raw, err := p.send(method, path, in, nil)
	if err != nil || status >= 300 {
		p.fatal("%s %s: %d %s %v", method, path, status, raw, err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			p.fatal("%s %s: %v", method, path, err)
		}
	}
}

func (p *serverProcess) send(method, path string, in any, header map[string]string) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, p.url+path, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	if p.token == "" {
		req.SetBasicAuth("kill", killPassword)
	} else {
		req.Header.Set("X-Auth-Token", p.token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, raw, err
}

// waiting counts the executions that are not finished and the instances that are not
// processed.
func (p *serverProcess) waiting() int {
	var instances []json.RawMessage
	p.call(http.MethodGet, "/api/v1/triggerinstances?status=pending&limit=1000", nil, &instances)
	status, raw, err := p.send(http.MethodGet, "/metrics", nil, nil)
	if err != nil || status != http.StatusOK {
		p.fatal("GET /metrics: %d %v", status, err)
	}
	n := len(instances)
	for line := range strings.Lines(string(raw)) {
		rest, ok := strings.CutPrefix(line, `petrel_executions{status="`)
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSpace(rest), `"} `)
		if count, err := strconv.ParseFloat(value, 64); err == nil && !isFinal(name) {
			n += int(count)
		}
	}
	return n
}
