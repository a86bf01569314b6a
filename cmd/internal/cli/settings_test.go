package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhereTheServicesAre(t *testing.T) {
	beside := func(base string) endpoints { return oneListener(base, "v1") }
	tests := []struct {
		name    string
		options options
		env     string // separated by blanks
		file    string
		want    endpoints
	}{
		{name: "nothing given", want: beside("http://127.0.0.1:9101")},
		{name: "an option", options: options{url: "http://h:1/"}, env: "PETREL_URL=http://no:1", file: "[general]\nbase_url = http://no:2", want: beside("http://h:1")},
		{name: "PETREL_URL before the file", env: "PETREL_URL=https://h ST2_API_URL=http://no:1", file: "[api]\nurl = http://no:2", want: beside("https://h")},
		{name: "the file before ST2_*", env: "ST2_BASE_URL=http://no:1", file: "[general]\nbase_url = http://h:2", want: beside("http://h:2")},
		{
			name: "StackStorm's three ports", env: "ST2_BASE_URL=http://st2",
			want: endpoints{"http://st2", "http://st2:9101/v1", "http://st2:9100", "http://st2:9102/v1"},
		},
		{name: "StackStorm's front proxy", env: "ST2_BASE_URL=https://st2.example.com", want: beside("https://st2.example.com")},
		{
			name: "StackStorm's own file", file: "[general]\nbase_url = http://127.0.0.1\n[auth]\nurl = http://10.0.0.1:9100/\n[api]\nurl = http://10.0.0.1:9101/v1",
			want: endpoints{"http://127.0.0.1", "http://10.0.0.1:9101/v1", "http://10.0.0.1:9100/", "http://127.0.0.1:9102/v1"},
		},
		{
			name: "only the API, native path", env: "ST2_API_URL=http://h:9101/v1",
			want: endpoints{"http://h:9101", "http://h:9101/v1", "http://h:9101/auth/v1", "http://h:9101/stream/v1"},
		},
		{name: "only the API, proxied path", env: "ST2_API_URL=https://h/api/v1/", want: endpoints{
			"https://h", "https://h/api/v1/", "https://h/auth/v1", "https://h/stream/v1",
		}},
		{
			name: "a host like a version", env: "ST2_API_URL=http://v1",
			want: endpoints{"http://v1", "http://v1", "http://v1/auth/v1", "http://v1/stream/v1"},
		},
		{
			name: "one service elsewhere", options: options{streamURL: "http://s:3/v1"}, env: "PETREL_URL=http://h:1",
			want: endpoints{"http://h:1", "http://h:1/api/v1", "http://h:1/auth/v1", "http://s:3/v1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := resolved(t, test.options, test.env, test.file)
			if diff := cmp.Diff(test.want, s.endpoints, cmp.AllowUnexported(endpoints{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func resolved(t *testing.T, o options, env, file string) *settings {
	t.Helper()
	home := t.TempDir()
	if file != "" {
		if err := writeFile(filepath.Join(home, ".st2", "config"), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &app{environ: append(strings.Fields(env), "HOME="+home), options: o}
	s, err := a.resolve("", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhoIsAsking(t *testing.T) {
	const file = "[credentials]\nusername = ada\npassword = a=b:c\napi_key = f\n"
	tests := []struct {
		name, env, token, apiKey string
	}{
		{name: "the file", apiKey: "f"},
		{name: "ST2 before the file", env: "ST2_AUTH_TOKEN=t1 ST2_API_KEY=k1", token: "t1", apiKey: "k1"},
		{name: "PETREL before ST2", env: "ST2_AUTH_TOKEN=t1 PETREL_TOKEN=t2 ST2_API_KEY=k1 PETREL_API_KEY=k2", token: "t2", apiKey: "k2"},
		{name: "without the file", env: "ST2_CLI_SKIP_CONFIG=1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := resolved(t, options{}, test.env, file)
			if s.token != test.token || s.apiKey != test.apiKey {
				t.Errorf("token %q, key %q", s.token, s.apiKey)
			}
		})
	}
	if s := resolved(t, options{}, "", file); s.user != "ada" || s.password != "a=b:c" {
		t.Errorf("user %q, password %q", s.user, s.password)
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	for file, want := range map[string]string{
		"[cli]\ntimezone = Mars/Olympus": `timezone "Mars/Olympus" in section [cli]`,
		"[api]\nurl = localhost:9101":    `"localhost:9101" is not the URL of a server`,
	} {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		a := &app{options: options{configFile: path}}
		if _, err := a.resolve("", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", file, err, want)
		}
	}
}

func TestConfigFileKeepsWhatItDoesNotChange(t *testing.T) {
	f := parseINI("# mine\n[cli]\ntimezone = UTC\n\n[credentials]\n; who\nUserName : old\npassword=x\n")
	f.set("credentials", "username", "new")
	f.set("credentials", "password", "")
	f.set("api", "url", "http://h")
	want := "# mine\n[cli]\ntimezone = UTC\n\n[credentials]\nusername = new\n; who\n\n[api]\nurl = http://h\n"
	if diff := cmp.Diff(want, f.text()); diff != "" {
		t.Error(diff)
	}
	if got := f.get("credentials", "username"); got != "new" {
		t.Errorf("username %q", got)
	}
}

func TestCommandLinesAreSpelledForPflag(t *testing.T) {
	for line, want := range map[string]string{
		"execution list -a id status -n 5":             "execution list --attr=id --attr=status -n 5",
		"execution list -tg 2026 -tl 2027":             "execution list --timestamp-gt 2026 --timestamp-lt 2027",
		"action get core.local --attr id ref":          "action get core.local --attr=id --attr=ref",
		"run core.local -a":                            "run core.local -a",
		"run core.local -- grep -a x":                  "run core.local -- grep -a x",
		"run core.local -h":                            "run core.local --describe",
		"run core.local -- ls -h":                      "run core.local -- ls -h",
		"run -h":                                       "run -h",
		"action execute core.local --help":             "action execute core.local --describe",
		"execution re-run 1 --tasks a b --no-reset b":  "execution re-run 1 --tasks=a --tasks=b --no-reset=b",
		"--url http://h action list -w 10 20 -p core":  "--url http://h action list --width=10 --width=20 -p core",
		"bogus -a x y":                                 "bogus -a x y",
		"login ada -w":                                 "login ada -w",
		"execution get last --attr":                    "execution get last --attr",
		"rule list -a":                                 "rule list -a",
		"trigger-instance list -tg 1 --status pending": "trigger-instance list --timestamp-gt 1 --status pending",
	} {
		root := New("petrel", nil, nil, nil, nil)
		if got := strings.Join(spelled(root, strings.Fields(line)), " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", line, got, want)
		}
	}
}
