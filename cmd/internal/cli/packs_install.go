package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/petrelhq/petrel/sdk/client"
)

// installTime is how long the server may take to fetch a pack, look into it or install it.
const installTime = 10 * time.Minute

type installOptions struct {
	sha256     string
	yes, force bool
}

func (a *app) packInstall() *cobra.Command {
	var o installOptions
	return a.command(verb{
		name: "install", short: "Install or upgrade packs", args: "source+", exitCode: 2,
		long: `Installs packs, or upgrades them. A source is one of

  DIR               the folder of a pack; build it first when it has code
  FILE.tar.gz       an archive, as "` + a.prog + ` pack package" makes it
  URL               an archive that the server fetches, http or https
  NAME[=VERSION]    a pack of the server's registries

What the pack's code asks to be allowed is shown and has to be accepted. An upgrade asks
again only for what goes beyond that. Configuration and keys stay.`,
		flags: func(f *pflag.FlagSet) {
			f.StringVar(&o.sha256, "sha256", "", "SHA-256 that the archive must have")
			f.BoolVar(&o.yes, "yes", false, "accept all that the pack asks for")
			f.BoolVar(&o.force, "force", false, "although rules refer to what the new version lacks; they are switched off")
		},
		do: func(ctx context.Context, s *session, sources []string) error {
			if o.sha256 != "" && len(sources) > 1 {
				return misuse("--sha256 goes with one source only")
			}
			c, err := s.api(ctx)
			if err != nil {
				return err
			}
			for _, source := range sources {
				if err := s.installOne(ctx, c.Within(installTime), source, o); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (s *session) installOne(ctx context.Context, c *client.Client, source string, o installOptions) error {
	plan, err := s.stage(ctx, c, source, o.sha256)
	if err != nil {
		return err
	}
	s.tellPlan(plan)
	if err := s.accept(plan, o.yes); err != nil {
		return err
	}
	done, err := c.Post(ctx, client.Path("packs", "stage", plan.String("digest"), "install"),
		client.Object{"accept": texts(plan["asks"]), "force": o.force})
	if err != nil {
		return err
	}
	s.attributes = packResource.columns
	return s.show(packResource, done)
}

// stage brings the archive to the server and has it looked into.
func (s *session) stage(ctx context.Context, c *client.Client, source, want string) (client.Object, error) {
	archive, err := s.localArchive(source)
	if err != nil {
		return nil, err
	}
	if archive == nil {
		return c.Post(ctx, "/packs/stage", client.Object{"source": source, "sha256": want})
	}
	sum := sha256.Sum256(archive)
	digest := hex.EncodeToString(sum[:])
	if want != "" && !strings.EqualFold(want, digest) {
		return nil, fmt.Errorf("%s is not the archive that was promised: expected sha256 %s, found %s", source, want, digest)
	}
	if err := upload(ctx, c, digest, archive); err != nil {
		return nil, err
	}
	return c.Post(ctx, "/packs/stage", client.Object{"digest": digest})
}

// uploadPart is what the server takes at once, in bytes.
const uploadPart = 1 << 20

func upload(ctx context.Context, c *client.Client, digest string, archive []byte) error {
	for n := 0; n == 0 || len(archive) > 0; n++ {
		part := archive[:min(len(archive), uploadPart)]
		archive = archive[len(part):]
		answer, err := c.PutBytes(ctx, client.Path("packs", "stage", digest, strconv.Itoa(n)), part)
		if err != nil || answer["known"] == true {
			return err
		}
	}
	return nil
}

// localArchive is the archive that a folder or file of this machine stands for, nil for a
// source that the server knows. A bare word is a folder when one of that name holds a pack.
func (s *session) localArchive(source string) ([]byte, error) {
	if web := strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://"); web && !isGit(source) {
		return nil, nil
	}
	path := strings.ContainsRune(source, filepath.Separator) || source == "." || source == ".."
	info, err := os.Stat(source)
	switch {
	case err != nil && isGit(source):
		return nil, fmt.Errorf("%s is a git repository, which Petrel does not fetch: clone it, then install its folder", source)
	case errors.Is(err, fs.ErrNotExist) && (path || strings.HasSuffix(source, ".gz") || strings.HasSuffix(source, ".tgz")):
		return nil, fmt.Errorf("there is no file or folder %s", source)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.IsDir():
		return os.ReadFile(source)
	}
	if _, err := os.Stat(filepath.Join(source, "pack.yaml")); err != nil {
		if path {
			return nil, fmt.Errorf("%s is no pack: it holds no pack.yaml", source)
		}
		fmt.Fprintf(s.stderr, "Note: the folder %s holds no pack.yaml; a pack of this name is looked for in the registries.\n", source)
		return nil, nil
	}
	return s.packFolder(source)
}

// isGit tells sources that StackStorm clones.
func isGit(source string) bool {
	for _, scheme := range []string{"git@", "git://", "git+", "ssh://"} {
		if strings.HasPrefix(source, scheme) {
			return true
		}
	}
	return strings.HasSuffix(source, ".git")
}

func (s *session) packFolder(dir string) ([]byte, error) {
	if s.pack == nil {
		return nil, fmt.Errorf("%s is a folder: make an archive of it first", dir)
	}
	var archive bytes.Buffer
	err := s.pack(&archive, dir)
	return archive.Bytes(), err
}

// tell prints what only people read: beside a document, not into it.
func (s *session) tell(format string, args ...any) {
	if s.document() {
		fmt.Fprintf(s.stderr, format, args...)
		return
	}
	s.printf(format, args...)
}

// tellPlan says what would be installed, and what it may do then.
func (s *session) tellPlan(plan client.Object) {
	pack, before := plan.Object("pack"), plan.Object("replaces")
	s.tell("%s %s: %s\n", pack.String("ref"), pack.String("version"), pack.String("description"))
	if before != nil {
		s.tell("It takes the place of %s.\n", before.String("version"))
	}
	for _, text := range texts(plan["warnings"]) {
		fmt.Fprintf(s.stderr, "Warning: %s\n", text)
	}
	asks, all := texts(plan["asks"]), texts(plan["permissions"])
	switch {
	case len(asks) > 0 && before != nil && len(asks) < len(all):
		s.tell("It asks for more than it was granted:\n")
	case len(asks) > 0:
		s.tell("It asks for:\n")
	case len(all) > 0:
		s.tell("It asks for nothing that it was not granted before.\n")
	}
	for _, sentence := range asks {
		s.tell("  - %s\n", sentence)
	}
	if breaks := texts(plan["breaks"]); len(breaks) > 0 {
		s.tell("Rules that refer to what it lacks: %s\n", strings.Join(breaks, ", "))
	}
}

// accept asks whoever sits at the terminal to accept what a pack asks for.
func (s *session) accept(plan client.Object, yes bool) error {
	if yes || len(texts(plan["asks"])) == 0 {
		return nil
	}
	if _, atTerminal := terminal(s.stdin); !atTerminal {
		return errors.New("this has to be accepted: look at it, then say --yes")
	}
	answer, err := s.ask("Allow this? (y/n): ")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return errors.New("not accepted; nothing was installed")
	}
	return nil
}
