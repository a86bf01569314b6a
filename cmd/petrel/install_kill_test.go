package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/petrelhq/petrel/core/registry"
)

// TestInstallKill kills the real server at random moments while it installs two versions
// of a pack in turn, again and again on the same data. After each restart one of the two
// is there, whole, and works. PETREL_KILL_N sets the number of kills.
func TestInstallKill(t *testing.T) {
	kills := killsOr(3)
	seed := rand.Uint64()
	fmt.Printf("install-kill-test: seed %d\n", seed)
	k := newInstallKilling(t, rand.New(rand.NewPCG(seed, 0)))
	began := time.Now()
	for range kills {
		k.life()
		k.judge()
		if t.Failed() {
			t.FailNow()
		}
	}
	fmt.Printf("install-kill-test: %d kills in %.0f s, during or between %d installs; the version before was found %d times, the one being installed %d times, each whole and at work\n",
		kills, time.Since(began).Seconds(), k.installs, k.old, k.new)
}

// installKilling is a run of the test.
type installKilling struct {
	t      *testing.T
	rng    *rand.Rand
	binary string
	data   string
	token  string
	server *serverProcess

	versions [2]birdVersion
	present  int // index of the version that was installed last, for sure
	next     int // index of the version that may have been installed since

	installs, old, new int
}

// birdVersion is a version of the pack birds, with what tells it from the other.
type birdVersion struct {
	number  string
	own     string // action
	archive []byte
	actions []string
}

// birds is a pack whose versions have one action in common, which tells its version, and
// one of their own, with a rule and a trigger type. Ballast makes installing take a while.
func birds(t *testing.T, number, own string) birdVersion {
	t.Helper()
	action := func(name string) string {
		return "name: " + name + "\nrunner_type: local-shell-script\nentry_point: sing.sh\n"
	}
	fsys := fstest.MapFS{
		"pack.yaml":                   {Data: []byte("ref: birds\nname: Birds\ndescription: They sing.\nauthor: A\nversion: " + number + "\n")},
		"actions/sing.yaml":           {Data: []byte(action("sing"))},
		"actions/" + own + ".yaml":    {Data: []byte(action(own))},
		"actions/sing.sh":             {Data: []byte("#!/bin/sh\necho version " + number + "\n"), Mode: 0o755},
		"triggers/" + own + "ed.yaml": {Data: []byte("name: " + own + "ed\n")},
		"rules/" + own + ".yaml":      {Data: []byte("name: " + own + "\nenabled: true\ntrigger: {type: birds." + own + "ed}\naction: {ref: birds." + own + "}\n")},
	}
	noise := make([]byte, 100_000)
	for i := range 30 {
		for j := range noise {
			noise[j] = byte(rand.Uint32())
		}
		fsys[fmt.Sprintf("ballast/%d", i)] = &fstest.MapFile{Data: slices.Clone(noise)}
	}
	v := birdVersion{number: number, own: own, archive: archiveOf(t, fsys), actions: []string{"birds." + own, "birds.sing"}}
	slices.Sort(v.actions)
	return v
}

func archiveOf(t *testing.T, fsys fs.FS) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := registry.Pack(&b, fsys); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newInstallKilling(t *testing.T, rng *rand.Rand) *installKilling {
	dir := t.TempDir()
	k := &installKilling{
		t: t, rng: rng, binary: buildServer(t), data: filepath.Join(dir, "data"),
		versions: [2]birdVersion{birds(t, "1.0.0", "tweet"), birds(t, "2.0.0", "whistle")},
	}
	k.server = startProcess(t, k.binary, k.data)
	k.token = k.server.login()
	k.server.token = k.token
	if err := k.server.installPack(k.versions[0].archive); err != nil {
		t.Fatal(err)
	}
	return k
}

// installPack stages and installs an archive. The error says how far that went.
func (p *serverProcess) installPack(archive []byte) error {
	return p.installStaged(archive, func() {})
}

// installStaged calls staged between the two.
func (p *serverProcess) installStaged(archive []byte, staged func()) error {
	var plan struct {
		Digest string `json:"digest"`
	}
	status, raw, err := p.sendBytes("/api/v1/packs/stage", archive)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("stage: %d %s", status, raw)
	}
	if err == nil {
		err = json.Unmarshal(raw, &plan)
	}
	if err != nil {
		return err
	}
	staged()
	status, raw, err = p.send(http.MethodPost, "/api/v1/packs/stage/"+plan.Digest+"/install", map[string]any{"accept": true}, nil)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("install: %d %s", status, raw)
	}
	return err
}

func (p *serverProcess) sendBytes(path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/gzip")
	req.Header.Set("X-Auth-Token", p.token)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.Bytes(), err
}

// life installs the versions in turn, kills the server at a random moment and starts the
// next one.
func (k *installKilling) life() {
	s, dead := k.server, make(chan error)
	k.present = k.installed()
	installing, staged := make(chan int, 1000), make(chan struct{}, 1000)
	go func() {
		for next := 1 - k.present; ; next = 1 - next {
			installing <- next
			if err := s.installStaged(k.versions[next].archive, func() { staged <- struct{}{} }); err != nil {
				dead <- err
				return
			}
		}
	}()
	k.moment(staged)
	s.kill()
	if err := <-dead; err != nil && !diedWith(err) {
		s.fatal("%v", err)
	}
	begun := len(installing)
	k.installs += begun
	for range begun {
		k.next = <-installing
	}
	k.server = startProcess(k.t, k.binary, k.data)
	k.server.token = k.token
}

// moment returns when the kill is due: at any time, or around the commit of an install.
func (k *installKilling) moment(staged <-chan struct{}) {
	within := 1_500_000 // µs
	if k.rng.IntN(2) == 0 {
		<-staged
		within = 15_000
	}
	time.Sleep(time.Duration(k.rng.IntN(within)) * time.Microsecond) // the kill's moment is the random part; nothing is waited for
}

// diedWith reports whether an error is that of a server that was killed, not its answer.
func diedWith(err error) bool {
	var status *json.SyntaxError
	return !errors.As(err, &status) && !strings.HasPrefix(err.Error(), "stage:") && !strings.HasPrefix(err.Error(), "install:")
}

// installed says which of the two versions is there.
func (k *installKilling) installed() int {
	var p struct{ Version string }
	k.server.call(http.MethodGet, "/api/v1/packs/birds", nil, &p)
	return slices.IndexFunc(k.versions[:], func(v birdVersion) bool { return v.number == p.Version })
}

// judge looks whether the pack is one of the two versions as a whole, and runs it.
func (k *installKilling) judge() {
	is := k.installed()
	if is < 0 {
		k.server.fatal("no known version is installed")
	}
	if is == k.next {
		k.new++
	} else {
		k.old++
	}
	want := k.versions[is]
	for path, refs := range map[string][]string{"actions": want.actions, "rules": {"birds." + want.own}, "triggertypes": {"birds." + want.own + "ed"}} {
		var things []struct{ Ref string }
		k.server.call(http.MethodGet, "/api/v1/"+path+"?pack=birds", nil, &things)
		got := []string{}
		for _, x := range things {
			got = append(got, x.Ref)
		}
		if slices.Sort(got); !slices.Equal(got, refs) {
			k.t.Errorf("version %s with the %s %v, want %v", want.number, path, got, refs)
		}
	}
	for _, action := range want.actions {
		if out := k.server.runs(action); out != "version "+want.number {
			k.t.Errorf("version %s: %s printed %q", want.number, action, out)
		}
	}
}

// runs runs an action and returns what it printed.
func (p *serverProcess) runs(action string) string {
	var x struct {
		ID     string
		Status string
		Result struct{ Stdout string }
	}
	p.call(http.MethodPost, "/api/v1/executions", map[string]any{"action": action}, &x)
	p.await(action+" has ended", 30*time.Second, func() bool {
		p.call(http.MethodGet, "/api/v1/executions/"+x.ID, nil, &x)
		return isFinal(x.Status)
	})
	return x.Result.Stdout
}
