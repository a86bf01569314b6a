package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a running Petrel on a port and a directory of its own.
type server struct {
	cmd   *exec.Cmd
	url   string
	token string
	dir   string        // the data directory
	ready time.Duration // from exec to the first 200 of /readyz
	own   float64       // reads of the store that were for us, through /metrics
}

const password = "bench-only"

// serve starts the server on a data directory, with more arguments if given, and waits
// until it is ready.
func (b *bench) serve(dir string, more ...string) (*server, error) {
	args := append([]string{"server", "--listen", "127.0.0.1:0", "--data", dir}, more...)
	s := &server{dir: dir, cmd: exec.Command(b.binary, args...)}
	s.cmd.Env = append(os.Environ(), "PETREL_ADMIN_USER=bench", "PETREL_ADMIN_PASSWORD="+password)
	log, err := os.Create(dir + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.awaitReady(stdout); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, errors.Join(fmt.Errorf("the server did not start: %w\n%s", err, text), s.kill())
	}
	s.ready = time.Since(began)
	return s, s.login()
}

// awaitReady reads where the server listens and asks until it says that it is ready.
func (s *server) awaitReady(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	for s.url == "" && lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), " listens on "); ok {
			s.url, _, _ = strings.Cut(rest, ",")
		}
	}
	if s.url == "" {
		return errors.New("it did not say where it listens")
	}
	go io.Copy(io.Discard, stdout) // ends with the process
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		resp, err := http.Get(s.url + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("not ready within a minute")
}

func (s *server) login() error {
	var t struct {
		Token string `json:"token"`
	}
	err := s.call(http.MethodPost, "/auth/v1/tokens", nil, &t)
	s.token = t.Token
	return err
}

// call sends a request with a JSON body and reads the JSON answer into out, if not nil.
func (s *server) call(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.token == "" {
		req.SetBasicAuth("bench", password)
	} else {
		req.Header.Set("X-Auth-Token", s.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return errors.Join(err, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, raw))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// rule makes a rule that runs an action for every event posted to webhooks/name.
func (s *server) rule(name, action string, parameters map[string]any) error {
	type object = map[string]any
	return s.call(http.MethodPost, "/api/v1/rules", object{
		"name": name, "pack": "default", "enabled": true,
		"trigger": object{"type": "core.st2.webhook", "parameters": object{"url": name}},
		"action":  object{"ref": action, "parameters": parameters},
	}, nil)
}

// hook is where events for a rule are posted.
func (s *server) hook(name string) target {
	return s.posts("/api/v1/webhooks/"+name, http.StatusAccepted)
}

func (s *server) posts(path string, ok int) target {
	u, _ := url.Parse(s.url)
	return target{addr: u.Host, path: path, token: s.token, ok: ok}
}

// stop ends the server in good order.
func (s *server) stop() error {
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}

// kill ends the server as a crash would.
func (s *server) kill() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says that it was killed
	return err
}

// memory returns the bytes of the server's memory that are in use.
func (s *server) memory() (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	return float64(pages * os.Getpagesize()), err
}

// peak returns the most bytes of memory that were in use since the server began.
func (s *server) peak() (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest + " ?")[0])
	return float64(kilobytes) * 1024, err
}

// size returns the bytes that files below the data directory take on disk.
func (s *server) size() (float64, error) {
	total := 0.0
	err := filepath.Walk(s.dir, func(_ string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			total += float64(st.Blocks * 512)
		}
		return nil
	})
	return total, err
}
