package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/petrelhq/petrel/core"
)

// Config is what a server can be told. The zero file works; `petrel config example`
// prints it with these comments.
type Config struct {
	Listen     string        `yaml:"listen" doc:"Address the server listens on. Anything but loopback needs tls."`
	Data       string        `yaml:"data" doc:"Directory that holds everything Petrel remembers, or on a Redis what this server needs beside it."`
	Store      string        `yaml:"store" doc:"Redis that several servers share, as redis://[user:password@]host:port[/db], rediss:// or redis+sentinel://. Empty: the data directory, for one server."`
	AcceptLoss bool          `yaml:"accept_loss" doc:"Work with a Redis whose settings may lose what was acknowledged; readiness and log then say what."`
	Lease      time.Duration `yaml:"lease" doc:"How long a silent server on a shared Redis keeps the work in its hands before others take it over."`
	Roles      []string      `yaml:"roles" doc:"Part of the work this server does on a shared Redis: api, router, worker, sensors."`
	TLS        TLSConfig     `yaml:"tls" doc:"Certificate and key (PEM files) to serve HTTPS with."`
	Auth       AuthConfig    `yaml:"auth" doc:"Who may come in."`
	API        APIConfig     `yaml:"api" doc:"Limits of the HTTP interface."`
	Actions    ActionsConfig `yaml:"actions" doc:"How actions are carried out."`
	Timers     TimersConfig  `yaml:"timers" doc:"How timers behave."`
	SSH        SSHConfig     `yaml:"ssh" doc:"How actions reach other hosts."`
	SMTP       SMTPConfig    `yaml:"smtp" doc:"The mail server of core.sendmail."`
	Secrets    SecretsConfig `yaml:"secrets" doc:"Keys that seal what is secret in the store."`
	Packs      []string      `yaml:"packs" doc:"Directories that hold packs, each a folder of its own; registered at start."`
	WASM       WASMConfig    `yaml:"wasm" doc:"How packs' WASM modules are run."`
	Registries []string      `yaml:"registries" doc:"Indexes that packs are found in by name: URLs or absolute paths, asked in this order."`
	Log        LogConfig     `yaml:"log" doc:"What the server says, on standard error."`
}

// TLSConfig names the server's certificate.
type TLSConfig struct {
	Cert string `yaml:"cert" doc:"Certificate file."`
	Key  string `yaml:"key" doc:"Key file."`
}

// AuthConfig says who may come in.
type AuthConfig struct {
	Htpasswd string        `yaml:"htpasswd" doc:"File of user:bcrypt lines. Empty: htpasswd in the data directory."`
	TokenTTL time.Duration `yaml:"token_ttl" doc:"Longest life of a token."`
}

// APIConfig limits the HTTP interface.
type APIConfig struct {
	MaxBody int    `yaml:"max_body" doc:"Largest request body, in bytes."`
	URL     string `yaml:"url" doc:"How actions reach this server (ST2_ACTION_API_URL). Empty: from listen."`
}

// ActionsConfig says how actions are carried out.
type ActionsConfig struct {
	Workers       int           `yaml:"workers" doc:"Actions carried out at once."`
	SystemUser    string        `yaml:"system_user" doc:"System user that shell actions run as, through sudo. Empty: the server's own."`
	MaxResultSize int           `yaml:"max_result_size" doc:"Bytes of each output stream and response body kept in a result."`
	Drain         time.Duration `yaml:"drain" doc:"How long a stopping server waits for running actions before it ends them."`
}

// TimersConfig says how timers behave.
type TimersConfig struct {
	Timezone string `yaml:"timezone" doc:"Time zone of timers that name none, such as Europe/Berlin."`
	Misfire  string `yaml:"misfire" doc:"What becomes of times at which no server ran: skip, last (only the newest is made up for) or all."`
}

// SSHConfig says how actions reach other hosts.
type SSHConfig struct {
	User                string        `yaml:"user" doc:"Whom to log in as when an action names nobody. Empty: the server's own user."`
	KeyFile             string        `yaml:"key_file" doc:"Private key of actions that give neither password nor private_key."`
	KnownHosts          []string      `yaml:"known_hosts" doc:"Files of host keys. Empty: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts."`
	HostKeys            string        `yaml:"host_keys" doc:"strict: a host has to be known; accept-new: one seen for the first time is added; off: any key will do."`
	ConnectTimeout      time.Duration `yaml:"connect_timeout" doc:"Longest time to connect and log in."`
	MaxParallel         int           `yaml:"max_parallel" doc:"Hosts of one action carried out at once."`
	AllowPartialFailure bool          `yaml:"allow_partial_failure" doc:"An action has succeeded when it has on one host."`
}

// SMTPConfig names a mail server.
type SMTPConfig struct {
	Host     string `yaml:"host" doc:"Its name."`
	Port     int    `yaml:"port" doc:"Its port."`
	Username string `yaml:"username" doc:"Login; empty sends without."`
	Password string `yaml:"password" doc:"Password of the login."`
	TLS      string `yaml:"tls" doc:"none, opportunistic, mandatory or implicit. Empty: none on this machine, else opportunistic."`
	From     string `yaml:"from" doc:"Domain or address for senders without a domain. Empty: this machine's name."`
}

// SecretsConfig says where keys are.
type SecretsConfig struct {
	KeyFile    string `yaml:"key_file" doc:"Keys that seal secrets, the newest last; the same on every server of a shared Redis. Empty: seal.key in the data directory. PETREL_SEAL_KEYS stands for the file."`
	StackStorm string `yaml:"stackstorm_key_file" doc:"StackStorm's own key file, to read what it has encrypted."`
	AcceptLost bool   `yaml:"accept_lost" doc:"Start although the key that the newest secrets were sealed with is lost."`
}

// WASMConfig says how packs' WASM modules are run.
type WASMConfig struct {
	Isolation string `yaml:"isolation" doc:"Where modules run: server, or process (each in a child process that can be killed). A pack may ask for process by itself."`
	Memory    int    `yaml:"memory" doc:"Memory of an instance whose pack asks for nothing else, in MiB."`
	Instances int    `yaml:"instances" doc:"Calls at once, of all modules. 0: four for each processor."`
}

// LogConfig says what the server says.
type LogConfig struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error."`
	Format string `yaml:"format" doc:"text or json."`
}

// DefaultConfig is a working server for this machine and user.
func DefaultConfig() Config {
	return Config{
		Listen:  "127.0.0.1:9101",
		Data:    defaultData(),
		Lease:   10 * time.Second,
		Roles:   slices.Clone(allRoles),
		Auth:    AuthConfig{TokenTTL: 24 * time.Hour},
		API:     APIConfig{MaxBody: 10 << 20},
		Actions: ActionsConfig{Workers: 64, MaxResultSize: 16 << 20, Drain: time.Minute},
		Timers:  TimersConfig{Timezone: "UTC", Misfire: "skip"},
		SSH:     SSHConfig{HostKeys: "strict", ConnectTimeout: time.Minute, MaxParallel: 50},
		SMTP:    SMTPConfig{Host: "localhost", Port: 25},
		WASM:    WASMConfig{Isolation: "server", Memory: 64},
		Log:     LogConfig{Level: "info", Format: "text"},
	}
}

func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/petrel"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "petrel")
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".local", "share", "petrel")
}

// LoadConfig reads a file over the defaults. Unknown keys are errors that name the line
// and the nearest key there is.
func LoadConfig(file string) (Config, error) {
	cfg := DefaultConfig()
	if file == "" {
		return cfg, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return cfg, fmt.Errorf("config file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return cfg, fmt.Errorf("%s: %w", file, err)
	}
	if len(doc.Content) == 0 {
		return cfg, nil
	}
	if err := unknownKeys(file, doc.Content[0], reflect.TypeFor[Config](), ""); err != nil {
		return cfg, err
	}
	if err := doc.Decode(&cfg); err != nil {
		return cfg, fmt.Errorf("%s: %w", file, err)
	}
	return cfg, nil
}

// unknownKeys reports every key of a mapping that the struct has no field for.
func unknownKeys(file string, n *yaml.Node, t reflect.Type, path string) error {
	if n.Kind != yaml.MappingNode || t.Kind() != reflect.Struct {
		return nil
	}
	fields := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		fields[name] = t.Field(i).Type
		names = append(names, name)
	}
	var errs []error
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		field, ok := fields[key.Value]
		if !ok {
			errs = append(errs, unknownKey(file, key, path, names))
			continue
		}
		errs = append(errs, unknownKeys(file, n.Content[i+1], field, path+key.Value+"."))
	}
	return errors.Join(errs...)
}

func unknownKey(file string, key *yaml.Node, path string, names []string) error {
	hint := "known here: " + strings.Join(names, ", ")
	if near := core.Nearest(key.Value, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", path+near)
	}
	return fmt.Errorf("%s:%d:%d: unknown key %q; %s", file, key.Line, key.Column, path+key.Value, hint)
}

// Check refuses what would not be safe or could not work.
func (c Config) Check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %q needs the form host:port, such as 127.0.0.1:9101", c.Listen)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls: cert and key go together; one of them is missing")
	}
	if c.TLS.Cert == "" && !loopback(host) {
		return fmt.Errorf("listen: %q can be reached from other machines, where passwords and tokens would travel in clear; "+
			"set tls.cert and tls.key, or listen on 127.0.0.1 behind a proxy", c.Listen)
	}
	if c.Lease < 9*time.Second {
		return fmt.Errorf("lease: %v is too short; a server says every 3 s that it lives, so take 9s or more", c.Lease)
	}
	if err := c.checkRoles(); err != nil {
		return err
	}
	if c.Actions.Workers < 1 {
		return errors.New("actions.workers: needs to be at least 1")
	}
	if c.WASM.Isolation != "server" && c.WASM.Isolation != "process" {
		return fmt.Errorf("wasm.isolation: %q is neither server nor process", c.WASM.Isolation)
	}
	if c.WASM.Memory < 1 || c.WASM.Instances < 0 {
		return errors.New("wasm: memory needs to be at least 1 MiB, and instances no less than 0")
	}
	return nil
}

// makeAbsolute frees directories from where the server was started: actions run elsewhere.
func (c *Config) makeAbsolute() error {
	packs := make([]string, len(c.Packs))
	for i, dir := range c.Packs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return fmt.Errorf("packs: %w", err)
		}
		packs[i] = abs
	}
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	c.Data, c.Packs = data, packs
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// ExampleConfig is the default configuration with a comment on every key.
func ExampleConfig() string {
	var b bytes.Buffer
	exampleOf(&b, reflect.ValueOf(DefaultConfig()), "")
	return b.String()
}

func exampleOf(b *bytes.Buffer, v reflect.Value, indent string) {
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		fmt.Fprintf(b, "%s# %s\n", indent, f.Tag.Get("doc"))
		name := f.Tag.Get("yaml")
		switch {
		case value.Kind() == reflect.Struct:
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			exampleOf(b, value, indent+"  ")
		case value.Kind() == reflect.Slice:
			fmt.Fprintf(b, "%s%s: [%s]\n", indent, name, strings.Join(value.Interface().([]string), ", "))
		case value.Kind() == reflect.String:
			fmt.Fprintf(b, "%s%s: %q\n", indent, name, value.String())
		default:
			fmt.Fprintf(b, "%s%s: %v\n", indent, name, value.Interface())
		}
	}
}

// sealKey is the file of the keys that seal secrets.
func (c Config) sealKey() string {
	return cmp.Or(c.Secrets.KeyFile, filepath.Join(c.Data, sealKeyName))
}

// htpasswd is the file of the accounts.
func (c Config) htpasswd() string {
	return cmp.Or(c.Auth.Htpasswd, filepath.Join(c.Data, "htpasswd"))
}
