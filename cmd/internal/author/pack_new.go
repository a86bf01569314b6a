package author

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/petrelhq/petrel/sdk"
)

// templates hold one folder per language, with the files of a new pack.
//
//go:embed templates
var templates embed.FS

// packName is what a pack may be called. st2: metadata reference 1, names.
var packName = regexp.MustCompile(`^[a-z0-9_]+$`)

// newPack is a pack to be made.
type newPack struct {
	Name    string
	Runtime string
	Code    string // where its code will lie
	Author  string
	Go      string // of go.mod
	dir     string
	lang    string
}

func packNewCommand() *cobra.Command {
	p := newPack{Author: whoami()}
	cmd := &cobra.Command{
		Use:   "new NAME [DIR]",
		Short: "Make a pack that builds, tests and runs at once",
		Long: `Make a folder with a new pack: its pack.yaml, an action and its test.

DIR is the folder, by default NAME. What the pack is built from is unpacked into .sdk
beside it, so nothing is fetched from anywhere. The runtime is what will carry the code:

  wasm      in a sandbox; runs on every machine, with the permissions it was granted only
  process   as a program of its own; may do what the server's user may, at full speed`,
		Example: "  petrel pack new hello\n  petrel pack new disks --runtime process packs/disks",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.Name, p.dir = args[0], args[len(args)-1]
			return p.make(cmd)
		},
	}
	cmd.Flags().StringVar(&p.lang, "lang", "go", "language to write it in: go")
	cmd.Flags().StringVar(&p.Runtime, "runtime", "wasm", "what carries its code: wasm or process")
	return cmd
}

// whoami is the name of the user, as the author of a pack.
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return "me"
	}
	if name, _, _ := strings.Cut(u.Name, ","); name != "" {
		return name
	}
	return u.Username
}

func (p *newPack) make(cmd *cobra.Command) error {
	if err := p.check(cmd.Context()); err != nil {
		return err
	}
	if err := p.write(); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "Made the pack %s in %s. Now:\n", p.Name, p.dir)
	for _, verb := range []string{"build", "test", "install"} {
		fmt.Fprintf(out, "  petrel pack %s %s\n", verb, p.dir)
	}
	fmt.Fprintf(out, "  petrel run %s.greet name=you\n", p.Name)
	return nil
}

// check refuses what could not become a pack, before anything is written.
func (p *newPack) check(ctx context.Context) error {
	if !packName.MatchString(p.Name) || p.Name == "_global" {
		return fmt.Errorf("%q cannot be the name of a pack; use small letters, digits and _, such as %s", p.Name, tamed(p.Name))
	}
	languages, err := fs.ReadDir(templates, "templates")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(languages, func(e fs.DirEntry) bool { return e.Name() == p.lang }) {
		return fmt.Errorf("there is no template for the language %q, only for go; docs/wasm-abi.md says how to write a pack in another one", p.lang)
	}
	c, err := carrierOf(p.Runtime)
	if err != nil {
		return err
	}
	p.Code = c.file(p.Name)
	entries, err := os.ReadDir(p.dir)
	switch {
	case len(entries) > 0:
		return fmt.Errorf("%s is there already and holds files; name another folder: petrel pack new %s DIR", p.dir, p.Name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if p.Go, err = oldestGo(); err != nil {
		return err
	}
	_, err = findGo(ctx, os.TempDir())
	return err
}

// tamed is a name close to the one given that a pack may have.
func tamed(name string) string {
	fit := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "_"), "_")
	if fit == "" || fit == "global" {
		return "hello"
	}
	return fit
}

func (p *newPack) write() error {
	root := path.Join("templates", p.lang)
	err := fs.WalkDir(templates, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return p.writeFile(name, strings.TrimPrefix(name, root+"/"))
	})
	if err != nil {
		return err
	}
	return unpackSDK(filepath.Join(p.dir, sdkFolder))
}

// writeFile fills in a template. "dot." in its name stands for a dot in front, which
// embedded files cannot have.
func (p *newPack) writeFile(from, to string) error {
	t, err := template.ParseFS(templates, from)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, p); err != nil {
		return err
	}
	to = strings.TrimSuffix(to, ".tmpl")
	if hidden, ok := strings.CutPrefix(to, "dot."); ok {
		to = "." + hidden
	}
	at := filepath.Join(p.dir, filepath.FromSlash(to))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, text.Bytes(), 0o644)
}

// sdkFolder is where a pack has the SDK it is built from.
const sdkFolder = ".sdk"

// unpackSDK makes dir hold the SDK of this Petrel and nothing else.
func unpackSDK(dir string) error {
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.CopyFS(fresh, sdk.Source); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

func packSDKCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sdk [DIR]",
		Short: "Unpack the SDK of this Petrel into a pack",
		Long:  "Unpack the SDK of this Petrel into a pack's folder " + sdkFolder + ", in place of the one that is there:\nafter an upgrade of Petrel, or where the folder was left out of a repository.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := openPack(folderOf(args))
			if err != nil {
				return err
			}
			if err := unpackSDK(f.path(sdkFolder)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Unpacked the SDK into %s\n", filepath.Join(f.shown, sdkFolder))
			return nil
		},
	}
}
