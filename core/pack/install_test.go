package pack_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/registry"
	"github.com/petrelhq/petrel/core/router"
	"github.com/petrelhq/petrel/core/rules"
	"github.com/petrelhq/petrel/core/store"
)

// world is an installer with what it works on, and a clock that the test drives.
type world struct {
	*pack.Installer
	t     *testing.T
	store *store.Store
	root  string // of the folders
	now   time.Time
	check func(core.Pack) error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, root: t.TempDir(), now: time.Now()}
	w.store = store.New(b, func() time.Time { return w.now })
	log := slog.New(slog.DiscardHandler)
	r := router.New(w.store, log)
	engine := rules.New(rules.Config{Store: w.store, Log: log, Acquire: r.Acquire, Release: r.Release})
	w.Installer = pack.NewInstaller(pack.InstallerConfig{
		Registrar: &pack.Registrar{Store: w.store, Log: log, Declare: r.Declare, SaveRule: engine.Save},
		Configs:   w.newConfigs(),
		Folders:   &pack.Folders{Root: w.root, Open: w.store.OpenArchive, Unpack: unpack},
		Check: func(_ context.Context, content *pack.Content, dir string) error {
			if _, err := os.Stat(filepath.Join(dir, "pack.yaml")); err != nil || w.check == nil {
				return err
			}
			return w.check(content.Pack)
		},
		Shipped: func(ref string) bool { return ref == "core" }, FolderOf: func(ref string) string {
			if ref == "local" {
				return "/srv/packs/local"
			}
			return ""
		},
		DeleteRule: engine.Delete,
	})
	return w
}

func unpack(archive io.Reader, dir, sha256 string) error {
	_, err := registry.Unpack(archive, dir, sha256, registry.DefaultLimits())
	return err
}

// version is the pack demo with files, at a version.
func version(number string, pairs ...string) fstest.MapFS {
	fsys := files(pairs...)
	fsys["pack.yaml"] = &fstest.MapFile{Data: []byte("ref: demo\nname: Demo\ndescription: d\nauthor: a\nversion: " + number + "\n")}
	return fsys
}

func action(name string) (file, text string) {
	return "actions/" + name + ".yaml", "name: " + name + "\nrunner_type: noop\n"
}

func with(parts ...func() (string, string)) []string {
	var pairs []string
	for _, part := range parts {
		file, text := part()
		pairs = append(pairs, file, text)
	}
	return pairs
}

// archive packs a folder and hands it in.
func (w *world) archive(fsys fs.FS) string {
	w.t.Helper()
	var b bytes.Buffer
	if _, err := registry.Pack(&b, fsys); err != nil {
		w.t.Fatal(err)
	}
	digest, err := w.Receive(w.t.Context(), bytes.NewReader(b.Bytes()))
	if err != nil {
		w.t.Fatal(err)
	}
	return digest
}

func (w *world) stage(fsys fs.FS) (*pack.Plan, error) {
	w.t.Helper()
	return w.Stage(w.t.Context(), w.archive(fsys))
}

// install stages and installs a version, accepting everything.
func (w *world) install(fsys fs.FS) string {
	w.t.Helper()
	plan, err := w.stage(fsys)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.Install(w.t.Context(), plan.Pack.Digest, pack.Consent{User: "ada", All: true}); err != nil {
		w.t.Fatal(err)
	}
	return plan.Pack.Digest
}

// all lists what is registered, but for what the test itself made elsewhere.
func (w *world) all() string {
	w.t.Helper()
	var refs []string
	add := func(kind, ref string) {
		if strings.HasPrefix(ref, "demo.") || ref == "demo" {
			refs = append(refs, kind+" "+ref)
		}
	}
	ctx := w.t.Context()
	packs, _ := w.store.Packs().All(ctx)
	for _, p := range packs {
		add("pack "+p.Version, p.Ref)
	}
	actions, _ := w.store.Actions().All(ctx)
	for _, a := range actions {
		add("action", a.Ref())
	}
	ruleList, _ := w.store.Rules().All(ctx)
	for _, r := range ruleList {
		add("rule", r.Ref())
	}
	types, _ := w.store.TriggerTypes().All(ctx)
	for _, t := range types {
		add("type", t.Ref())
	}
	triggers, _ := w.store.Triggers().All(ctx)
	for _, t := range triggers {
		add("trigger of", t.Type)
	}
	sensors, _ := w.store.Sensors().All(ctx)
	for _, s := range sensors {
		add("sensor", s.Ref())
	}
	schemas, _ := w.store.ConfigSchemas().All(ctx)
	for _, s := range schemas {
		add("schema", s.Pack)
	}
	slices.Sort(refs)
	return strings.Join(refs, ", ")
}

// first and second are two versions of the pack demo that share little.
func first() fstest.MapFS {
	return version("1.0.0", append(with(func() (string, string) { return action("say") }, func() (string, string) { return action("old") }),
		"triggers/seen.yaml", "name: seen\n",
		"triggers/at.yaml", "name: at\nparameters_schema: {type: object, properties: {n: {type: integer}}}\n",
		"sensors/eye.yaml", "class_name: Eye\nentry_point: eye.py\ntrigger_types: [{name: blink}]\n",
		"rules/r.yaml", "name: r\ntrigger: {type: demo.seen}\naction: {ref: demo.old}\n",
		"rules/at.yaml", "name: at\ntrigger: {type: demo.at, parameters: {n: 1}}\naction: {ref: demo.old}\n",
		"config.schema.yaml", "token: {type: string}\n")...)
}

func second() fstest.MapFS {
	return version("2.0.0", append(with(func() (string, string) { return action("say") }, func() (string, string) { return action("new") }),
		"triggers/at.yaml", "name: at\nparameters_schema: {type: object, properties: {n: {type: string}}}\n",
		"rules/at.yaml", "name: at\ntrigger: {type: demo.at, parameters: {n: one}}\naction: {ref: demo.new}\n")...)
}

const (
	firstHas = "action demo.old, action demo.say, pack 1.0.0 demo, rule demo.at, rule demo.r, schema demo, sensor demo.Eye, " +
		"trigger of demo.at, trigger of demo.blink, trigger of demo.seen, type demo.at, type demo.blink, type demo.seen"
	secondHas = "action demo.new, action demo.say, pack 2.0.0 demo, rule demo.at, trigger of demo.at, type demo.at"
)

func (w *world) expect(when, want string) {
	w.t.Helper()
	if got := w.all(); got != want {
		w.t.Errorf("%s there is\n%s, want\n%s", when, got, want)
	}
}

func TestInstallUpgradeRollbackRemove(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	one := w.install(first())
	w.expect("after installing", firstHas)
	plan, err := w.stage(second())
	if err != nil {
		t.Fatal(err)
	}
	w.expect("after staging the next", firstHas)
	if got := fmt.Sprint(plan.Replaces.Version, plan.Removes, plan.Breaks, plan.Content, plan.Warnings); got !=
		"1.0.0[demo.old demo.r demo.Eye demo.blink demo.seen] [] {2 1 0 1 0} []" {
		t.Errorf("the plan is %s", got)
	}
	two := w.install(second())
	w.expect("after the upgrade", secondHas)
	w.install(second())
	w.expect("after installing it again", secondHas)
	if _, err := w.Rollback(ctx, "demo", pack.Consent{User: "bob"}); err != nil {
		t.Fatal(err)
	}
	w.expect("after going back", firstHas)
	i, err := w.store.Installations().Get(ctx, "demo")
	if err != nil || i.Now.Digest != one || i.Now.User != "bob" || i.Before.Digest != two {
		t.Errorf("recorded is %+v %v", i, err)
	}
	if dir, err := w.Folders.Dir(ctx, "demo", one); err != nil || dir != filepath.Join(w.root, "demo", one) {
		t.Errorf("files in %s, %v", dir, err)
	}
	if err := w.Remove(ctx, "demo", false, false); err != nil {
		t.Fatal(err)
	}
	w.expect("after removing it", "")
	if err := w.Remove(ctx, "demo", false, false); core.KindOf(err) != core.NotFound {
		t.Errorf("removed again: %v", err)
	}
}

func TestWhatSomebodyMadeStays(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.install(first())
	save := func(a *core.Action) {
		t.Helper()
		err := w.store.Update(ctx, store.Wait, func(tx *store.Tx) error { return tx.Actions().Put(ctx, a) })
		if err != nil {
			t.Fatal(err)
		}
	}
	save(&core.Action{Pack: "demo", Name: "mine", Runner: "noop"})
	w.install(second())
	w.expect("after the upgrade", "action demo.mine, "+secondHas)
	if err := w.Remove(ctx, "demo", false, false); err != nil {
		t.Fatal(err)
	}
	w.expect("after removing", "")
}

func TestRulesThatWouldBreak(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.install(first())
	other := version("1.0.0", "rules/x.yaml", "name: x\nenabled: true\ntrigger: {type: demo.seen}\naction: {ref: other.a}\n",
		"rules/y.yaml", "name: y\nenabled: true\ntrigger: {type: demo.at, parameters: {n: 7}}\naction: {ref: demo.old}\n",
		"rules/z.yaml", "name: z\nenabled: true\ntrigger: {type: demo.at, parameters: {n: 7}}\naction: {ref: other.a}\n")
	other["pack.yaml"].Data = bytes.Replace(other["pack.yaml"].Data, []byte("demo"), []byte("other"), 1)
	w.install(other)
	has := w.all()
	plan, err := w.stage(second())
	if err != nil || fmt.Sprint(plan.Breaks) != "[other.x other.y]" {
		t.Fatalf("%+v %v", plan, err)
	}
	_, err = w.Install(ctx, plan.Pack.Digest, pack.Consent{})
	if core.KindOf(err) != core.Conflict || !strings.Contains(err.Error(), "other.x, other.y") {
		t.Errorf("the upgrade says %v", err)
	}
	w.expect("after it was refused", has)
	if err := w.Remove(ctx, "demo", false, false); core.KindOf(err) != core.Conflict || !strings.Contains(err.Error(), "other.x, other.y, other.z") {
		t.Errorf("removing says %v", err)
	}
	if _, err = w.Install(ctx, plan.Pack.Digest, pack.Consent{Force: true}); err != nil {
		t.Fatal(err)
	}
	for ref, enabled := range map[string]bool{"other.x": false, "other.y": false, "other.z": true} {
		if r, err := w.store.Rules().Get(ctx, ref); err != nil || r.Enabled != enabled {
			t.Errorf("%s: %+v %v", ref, r, err)
		}
	}
}

// code is the pack demo with native code that asks for permissions.
func code(number, permissions string) fstest.MapFS {
	fsys := version(number, "bin/demo", "code")
	fsys["pack.yaml"].Data = append(fsys["pack.yaml"].Data, "runtime: process\npermissions: "+permissions+"\n"...)
	return fsys
}

func TestPermissionsAreAcceptedOnce(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	plan, err := w.stage(code("1.0.0", "{http: ['https://a.com']}"))
	if err != nil || len(plan.Asks) != 2 {
		t.Fatalf("%+v %v", plan, err)
	}
	for _, how := range []pack.Consent{{}, {Accept: plan.Asks[:1]}, {Accept: []string{"anything"}}} {
		_, err := w.Install(ctx, plan.Pack.Digest, how)
		if core.KindOf(err) != core.Forbidden || !strings.Contains(err.Error(), plan.Asks[1]) {
			t.Errorf("accepted %q: %v", how.Accept, err)
		}
	}
	w.expect("after that", "")
	if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{User: "ada", Accept: plan.Asks}); err != nil {
		t.Fatal(err)
	}
	plan, err = w.stage(code("1.1.0", "{http: ['https://a.com'], secrets: [token]}"))
	if err != nil || fmt.Sprint(plan.Asks) != "[May read in clear the secret key token]" || len(plan.Permissions) != 3 {
		t.Fatalf("%+v %v", plan, err)
	}
	if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{Accept: plan.Asks}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Rollback(ctx, "demo", pack.Consent{}); err != nil {
		t.Fatal(err)
	}
	if g, err := w.Grant(ctx, "demo"); err != nil || len(g.Permissions.Secrets) != 0 || g.Version != "1.0.0" {
		t.Errorf("granted is %+v %v", g, err)
	}
	plan, err = w.stage(code("1.1.0", "{http: ['https://a.com'], secrets: [token]}"))
	if err != nil || len(plan.Asks) != 1 {
		t.Errorf("asked again: %+v %v", plan, err)
	}
}

// TestLookingRunsNoNativeCode: a stranger's program starts once somebody has accepted it.
func TestLookingRunsNoNativeCode(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	ran := 0
	w.check = func(core.Pack) error {
		if ran++; ran > 1 {
			return core.Errorf(core.Invalid, "it does not say what it brings")
		}
		return nil
	}
	plan, err := w.stage(code("1.0.0", "{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{}); core.KindOf(err) != core.Forbidden || ran != 0 {
		t.Errorf("%v, started %d times before it was accepted", err, ran)
	}
	w.install(code("1.0.0", "{}"))
	if ran != 1 {
		t.Errorf("checked %d times", ran)
	}
	if plan, err = w.stage(code("1.1.0", "{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{All: true}); core.KindOf(err) != core.Invalid {
		t.Errorf("a program that fails the check: %v", err)
	}
	if p, err := w.Record(ctx, "demo"); err != nil || p.Version != "1.0.0" {
		t.Errorf("%+v %v", p, err)
	}
}

// TestContentBesideTheSandboxIsAcceptedToo: the sandbox of a pack's code holds neither its
// rules nor its templates.
func TestContentBesideTheSandboxIsAcceptedToo(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	sandboxed := func(number string, pairs ...string) fstest.MapFS {
		fsys := version(number, append(pairs, "demo.wasm", "code")...)
		fsys["pack.yaml"].Data = append(fsys["pack.yaml"].Data, "runtime: wasm\n"...)
		return fsys
	}
	const own = "name: own\nrunner_type: wasm\n"
	if plan, err := w.stage(sandboxed("1.0.0", "actions/own.yaml", own)); err != nil || len(plan.Asks) != 0 {
		t.Fatalf("%+v %v", plan, err)
	}
	var last string
	for _, c := range []struct{ file, text, want string }{
		{"actions/sh.yaml", "name: sh\nrunner_type: noop\n", "the action demo.sh of the runner noop"},
		{"actions/a.yaml", "name: a\nrunner_type: wasm\nparameters: {p: {type: string, default: '{{ st2kv.system.x | decrypt_kv }}'}}\n",
			"the action demo.a with a template that reads keys, secret ones too"},
		{"rules/r.yaml", "name: r\ntrigger: {type: core.st2.webhook}\naction: {ref: \"core.\\e[2K\"}\n", `the rule demo.r, which runs "core.\x1b[2K"`},
		{"rules/r.yaml", "name: r\ntrigger: {type: core.st2.webhook}\naction: {ref: demo.own, parameters: {p: '{{st2kv.system.x}}'}}\n",
			"the rule demo.r with a template that reads keys, secret ones too"},
		{"config.schema.yaml", "t: {type: string, secret: true, default: '{{st2kv.system.x}}'}\n",
			"a schema for its configuration with a template that reads keys, secret ones too"},
	} {
		plan, err := w.stage(sandboxed("1.0.0", "actions/own.yaml", own, c.file, c.text))
		if err != nil || len(plan.Asks) != 1 || plan.Asks[0] != "Works outside of its sandbox with "+c.want {
			t.Fatalf("%s: %+v %v", c.text, plan, err)
		}
		if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{}); core.KindOf(err) != core.Forbidden {
			t.Errorf("%s: %v", c.text, err)
		}
		last = plan.Pack.Digest
	}
	if _, err := w.Install(ctx, last, pack.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	plan, err := w.stage(sandboxed("1.1.0", "config.schema.yaml", "t: {type: string, default: '{{st2kv.system.y}}'}\n"))
	if g, fault := w.Grant(ctx, "demo"); err != nil || len(plan.Asks) != 0 || len(plan.Permissions) != 1 || fault != nil || len(pack.GrantWords(&g)) != 1 {
		t.Errorf("what is granted is not asked for again: %+v %v, granted is %+v", plan, err, g)
	}
}

func TestPartBeyondTheEnd(t *testing.T) {
	w := newWorld(t)
	for _, n := range []int{-1, 64, 1 << 44, 1 << 46} { // the last two wrap around to 0 when they count bytes
		if _, err := w.Upload(t.Context(), strings.Repeat("0", 64), n, []byte("x")); core.KindOf(err) != core.TooLarge {
			t.Errorf("part %d: %v", n, err)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	named := func(ref string) fstest.MapFS {
		fsys := version("1.0.0")
		fsys["pack.yaml"].Data = bytes.Replace(fsys["pack.yaml"].Data, []byte("demo"), []byte(ref), 1)
		return fsys
	}
	w.check = func(p core.Pack) error {
		if p.Version == "6.6.6" {
			return core.Errorf(core.Invalid, "no module of mine")
		}
		return nil
	}
	for _, c := range []struct {
		pack fstest.MapFS
		kind core.Kind
		want string
	}{
		{named("core"), core.Forbidden, "comes with the server"},
		{named("local"), core.Conflict, "the server's folder /srv/packs/local"},
		{version("1"), core.Invalid, `pack.yaml:5:1: version "1" needs three numbers`},
		{version("1.0.0", "actions/a.yaml", "nam: a\n"), core.Invalid, `actions/a.yaml:1:1: "nam" is not a key`},
		{version("6.6.6"), core.Invalid, "no module of mine"},
	} {
		if _, err := w.stage(c.pack); core.KindOf(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
	// What fits nowhere shows only when it is installed, and then nothing of it is there.
	plan, err := w.stage(version("1.0.0", "actions/a.yaml", "name: a\nrunner_type: noop\n", "rules/r.yaml", "name: r\ntrigger: {type: demo.none}\naction: {ref: demo.a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install(ctx, plan.Pack.Digest, pack.Consent{}); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "rules/r.yaml:2:11: ") {
		t.Errorf("got %v", err)
	}
	w.expect("after all that", "")
	if _, err := w.Install(ctx, strings.Repeat("0", 64), pack.Consent{}); core.KindOf(err) != core.NotFound {
		t.Errorf("an archive that nobody uploaded: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(w.root, ".aside"))
	if err != nil || len(left) > 0 {
		t.Errorf("left aside: %v %v", left, err)
	}
}

func TestDamagedUploadBeginsAnew(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	var b bytes.Buffer
	if _, err := registry.Pack(&b, first()); err != nil {
		t.Fatal(err)
	}
	sum, err := registry.Pack(io.Discard, first())
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte("tampered"), b.Bytes()...)
	for _, part := range [][]byte{damaged, b.Bytes()} {
		if _, err := w.Upload(ctx, sum.SHA256, 0, part); err != nil {
			t.Fatal(err)
		}
		_, err := w.Stage(ctx, sum.SHA256)
		if fine := bytes.Equal(part, b.Bytes()); fine != (err == nil) || !fine && core.KindOf(err) != core.Invalid {
			t.Fatalf("%d bytes: %v", len(part), err)
		}
	}
	// What is whole stays as it is, whatever else is claimed to be it.
	if known, err := w.Upload(ctx, sum.SHA256, 0, damaged); err != nil || !known {
		t.Fatal(known, err)
	}
	if _, err := w.Stage(ctx, sum.SHA256); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		digest string
		part   int
		size   int
		kind   core.Kind
	}{
		{"../../etc/passwd", 0, 1, core.Invalid}, {sum.SHA256, -1, 1, core.TooLarge},
		{sum.SHA256, pack.MaxArchive / pack.ArchivePart, 1, core.TooLarge}, {sum.SHA256, 0, pack.ArchivePart + 1, core.TooLarge},
	} {
		if _, err := w.Upload(ctx, c.digest, c.part, make([]byte, c.size)); core.KindOf(err) != c.kind {
			t.Errorf("%s part %d of %d bytes: %v", c.digest, c.part, c.size, err)
		}
	}
}

func TestLargeArchive(t *testing.T) {
	w := newWorld(t)
	noise := make([]byte, 3*pack.ArchivePart+12345)
	for i := range noise {
		noise[i] = byte(i * i >> 3 * (i % 251))
	}
	fsys := first()
	fsys["data.bin"] = &fstest.MapFile{Data: noise}
	digest := w.install(fsys)
	got, err := os.ReadFile(filepath.Join(w.root, "demo", digest, "data.bin"))
	if err != nil || !bytes.Equal(got, noise) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(noise), err)
	}
}

// TestAnotherMachine: one that shares the store has nothing but the archive.
func TestAnotherMachine(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	digest := w.install(first())
	there := &pack.Folders{Root: t.TempDir(), Open: w.store.OpenArchive, Unpack: unpack}
	done := make(chan error)
	for range 8 {
		go func() {
			dir, err := there.Dir(ctx, "demo", digest)
			if err == nil {
				_, err = os.Stat(filepath.Join(dir, "actions", "say.yaml"))
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := there.Dir(ctx, "demo", strings.Repeat("0", 64)); err == nil {
		t.Error("an archive that is nowhere was unpacked")
	}
}

func TestSweepKeepsTheLastTwo(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	gone := w.install(version("1.0.0"))
	before := w.install(version("2.0.0"))
	now := w.install(version("3.0.0"))
	plan, err := w.stage(version("4.0.0"))
	if err != nil {
		t.Fatal(err)
	}
	look := func(when string, want map[string]bool) {
		t.Helper()
		if err := w.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		for digest, kept := range want {
			_, err := w.store.Archives().Get(ctx, digest)
			_, dir := os.Stat(filepath.Join(w.root, "demo", digest))
			chunk, _ := io.ReadAll(w.store.OpenArchive(ctx, digest))
			if (err == nil) != kept || (dir == nil) != kept || (len(chunk) > 0) != kept {
				t.Errorf("%s: archive %v, folder %v, %d bytes; kept should be %v", when, err, dir, len(chunk), kept)
			}
		}
	}
	look("at once", map[string]bool{gone: true, before: true, now: true, plan.Pack.Digest: true})
	w.now = w.now.Add(2 * time.Hour)
	look("later", map[string]bool{gone: false, before: true, now: true, plan.Pack.Digest: false})
	if err := w.Remove(ctx, "demo", false, false); err != nil {
		t.Fatal(err)
	}
	look("removed", map[string]bool{before: false, now: false})
}

// TestFailedStageKeepsInstalled: a look at an archive that fails does not take it from a pack
// that was installed from it meanwhile.
func TestFailedStageKeepsInstalled(t *testing.T) {
	for name, fault := range map[string]error{
		"full disk": errors.New("no space left on device"),
		"damaged":   core.Errorf(core.Invalid, "the archive is damaged"),
	} {
		t.Run(name, func(t *testing.T) { stageFails(t, fault) })
	}
}

func stageFails(t *testing.T, fault error) {
	w := newWorld(t)
	digest := w.archive(version("1.0.0", with(func() (string, string) { return action("hi") })...))
	begun, goOn := make(chan struct{}), make(chan struct{})
	var begins atomic.Int32
	w.Folders.Unpack = func(archive io.Reader, dir, sha256 string) error {
		if begins.Add(1) > 1 {
			return unpack(archive, dir, sha256)
		}
		close(begun)
		<-goOn
		return fault
	}
	failed := make(chan error)
	go func() {
		_, err := w.Stage(context.Background(), digest)
		failed <- err
	}()
	<-begun
	if _, err := w.Stage(t.Context(), digest); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install(t.Context(), digest, pack.Consent{User: "ada", All: true}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if err := <-failed; !errors.Is(err, fault) {
		t.Errorf("the first look said %v", err)
	}
	if _, err := w.store.Archives().Get(t.Context(), digest); err != nil {
		t.Errorf("the installed pack's archive: %v", err)
	}
}
