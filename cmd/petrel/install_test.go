package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/sdk/wire"
	guest "github.com/petrelhq/petrel/sdk/wire/process"
)

// TestInstalledPackIsThereOnEveryServer: of two servers on one Redis one serves the API
// and gets the pack, the other carries out its actions.
func TestInstalledPackIsThereOnEveryServer(t *testing.T) {
	dir, store := t.TempDir(), redistest.Start(t)
	t.Setenv("PETREL_SEAL_KEYS", "WqY4f2x1l3c0Yt0bS9mB2m0c5yFq0mXk3jv8u2rZs3E=")
	binary := buildServer(t)
	a := startProcess(t, binary, filepath.Join(dir, "a"), "--store", store.URL(), "--roles", "api,router")
	a.token = a.login()
	b := startProcess(t, binary, filepath.Join(dir, "b"), "--store", store.URL(), "--roles", "api,worker,sensors")
	b.token = a.token
	for _, v := range []birdVersion{birds(t, "1.0.0", "tweet"), birds(t, "2.0.0", "whistle")} {
		if err := a.installPack(v.archive); err != nil {
			a.fatal("%v", err)
		}
		if out := a.runs("birds.sing"); out != "version "+v.number {
			b.fatal("%s was installed; the other server printed %q", v.number, out)
		}
	}
	onB := func() int {
		folders, err := os.ReadDir(filepath.Join(dir, "b", "installed", "birds"))
		if err != nil {
			return 0
		}
		return len(folders)
	}
	if n := onB(); n != 2 {
		t.Errorf("the other server has unpacked %d versions", n)
	}
	a.call(http.MethodPost, "/api/v1/packs/birds/rollback", map[string]any{}, nil)
	if out := b.runs("birds.sing"); out != "version 1.0.0" {
		b.fatal("rolled back, it printed %q", out)
	}
	// One that nobody uses there yet is fetched too, as soon as the server hears of it.
	more := fstest.MapFS{"pack.yaml": {Data: []byte("ref: trees\nname: Trees\ndescription: They grow.\nauthor: A\nversion: 1.0.0\n")}}
	if err := a.installPack(archiveOf(t, more)); err != nil {
		a.fatal("%v", err)
	}
	b.await("the other server has fetched the pack", 10*time.Second, func() bool {
		_, err := os.Stat(filepath.Join(dir, "b", "installed", "trees"))
		return err == nil
	})
}

func describePack(fsys fs.FS, dir string) (core.Pack, error) {
	content, errs := pack.Read(fsys, dir)
	if len(errs) > 0 {
		return core.Pack{}, errors.Join(errs...)
	}
	return content.Pack, nil
}

// emptyCode is the program of a pack's code that brings nothing; its argument is the
// pack's name. Scripts know it as empty-code.
func emptyCode() {
	err := guest.Serve(func(context.Context, wire.Request, guest.Host) wire.Response {
		return wire.Response{Pack: &wire.Pack{Version: wire.Version, Name: os.Args[1]}}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runEmptyCode is a script that runs emptyCode.
func runEmptyCode(t *testing.T, pack string) string {
	t.Helper()
	program, err := exec.LookPath("empty-code")
	if err != nil {
		t.Fatal(err)
	}
	return "#!/bin/sh\nexec " + program + " " + pack + "\n"
}

// shelf is a registry served on loopback, of packs that the test makes.
type shelf struct {
	t   *testing.T
	dir string
	url string
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{t: t, dir: t.TempDir()}
	server := httptest.NewServer(http.FileServer(http.Dir(s.dir)))
	t.Cleanup(server.Close)
	s.url = server.URL + "/index.json"
	return s
}

// publish adds a version of the pack birds.
func (s *shelf) publish(number, permissions string) {
	s.t.Helper()
	from := s.t.TempDir()
	for name, text := range map[string]string{
		"pack.yaml":         "ref: birds\nname: birds\ndescription: They sing.\nauthor: A\nversion: " + number + "\nruntime: process\npermissions: " + permissions + "\n",
		"bin/birds":         runEmptyCode(s.t, "birds"),
		"actions/sing.yaml": "name: sing\nrunner_type: local-shell-cmd\nparameters: {cmd: {default: echo version " + number + "}}\n",
	} {
		path := filepath.Join(from, "birds", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	_, err := registry.Build(registry.Building{Dir: from, Out: s.dir, Describe: describePack})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestInstallByName: from a registry by name and version, upgraded, rolled back; an archive
// that is not what the index promises is refused.
func TestInstallByName(t *testing.T) {
	s := newShelf(t)
	s.publish("1.0.0", "{http: ['https://a.com']}")
	dir := t.TempDir()
	config := filepath.Join(dir, "petrel.yaml")
	if err := os.WriteFile(config, []byte("registries: ["+s.url+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, buildServer(t), filepath.Join(dir, "data"), "--config", config)
	p.token = p.login()

	plan := p.stagePack("birds", http.StatusOK)
	p.acceptPack(plan, http.StatusCreated)
	s.publish("1.1.0", "{http: ['https://a.com'], secrets: [token]}")
	s.publish("1.2.0", "{http: ['https://a.com']}")
	if plan = p.stagePack("birds=1.1.0", http.StatusOK); fmt.Sprint(plan.Asks) != "[May read in clear the secret key token]" {
		t.Errorf("the upgrade asks for %v", plan.Asks)
	}
	p.call(http.MethodPost, "/api/v1/packs/stage/"+plan.Digest+"/install", map[string]any{"accept": plan.Asks}, nil)
	if out := p.runs("birds.sing"); out != "version 1.1.0" {
		t.Errorf("it printed %q", out)
	}
	p.call(http.MethodPost, "/api/v1/packs/birds/rollback", map[string]any{}, nil)
	if out := p.runs("birds.sing"); out != "version 1.0.0" {
		t.Errorf("rolled back, it printed %q", out)
	}
	var found []struct{ Name, Version string }
	p.call(http.MethodPost, "/api/v1/packs/index/search", map[string]any{"query": "sing"}, &found)
	if fmt.Sprint(found) != "[{birds 1.2.0}]" {
		t.Errorf("found %v", found)
	}
	s.tamper("birds-1.2.0.tar.gz")
	if plan = p.stagePack("birds", http.StatusBadRequest); !strings.Contains(plan.Fault, "expected sha256") {
		t.Errorf("a tampered archive: %s", plan.Fault)
	}
	if out := p.runs("birds.sing"); out != "version 1.0.0" {
		t.Errorf("after that it printed %q", out)
	}
}

func (s *shelf) tamper(name string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// stagedPack is a plan, or why there is none.
type stagedPack struct {
	Digest string   `json:"digest"`
	Asks   []string `json:"asks"`
	Fault  string   `json:"faultstring"`
}

func (p *serverProcess) stagePack(source string, want int) (plan stagedPack) {
	p.t.Helper()
	p.expect(want, http.MethodPost, "/api/v1/packs/stage", map[string]any{"source": source}, &plan)
	return plan
}

// acceptPack installs what was staged, once without and once with accepting it.
func (p *serverProcess) acceptPack(plan stagedPack, want int) {
	p.t.Helper()
	path := "/api/v1/packs/stage/" + plan.Digest + "/install"
	p.expect(http.StatusForbidden, http.MethodPost, path, map[string]any{}, nil)
	p.expect(want, http.MethodPost, path, map[string]any{"accept": plan.Asks}, nil)
}

// expect talks to the API; any other status ends the test.
func (p *serverProcess) expect(want int, method, path string, in, out any) {
	p.t.Helper()
	status, raw, err := p.send(method, path, in, nil)
	if err == nil && out != nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil || status != want {
		p.fatal("%s %s: %d, want %d: %s %v", method, path, status, want, raw, err)
	}
}
