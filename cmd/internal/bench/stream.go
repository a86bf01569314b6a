package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// stream follows executions to their end over the event stream.
type stream struct {
	finished chan string // ids, each once
	stop     context.CancelFunc
}

// follow attaches to the stream; it has seen nothing before it returns.
func (s *server) follow() (*stream, error) {
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/stream/v1/stream?events=st2.execution__update", nil)
	if err != nil {
		stop()
		return nil, err
	}
	req.Header.Set("X-Auth-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		stop()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		stop()
		resp.Body.Close()
		return nil, fmt.Errorf("the event stream: %s", resp.Status)
	}
	f := &stream{finished: make(chan string, 1024), stop: stop}
	go f.read(resp)
	return f, nil
}

// firstID finds the execution's id: its own comes first.
var firstID = regexp.MustCompile(`"id":"([0-9a-f]{24})"`)

func (f *stream) read(resp *http.Response) {
	defer resp.Body.Close()
	defer close(f.finished)
	seen := map[string]bool{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || !strings.Contains(data, `"end_timestamp":`) {
			continue
		}
		if m := firstID.FindStringSubmatch(data); m != nil && !seen[m[1]] {
			seen[m[1]] = true
			f.finished <- m[1]
		}
	}
}
