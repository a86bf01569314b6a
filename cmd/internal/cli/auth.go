package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/petrelhq/petrel/sdk/client"
)

// credentials are what auth and login ask for.
type credentials struct {
	password string
	ttl      int
}

func (c *credentials) register(f *pflag.FlagSet) {
	f.StringVarP(&c.password, "password", "p", "", "password; asked for when missing")
	f.IntVarP(&c.ttl, "ttl", "l", 0, "life of the token in seconds (default: the server's choice)")
}

// auth makes "auth": get a token. st2: cli.md, Authentication commands.
func (a *app) auth() *cobra.Command {
	var login credentials
	var only bool
	return a.command(verb{
		name: "auth", short: "Get a token for a user", args: "username", anonymous: true,
		flags: func(f *pflag.FlagSet) {
			login.register(f)
			f.BoolVarP(&only, "only-token", "t", false, "print the token and nothing else")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			token, err := s.logIn(ctx, args[0], login)
			if err != nil {
				return err
			}
			if only {
				s.printf("%s\n", token.Token)
				return nil
			}
			s.attributes = []string{"user", "token", "expiry"}
			return s.show(resource{}, token.Raw)
		},
	})
}

// login makes "login": get a token and remember it.
func (a *app) login() *cobra.Command {
	var login credentials
	var write bool
	return a.command(verb{
		name: "login", short: "Log in, and stay logged in", args: "username", anonymous: true,
		long: "Gets a token, keeps it beside the configuration file, and names the user there,\n" +
			"so that later commands are made in that user's name.",
		flags: func(f *pflag.FlagSet) {
			login.register(f)
			f.BoolVarP(&write, "write-password", "w", false, "keep the password in the configuration file too, to log in again when the token ends")
		},
		do: func(ctx context.Context, s *session, args []string) error {
			token, err := s.logIn(ctx, args[0], login)
			if err == nil {
				err = s.remember(token, args[0], login.password, write)
			}
			if err != nil {
				return fmt.Errorf("Failed to log in as %s: %s", args[0], s.explain(err)) // StackStorm's words
			}
			s.printf("Logged in as %s\n", args[0])
			if !write {
				s.printf("\nNote: the token ends after 24 hours, and the password was not kept: log in again then.\n"+
					"To stay logged in, use --write-password, which keeps the password readable in %s.\n", s.path)
			}
			return nil
		},
	})
}

// logIn asks for what is missing and trades it for a token.
func (s *session) logIn(ctx context.Context, user string, login credentials) (client.Token, error) {
	if !s.cmd.Flags().Changed("password") {
		var err error
		if login.password, err = s.askSecret("Password: "); err != nil {
			return client.Token{}, err
		}
	}
	c, err := s.anonymous()
	if err != nil {
		return client.Token{}, err
	}
	return c.Login(ctx, user, login.password, login.ttl)
}

// remember writes user (and password) to the configuration file, and caches the token.
func (s *session) remember(token client.Token, user, password string, keepPassword bool) error {
	if !keepPassword {
		password = ""
	}
	s.file.set("credentials", "password", password)
	s.file.set("credentials", "username", user)
	if err := writeFile(s.path, s.file.text(), 0o660); err != nil {
		return err
	}
	return s.cache(user, token)
}

// ask prints a question on stderr and reads a line.
func (s *session) ask(question string) (string, error) {
	fmt.Fprint(s.stderr, question)
	line, err := bufio.NewReader(s.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// askSecret is ask without an echo on terminals.
func (s *session) askSecret(question string) (string, error) {
	f, ok := terminal(s.stdin)
	if !ok {
		return s.ask(question)
	}
	fmt.Fprint(s.stderr, question)
	secret, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(s.stderr)
	return string(secret), err
}

// whoami makes "whoami".
func (a *app) whoami() *cobra.Command {
	return a.command(verb{
		name: "whoami", short: "Say who is logged in",
		do: func(ctx context.Context, s *session, _ []string) error {
			who, err := s.identity(ctx)
			if err != nil {
				// st2: cli.md, whoami: a failure of any kind is this line and exit code 0.
				s.printf("Unable to retrieve currently logged-in user\n")
				return nil
			}
			if s.document() {
				return s.writeDocument(map[string]any(who.Raw))
			}
			s.introduce(who)
			return nil
		},
	})
}

func (s *session) identity(ctx context.Context) (client.Identity, error) {
	c, err := s.api(ctx)
	if err != nil {
		return client.Identity{}, err
	}
	return c.Identity(ctx)
}

func (s *session) introduce(who client.Identity) {
	s.printf("Currently logged in as %q.\n\nAuthentication method: %s\n", who.User, who.Method)
	if who.TokenExpire != "" {
		s.printf("Authentication token expire time: %s\n", who.TokenExpire)
	}
	enabled := map[bool]string{true: "True", false: "False"}[who.RBAC]
	s.printf("\nRBAC:\n - Enabled: %s\n - Roles: %s\n", enabled, strings.Join(who.Roles, ", "))
}

// version makes "version": the client's and the server's.
func (a *app) version() *cobra.Command {
	return a.command(verb{
		name: "version", short: "Print the versions of this program and of the server",
		do: func(ctx context.Context, s *session, _ []string) error {
			s.printf("client: %s\n", s.cmd.Root().Version)
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			o, err := c.Get(ctx, "", nil)
			if err != nil {
				return err
			}
			s.printf("server: %s at %s\n", o.String("version"), s.endpoints.base)
			return nil
		},
	})
}
