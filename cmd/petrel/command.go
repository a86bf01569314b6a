package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/core/backend/local"
)

// addCommands puts commands below root. The verbs of a noun that is there already go below
// that one: `petrel pack` has the client's, and those of authors, which need no server.
func addCommands(root *cobra.Command, commands ...*cobra.Command) {
	for _, c := range commands {
		noun, _, err := root.Find([]string{c.Name()})
		if err != nil || noun == root {
			root.AddCommand(c)
			continue
		}
		verbs := c.Commands()
		c.RemoveCommand(verbs...)
		noun.AddCommand(verbs...)
	}
}

func serverCommand() *cobra.Command {
	var file string
	var flags Config
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the Petrel server",
		Long: `Run the Petrel server: webhooks and the API, rules, and the actions they start.

Everything it remembers lies in the data directory. The first start makes an admin
account: PETREL_ADMIN_USER and PETREL_ADMIN_PASSWORD name it, else it is "admin" with a
generated password that is printed once. Ctrl-C lets running actions finish and stops;
a second Ctrl-C stops at once.`,
		Example: "  petrel server\n  petrel server --data /srv/petrel --listen 127.0.0.1:9101\n  petrel config example > petrel.yaml; petrel server --config petrel.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := LoadConfig(file)
			if err != nil {
				return err
			}
			return serve(cmd, cfg.over(flags))
		},
	}
	addServerFlags(cmd, &file, &flags)
	return cmd
}

// addServerFlags adds what the server and those who look after it are told.
func addServerFlags(cmd *cobra.Command, file *string, flags *Config) {
	cmd.Flags().StringVar(&flags.Listen, "listen", "", "address to listen on (default 127.0.0.1:9101)")
	cmd.Flags().StringVar(&flags.Data, "data", "", "directory for everything the server remembers (default "+defaultData()+")")
	cmd.Flags().StringVar(&flags.Store, "store", "", "Redis that several servers share, such as redis://127.0.0.1:6379")
	cmd.Flags().BoolVar(&flags.AcceptLoss, "accept-loss", false, "work with a Redis whose settings may lose what was acknowledged")
	cmd.Flags().StringSliceVar(&flags.Roles, "roles", nil, "part of the work this server does: "+strings.Join(allRoles, ",")+" (default all)")
	cmd.Flags().StringVar(file, "config", "", "configuration file; see: petrel config example")
}

// over puts what flags said over what the file said.
func (c Config) over(flags Config) Config {
	c.Listen = cmp.Or(flags.Listen, c.Listen)
	c.Data = cmp.Or(flags.Data, c.Data)
	c.Store = cmp.Or(flags.Store, c.Store)
	c.AcceptLoss = c.AcceptLoss || flags.AcceptLoss
	if len(flags.Roles) > 0 {
		c.Roles = flags.Roles
	}
	return c
}

func serve(cmd *cobra.Command, cfg Config) error {
	log, err := newLogger(cfg.Log, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	s, err := NewServer(cmd.Context(), cfg, log, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), s.greeting())
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s.Run(cmd.Context())
	return s.Close()
}

// greeting says where the server is found and what it does.
func (s *Server) greeting() string {
	where := "data in " + s.cfg.Data
	if s.cfg.Store != "" {
		where = "store at " + storeAddress(s.cfg.Store) + ", beside it " + s.cfg.Data
	}
	if len(s.cfg.Roles) < len(allRoles) {
		where += ", roles " + strings.Join(s.cfg.Roles, ",")
	}
	if !s.cfg.has(roleAPI) {
		return fmt.Sprintf("Petrel %s runs, %s", version, where)
	}
	return fmt.Sprintf("Petrel %s listens on %s, %s", version, s.URL(), where)
}

// gcPercent lets garbage grow to twice what lives, which is little: the collector
// took a tenth of an event's time at Go's default. GOGC overrides it.
const gcPercent = 200

func newLogger(c LogConfig, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level: %q is none of debug, info, warn, error", c.Level)
	}
	o := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("log.format: %q is none of text, json", c.Format)
}

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show the server's configuration"}
	cmd.AddCommand(&cobra.Command{
		Use: "example", Short: "Print the default configuration file with every key explained", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), ExampleConfig())
			return err
		},
	})
	return cmd
}

func backupCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy the data directory of a stopped server into a new directory",
		Long: `Copy everything a stopped server remembers into a new directory.

A running server is asked instead, by an administrator:
  curl -X POST -H "X-Auth-Token: $ST2_AUTH_TOKEN" -H 'Content-Type: application/json' \
       -d '{"directory": "/backups/today"}' http://127.0.0.1:9101/v1/backup
On Redis use Redis's own means (BGSAVE, or a replica).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return backupOffline(cmd, data, args[0])
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData(), "data directory of the server")
	return cmd
}

func backupOffline(cmd *cobra.Command, data, dir string) error {
	store := filepath.Join(data, "store")
	if _, err := os.Stat(store); err != nil {
		return fmt.Errorf("backup: no Petrel data in %s: %w", data, err)
	}
	db, err := local.Open(store, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := errors.Join(archive(cmd.Context(), db, data, dir), db.Close()); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Backed up %s to %s\n", data, dir)
	return nil
}

func restoreCommand() *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "restore DIR",
		Short: "Put a backup in place of an empty data directory",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := restore(args[0], data); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Restored %s to %s\n", args[0], data)
			return nil
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData(), "data directory to restore to; must not hold data")
	return cmd
}
