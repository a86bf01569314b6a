package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// options are the global options of the command line.
type options struct {
	url, apiURL, authURL, streamURL string
	apiVersion                      string
	cacert                          string
	basicAuth                       string
	configFile                      string
	printConfig, skipConfig         bool
	debug, insecure                 bool
}

// register adds the global options to f, which must have no others yet.
func (o *options) register(f *pflag.FlagSet) {
	f.StringVar(&o.url, "url", "", "base URL of the server (default "+defaultURL+")")
	f.StringVar(&o.apiURL, "api-url", "", "URL of the API, when it is not below the base URL")
	f.StringVar(&o.authURL, "auth-url", "", "URL of the token service, when it is not below the base URL")
	f.StringVar(&o.streamURL, "stream-url", "", "URL of the event stream, when it is not below the base URL")
	f.StringVar(&o.apiVersion, "api-version", "", "API version (default v1)")
	f.StringVar(&o.cacert, "cacert", "", "file with the certificates of authorities to trust")
	f.BoolVar(&o.insecure, "insecure", false, "do not check the server's certificate")
	f.StringVar(&o.basicAuth, "basic-auth", "", "user:password for a proxy in front of the server")
	f.StringVar(&o.configFile, "config-file", "", "configuration file (default ~/.st2/config)")
	f.BoolVar(&o.printConfig, "print-config", false, "print the settings in force, and exit with code 3")
	f.BoolVar(&o.skipConfig, "skip-config", false, "do not read a configuration file")
	f.BoolVar(&o.debug, "debug", false, "print every request as a curl command, and every answer")
	f.VisitAll(func(flag *pflag.Flag) { flag.Annotations = map[string][]string{global: {"true"}} })
}

// settings are the options, the environment and the configuration file taken together.
type settings struct {
	path       string // of the configuration file
	file       *iniFile
	endpoints  endpoints
	apiVersion string
	cacert     string
	insecure   bool
	debug      bool
	token      string
	apiKey     string
	user       string // whom to log in automatically
	password   string
	cacheToken bool
	proxyUser  *url.Userinfo
	zone       *time.Location
	zoneName   string
}

// resolve settles everything. For tokens and keys: option, PETREL_*, ST2_*, file.
func (a *app) resolve(token, apiKey string) (*settings, error) {
	path, file, err := a.readConfig()
	if err != nil {
		return nil, err
	}
	o := a.options
	s := &settings{
		path: path, file: file,
		apiVersion: cmp.Or(o.apiVersion, file.get("general", "api_version"), a.env("ST2_API_VERSION"), "v1"),
		cacert:     cmp.Or(o.cacert, file.get("general", "cacert"), a.env("ST2_CACERT")),
		insecure:   o.insecure || truth(a.env("PETREL_INSECURE"), false),
		debug:      o.debug || truth(file.get("cli", "debug"), false),
		token:      cmp.Or(token, a.env("PETREL_TOKEN"), a.env("ST2_AUTH_TOKEN")),
		apiKey:     cmp.Or(apiKey, a.env("PETREL_API_KEY"), a.env("ST2_API_KEY"), file.get("credentials", "api_key")),
		user:       file.get("credentials", "username"),
		password:   file.get("credentials", "password"),
		cacheToken: truth(file.get("cli", "cache_token"), true),
		proxyUser:  userinfo(cmp.Or(o.basicAuth, file.get("credentials", "basic_auth"))),
		zoneName:   cmp.Or(file.get("cli", "timezone"), "UTC"),
	}
	if s.endpoints, err = a.locate(s); err != nil {
		return nil, err
	}
	if s.zone, err = time.LoadLocation(s.zoneName); err != nil {
		return nil, fmt.Errorf("timezone %q in section [cli] of %s is unknown: use a name such as Europe/Paris", s.zoneName, path)
	}
	return s, nil
}

// readConfig reads the configuration file. One that was asked for by name must exist.
func (a *app) readConfig() (string, *iniFile, error) {
	named := cmp.Or(a.options.configFile, a.env("ST2_CONFIG_FILE"))
	path := cmp.Or(named, filepath.Join(a.stateDir(), "config"))
	if a.options.skipConfig || truth(a.env("ST2_CLI_SKIP_CONFIG"), false) {
		return path, parseINI(""), nil
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named == "":
		return path, parseINI(""), nil
	case errors.Is(err, fs.ErrNotExist):
		return path, nil, fmt.Errorf("configuration file %q does not exist. Create it with: %s login USER", path, a.prog)
	case err != nil:
		return path, nil, fmt.Errorf("configuration file: %s", err)
	}
	return path, parseINI(string(data)), nil
}

// stateDir is where the configuration file and cached tokens lie.
func (a *app) stateDir() string { return filepath.Join(a.env("HOME"), ".st2") }

func truth(text string, otherwise bool) bool {
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on":
		return true
	case "0", "false", "no", "off":
		return false
	}
	return otherwise
}

func userinfo(pair string) *url.Userinfo {
	if pair == "" {
		return nil
	}
	user, password, _ := strings.Cut(pair, ":")
	return url.UserPassword(user, password)
}

// print writes the settings as --print-config shows them. st2: cli.md, Frame.
func (s *settings) print(a *app) {
	yesNo := map[bool]string{true: "True", false: "False"}
	sections := []struct {
		name  string
		pairs [][2]string
	}{
		{"general", [][2]string{{"base_url", s.endpoints.base}, {"api_version", s.apiVersion}, {"cacert", s.cacert}}},
		{"cli", [][2]string{{"debug", yesNo[s.debug]}, {"cache_token", yesNo[s.cacheToken]}, {"timezone", s.zoneName}}},
		{"credentials", [][2]string{{"username", s.user}, {"password", hidden(s.password)}, {"api_key", hidden(s.apiKey)}}},
		{"api", [][2]string{{"url", s.endpoints.api}}},
		{"auth", [][2]string{{"url", s.endpoints.auth}}},
		{"stream", [][2]string{{"url", s.endpoints.stream}}},
	}
	for _, section := range sections {
		a.printf("[%s]\n", section.name)
		for _, pair := range section.pairs {
			a.printf("%s = %s\n", pair[0], cmp.Or(pair[1], "None"))
		}
		a.printf("\n")
	}
}

func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return mask
}

// mask stands for secrets. st2: rest-api.md, Secrets.
const mask = "********"
