package pack_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
)

// packWith is a pack with these lines in its pack.yaml, from the ninth on, and files.
func packWith(lines string, more ...string) fstest.MapFS {
	fsys := files(more...)
	fsys["pack.yaml"] = &fstest.MapFile{Data: []byte(manifest + lines)}
	return fsys
}

func TestRuntime(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		built      string
		want       *core.Runtime
	}{
		{"none", "", "", nil},
		{"null", "runtime: null\n", "", nil},
		{"a bare word", "runtime: wasm\n", "demo.wasm", &core.Runtime{Type: "wasm", Module: "demo.wasm"}},
		{"a module with limits", "runtime: {type: wasm, module: lib/x.wasm, reuse: yes, memory: 64, concurrency: 4, isolation: process}\n", "lib/x.wasm",
			&core.Runtime{Type: "wasm", Module: "lib/x.wasm", Reuse: true, Memory: 64, Concurrency: 4, Isolation: "process"}},
		{"a process", "runtime: process\n", "bin/demo", &core.Runtime{Type: "process", Command: []string{"bin/demo"}}},
		{"a process with arguments", "runtime: {type: process, command: [run, --fast]}\n", "run",
			&core.Runtime{Type: "process", Command: []string{"run", "--fast"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := packWith(c.yaml)
			if c.built != "" {
				fsys[c.built] = &fstest.MapFile{Data: []byte("code"), Mode: 0o755}
			}
			content, errs := pack.Read(fsys, "demo")
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if diff := cmp.Diff(c.want, content.Pack.Runtime); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFaultsOfRuntimeAndPermissions(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"runtime: wasmm\n", `demo/pack.yaml:9:10: there is no runtime "wasmm"; did you mean "wasm"?`},
		{"runtime: java\n", `demo/pack.yaml:9:10: there is no runtime "java"; it is wasm or process`},
		{"runtime: [wasm]\n", `demo/pack.yaml:9:1: runtime: ['wasm'] is not of type 'object', 'null'`},
		{"runtime: {module: x.wasm}\n", `demo/pack.yaml:9:1: "type" is missing; "runtime" of a pack needs it`},
		{"runtime:\n  type: wasm\n  reused: true\n", `demo/pack.yaml:11:3: "reused" is not a key of "runtime" of a pack; did you mean "reuse"?`},
		{"runtime: {type: wasm, memory: 0}\n", `demo/pack.yaml:9:23: runtime.memory: 0 is less than the minimum of 1`},
		{"runtime: {type: wasm, isolation: thread}\n", `demo/pack.yaml:9:23: runtime.isolation: 'thread' is not one of ['process']`},
		{"runtime: {type: wasm, module: ../x.wasm}\n", `demo/pack.yaml:9:23: runtime.module "../x.wasm" needs to be a plain path inside the pack, such as bin/x.wasm`},
		{"runtime: {type: wasm, command: [x]}\n", `demo/pack.yaml:9:23: runtime.command is for the runtime process; a module is named by runtime.module`},
		{"runtime: {type: process, memory: 5}\n", `demo/pack.yaml:9:26: runtime.memory is for the runtime wasm; a process has none`},
		{"runtime: {type: process, command: [/bin/sh]}\n", `demo/pack.yaml:9:26: runtime.command "/bin/sh" needs to be a plain path inside the pack, such as bin/sh`},
		{"permissions: {https: []}\n", `demo/pack.yaml:9:15: "https" is not a key of "permissions" of a pack; did you mean "http"?`},
		{"permissions: {kv: {wirte: []}}\n", `demo/pack.yaml:9:20: "wirte" is not a key of "permissions.kv" of a pack; did you mean "write"?`},
		{"permissions: {http: ['ftp://x']}\n", `demo/pack.yaml:9:22: permissions.http: "ftp://x" needs the form https://host or https://host:port; the host may begin with "*.", and "*" alone is any host`},
		{"permissions: {http: ['https://x/path']}\n", `demo/pack.yaml:9:22: permissions.http: "https://x/path" is more than an origin: leave out what follows the host; it needs the form https://host or https://host:port; the host may begin with "*.", and "*" alone is any host`},
		{"permissions: {http: ['https://a.*.com']}\n", `demo/pack.yaml:9:22: permissions.http: "https://a.*.com" needs the form https://host or https://host:port; the host may begin with "*.", and "*" alone is any host`},
		{"permissions: {http: ['https://X.com']}\n", `demo/pack.yaml:9:22: permissions.http: "https://X.com" needs small letters`},
		{"permissions: {http: ['https://x.com:99999']}\n", `demo/pack.yaml:9:22: permissions.http: "https://x.com:99999" has a port that is none`},
		{"permissions: {networks: [10.0.0.1]}\n", `demo/pack.yaml:9:26: permissions.networks: "10.0.0.1" is no network; it needs the form 10.0.0.0/8 or fd00::/8, and one address is 10.1.2.3/32`},
		{"permissions: {networks: [10.0.0.1/8]}\n", `demo/pack.yaml:9:26: permissions.networks: "10.0.0.1/8" has bits beyond its length; the network is 10.0.0.0/8`},
		{"permissions: {kv: {read: ['a*b']}}\n", `demo/pack.yaml:9:27: permissions.kv.read: "a*b" may have a "*" only at its end, where it stands for any rest`},
		{"permissions: {secrets: [\"x\\e[2K\"]}\n", `demo/pack.yaml:9:25: permissions.secrets: "x\x1b[2K" holds a character that cannot be seen`},
		{"permissions: {events: [\"a.\\u202eb\"]}\n", `demo/pack.yaml:9:24: permissions.events: "a.\u202eb" holds a character that cannot be seen`},
		{"permissions: {networks: ['::ffff:0.0.0.0/96']}\n", `demo/pack.yaml:9:26: permissions.networks: "::ffff:0.0.0.0/96" is an IPv4 network inside IPv6; it needs the form 10.0.0.0/8`},
		{"permissions: {secrets: ['']}\n", `demo/pack.yaml:9:25: permissions.secrets: "" names no key`},
		{"permissions: {events: [alarm]}\n", `demo/pack.yaml:9:24: permissions.events: "alarm" needs the form pack.name`},
		{"permissions: {actions: ['*']}\n", `demo/pack.yaml:9:25: permissions.actions: "*" needs the form pack.name, or pack.* for every action of a pack`},
	} {
		runtime := ""
		if c.yaml[0] == 'p' {
			runtime = "runtime: wasm\n"
		}
		_, errs := pack.ReadManifest(packWith(c.yaml+runtime), "demo")
		if got := fmt.Sprint(errors.Join(errs...)); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.yaml, got, c.want)
		}
	}
}

func TestPackHasToBeBuilt(t *testing.T) {
	const want = `demo/pack.yaml:9:1: the file demo.wasm, which runtime stands for, is missing: build it first: petrel pack build`
	if _, errs := pack.Read(packWith("runtime: wasm\n"), "demo"); fmt.Sprint(errors.Join(errs...)) != want {
		t.Errorf("got %v", errs)
	}
	if p, errs := pack.ReadManifest(packWith("runtime: wasm\n"), "demo"); len(errs) > 0 || p.Runtime.Module != "demo.wasm" {
		t.Errorf("of the manifest alone: %+v %v", p, errs)
	}
}

func TestContentOfPackWithCode(t *testing.T) {
	const sensor = "class_name: S\npoll_interval: 10\n"
	wasm := packWith("runtime: wasm\n", "demo.wasm", "code",
		"actions/a.yaml", "name: a\n", "actions/b.yaml", "name: b\nrunner_type: wasm\n", "actions/c.yaml", "name: c\nrunner_type: noop\n", "sensors/s.yaml", sensor)
	c, errs := pack.Read(wasm, "demo")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := fmt.Sprint(c.Actions[0].Runner, " ", c.Actions[1].Runner, " ", c.Actions[2].Runner, " ", c.Sensors[0].EntryPoint)
	if got != "wasm wasm noop demo.wasm" {
		t.Error(got)
	}
	c, errs = pack.Read(packWith("runtime: process\n", "bin/demo", "code", "actions/a.yaml", "name: a\n", "sensors/s.yaml", sensor), "demo")
	if len(errs) > 0 || c.Actions[0].Runner != core.RunnerPlugin || c.Sensors[0].EntryPoint != "bin/demo" {
		t.Error(c, errs)
	}
	for _, x := range []struct{ yaml, action, want string }{
		{"", "name: a\n", `demo/actions/a.yaml:1:1: "runner_type" is missing; an action needs it`},
		{"", "name: a\nrunner_type: plugin\n", `demo/actions/a.yaml:2:1: the runner "plugin" needs a runtime in pack.yaml, such as runtime: process`},
		{"", "name: a\nrunner_type: wasm\n", `demo/actions/a.yaml:2:1: the runner "wasm" needs a runtime in pack.yaml, such as runtime: wasm`},
		{"", "name: a\nrunner_type: wasm\nentry_point: a.wasm\n", `<nil>`},
		{"runtime: wasm\n", "name: a\nrunner_type: plugin\n", `demo/actions/a.yaml:2:1: the pack's runtime is wasm, so runner_type is "wasm" and may be left out`},
	} {
		_, errs := pack.Read(packWith(x.yaml, "demo.wasm", "code", "actions/a.yaml", x.action), "demo")
		if got := fmt.Sprint(errors.Join(errs...)); got != x.want {
			t.Errorf("%s: got %s", x.action, got)
		}
	}
}
