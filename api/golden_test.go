package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden tells the story of each testdata/<noun>.golden: requests, each with its
// status, its count headers and its body. Ids are numbered, times and the like are named.
// A line "> METHOD PATH BODY" is a request; $name in it is replaced by what a line
// "< name path" took from the last answer, or by the digest of an uploaded pack: $one,
// $two, its next version, and $bad; "! id" waits for an
// execution to end, "~ id status" for it to be in a status, "? rule" for one that a rule
// asked for.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".golden"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newStory(t).tell(string(raw))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(raw), got); diff != "" {
				t.Errorf("-want +got (rewrite with -update if this is right):\n%s", diff)
			}
		})
	}
}

type story struct {
	*world
	vars map[string]string
	ids  map[string]string
	last reply
	out  strings.Builder
}

func newStory(t *testing.T) *story {
	s := &story{world: newWorld(t, nil), vars: map[string]string{}, ids: map[string]string{}}
	if err := os.MkdirAll(filepath.Join(s.dir, "actions"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "actions", "echo.sh"), []byte("#!/bin/sh\necho\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.vars["one"], s.vars["two"], s.vars["bad"] = s.uploadPacks()
	return s
}

// tell runs the requests of a golden file and returns it with the answers as they are now.
func (s *story) tell(text string) string {
	for _, line := range strings.Split(text, "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case ">":
			fmt.Fprintf(&s.out, "%s\n", line)
			s.request(s.fill(rest))
		case "<":
			fmt.Fprintf(&s.out, "%s\n", line)
			name, path, _ := strings.Cut(rest, " ")
			s.vars[name] = s.take(path)
		case "!":
			fmt.Fprintf(&s.out, "%s\n", line)
			s.await(s.fill(rest), core.Status.Final)
		case "~":
			fmt.Fprintf(&s.out, "%s\n", line)
			id, status, _ := strings.Cut(s.fill(rest), " ")
			s.await(id, func(now core.Status) bool { return string(now) == status })
		case "?":
			fmt.Fprintf(&s.out, "%s\n", line)
			s.awaitRule(rest)
		case "#":
			fmt.Fprintf(&s.out, "%s\n", line)
		}
	}
	return s.out.String()
}

func (s *story) fill(text string) string {
	return regexp.MustCompile(`\$[a-z]+`).ReplaceAllStringFunc(text, func(v string) string { return s.vars[v[1:]] })
}

func (s *story) request(line string) {
	method, rest, _ := strings.Cut(line, " ")
	path, body, _ := strings.Cut(rest, " ")
	s.last = s.send(method, path, body)
	fmt.Fprintf(&s.out, "%d", s.last.status)
	for _, h := range []string{"X-Total-Count", "X-Limit", "Content-Type"} {
		if v := s.last.header.Get(h); v != "" && v != "application/json" {
			fmt.Fprintf(&s.out, " %s=%s", h, v)
		}
	}
	s.out.WriteString("\n" + s.normal(s.last.body) + "\n")
}

// take returns a member of the last answer, of the first of a list.
func (s *story) take(path string) string {
	var v any
	if err := json.Unmarshal([]byte(s.last.body), &v); err != nil {
		s.t.Fatal(err)
	}
	for _, step := range strings.Split(path, ".") {
		if l, ok := v.([]any); ok && len(l) > 0 {
			v = l[0]
		}
		v = v.(map[string]any)[step]
	}
	return fmt.Sprint(v)
}

var (
	idForm       = regexp.MustCompile(`\b[0-9a-f]{24}\b`)
	uuidForm     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timeForm     = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z`)
	secondsForm  = regexp.MustCompile(`"elapsed_seconds": [0-9.]+`)
	hostForm     = regexp.MustCompile(`"hostname": "[^"]*"`)
	pidForm      = regexp.MustCompile(`"pid": \d+`)
	digestForm   = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	hashForm     = regexp.MustCompile(`[0-9a-f]{128}`)
	tokenForm    = regexp.MustCompile(`"token": "[0-9a-f]{32}"`)
	keyForm      = regexp.MustCompile(`"key": "[A-Za-z0-9_-]{86}"`)
	tagForm      = regexp.MustCompile(`-[0-9a-f]{32}"`)
	portForm     = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	sealedForm   = regexp.MustCompile(`px1:[0-9a-f]{8}:[A-Za-z0-9_-]{20,}`)
	signatureUID = regexp.MustCompile(`:[0-9a-f]{32}"`)
)

func (s *story) normal(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") == nil {
		body = b.String()
	}
	body = strings.ReplaceAll(body, s.dir, "/DIR")
	body = uuidForm.ReplaceAllStringFunc(body, func(id string) string { return s.number("UUID", id) })
	body = idForm.ReplaceAllStringFunc(body, func(id string) string { return s.number("ID", id) })
	for form, name := range map[*regexp.Regexp]string{
		timeForm: "TIME", secondsForm: `"elapsed_seconds": N`, hostForm: `"hostname": "HOST"`, pidForm: `"pid": N`,
		hashForm: "HASH", digestForm: "DIGEST", tokenForm: `"token": "TOKEN"`, keyForm: `"key": "KEY"`, portForm: "127.0.0.1:PORT",
		tagForm: `-TAG"`, signatureUID: `:MD5"`, sealedForm: "SEALED",
	} {
		body = form.ReplaceAllString(body, name)
	}
	return strings.TrimRight(body, "\n")
}

func (s *story) number(kind, id string) string {
	if _, ok := s.ids[id]; !ok {
		s.ids[id] = fmt.Sprintf("%s%d", kind, len(s.ids)+1)
	}
	return s.ids[id]
}
