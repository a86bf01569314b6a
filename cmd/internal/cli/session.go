package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

// session is one run of one verb: its common options, the settings, and the way to the server.
type session struct {
	*app
	*settings
	output
	cmd         *cobra.Command
	tokenOption string
	keyOption   string
	connected   *client.Client
}

// register adds the options that verbs have in common.
func (s *session) register(f *pflag.FlagSet, v verb) {
	if !v.anonymous {
		f.StringVarP(&s.tokenOption, "token", "t", "", "access token")
		f.StringVar(&s.keyOption, "api-key", "", "API key")
	}
	s.output.register(f, v)
}

// configure resolves the settings, and ends the run when --print-config asks for them.
func (s *session) configure() error {
	var err error
	if s.settings, err = s.resolve(s.tokenOption, s.keyOption); err != nil {
		return err
	}
	s.screen = s.columns()
	if s.options.printConfig {
		s.settings.print(s.app)
		return &exit{code: 3}
	}
	return nil
}

// api is the way to the server, logged in if the configuration says as whom.
func (s *session) api(ctx context.Context) (*client.Client, error) {
	if s.connected != nil {
		return s.connected, nil
	}
	if s.token == "" && s.apiKey == "" && s.user != "" {
		token, err := s.automaticLogin(ctx)
		if err != nil {
			return nil, err
		}
		s.token = token
	}
	c, err := s.dial(s.token, s.apiKey)
	s.connected = c
	return c, err
}

// anonymous is the way to the server for someone who has yet to say who they are.
func (s *session) anonymous() (*client.Client, error) { return s.dial("", "") }

func (s *session) dial(token, apiKey string) (*client.Client, error) {
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{
		API: s.endpoints.api, Auth: s.endpoints.auth, Stream: s.endpoints.stream,
		Token: token, APIKey: apiKey, ProxyUser: s.proxyUser,
		HTTP: &http.Client{Transport: transport},
	}), nil
}

// transport checks certificates.
//
// st2 differs: StackStorm's client trusts any certificate unless it is given a CA. Ours
// would send passwords to whoever answers, so it wants --insecure for that.
func (s *session) transport() (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: s.insecure} // asked for by name
	if s.cacert != "" {
		pem, err := os.ReadFile(s.cacert)
		if err != nil {
			return nil, fmt.Errorf("--cacert: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--cacert: %s has no certificate in PEM form", s.cacert)
		}
	}
	if s.debug {
		return &tracer{app: s.app, next: t}, nil
	}
	return t, nil
}

// cachedToken is a token kept between runs, in the file format of StackStorm's client.
type cachedToken struct {
	Token  string `json:"token"`
	Expire int64  `json:"expire_timestamp"` // seconds since 1970
}

// expiryMargin: a cached token this close to its end is not used any more.
const expiryMargin = 15 * time.Second

// automaticLogin returns a token for the user the configuration names.
// st2: cli.md, automatic login.
func (s *session) automaticLogin(ctx context.Context) (string, error) {
	if token, ok := s.cached(s.user); ok {
		return token, nil
	}
	c, err := s.anonymous()
	if err != nil {
		return "", err
	}
	token, err := c.Login(ctx, s.user, s.password, 0)
	if err != nil {
		if client.StatusOf(err) == http.StatusUnauthorized {
			s.printf("Failed to authenticate with credentials provided in the config.\n")
		}
		return "", err
	}
	return token.Token, s.cache(s.user, token)
}

func (s *session) cached(user string) (string, bool) {
	if !s.cacheToken {
		return "", false
	}
	data, err := os.ReadFile(s.tokenPath(user))
	if err != nil {
		return "", false
	}
	var kept cachedToken
	if json.Unmarshal(data, &kept) != nil || kept.Token == "" {
		return "", false
	}
	return kept.Token, s.now().Add(expiryMargin).Before(time.Unix(kept.Expire, 0))
}

// cache keeps a user's token for later runs.
func (s *session) cache(user string, token client.Token) error {
	if !s.cacheToken {
		return nil
	}
	data, err := json.Marshal(cachedToken{Token: token.Token, Expire: token.Expiry.Unix()})
	if err != nil {
		return err
	}
	// st2 differs: nobody but the user needs to read a token.
	return writeFile(s.tokenPath(user), string(data), 0o600)
}

func (s *session) tokenPath(user string) string {
	return filepath.Join(s.stateDir(), "token-"+filepath.Base(user))
}

// writeFile replaces a file in the state directory, making the directory if need be.
func writeFile(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o770); err != nil {
		return fmt.Errorf("keeping the login: %w", err)
	}
	fresh, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("keeping the login: %w", err)
	}
	_, err = fresh.WriteString(text)
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("keeping the login: %w", err)
	}
	return nil
}
