package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Installer installs packs from archives, and upgrades and removes them.
//
// An archive is named by its SHA-256. Its bytes are kept in the store ([Installer.Upload]),
// looked into aside ([Installer.Stage]), and take effect in one commit ([Installer.Install])
// that writes the pack's record and all its content, removes what the version before had
// and this one lacks, and records what was granted. Before that commit everything is as it
// was.
type Installer struct {
	InstallerConfig
	known store.Cached[*contents]
}

// InstallerConfig is what an Installer needs.
type InstallerConfig struct {
	Registrar *Registrar
	Folders   *Folders
	// Check lets what carries a pack's code refuse it, and prepare it. dir holds the
	// pack's files, and not for long. The error is Invalid. nil: nothing to check. Of a
	// pack with the runtime process it starts native code, so it is not asked before that
	// was accepted.
	Check func(ctx context.Context, content *Content, dir string) error
	// Shipped reports whether a pack comes with the server.
	Shipped func(ref string) bool
	// FolderOf returns the folder of the server's that holds a pack, "" for none.
	FolderOf func(ref string) string
	// DeleteRule and DeletePolicy remove one.
	DeleteRule   func(ctx context.Context, tx *store.Tx, r *core.Rule) error
	DeletePolicy func(ctx context.Context, tx *store.Tx, p *core.Policy) error
	// Configs holds the configurations of packs.
	Configs *Configs
}

// NewInstaller returns an Installer.
func NewInstaller(c InstallerConfig) *Installer {
	return &Installer{InstallerConfig: c, known: store.Cached[*contents]{Load: loadContents}}
}

func (in *Installer) store() *store.Store { return in.Registrar.Store }

// What is taken of archives, in bytes.
const (
	MaxArchive  = 64 << 20
	ArchivePart = store.ArchivePart // in one part
)

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkDigest(digest string) error {
	if !digestForm.MatchString(digest) {
		return core.FieldErrorf("digest", "%q is no SHA-256: it needs 64 small hex digits", digest)
	}
	return nil
}

// Upload keeps part n, counted from 0, of an archive. All parts but the last are of
// [ArchivePart] bytes. It reports whether the archive is known already, so that no
// more of it needs to come. Errors are Invalid and TooLarge.
func (in *Installer) Upload(ctx context.Context, digest string, n int, part []byte) (known bool, err error) {
	if err := checkDigest(digest); err != nil {
		return false, err
	}
	switch {
	case len(part) > ArchivePart:
		return false, core.Errorf(core.TooLarge, "a part of an archive has %d bytes, this one has %d", ArchivePart, len(part))
	case n < 0 || n >= MaxArchive/ArchivePart:
		return false, core.Errorf(core.TooLarge, "the archive is larger than %d bytes, the most that is taken", MaxArchive)
	}
	err = in.store().Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		a, err := tx.Archives().Get(ctx, digest)
		if core.KindOf(err) == core.NotFound {
			a, err = &store.Archive{Digest: digest}, nil
		}
		if err != nil {
			return err
		}
		if known = a.Whole; !known {
			tx.PutArchivePart(a, n, part)
		}
		a.At = tx.Time()
		return tx.Archives().Put(ctx, a)
	})
	return known, err
}

// Receive keeps a whole archive and returns its digest. The error is TooLarge.
func (in *Installer) Receive(ctx context.Context, archive io.ReadSeeker) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, archive); err != nil {
		return "", err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	for n := 0; ; n++ {
		part := make([]byte, ArchivePart)
		size, err := io.ReadFull(archive, part)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return "", err
		}
		if size == 0 && n > 0 {
			return digest, nil
		}
		known, fault := in.Upload(ctx, digest, n, part[:size])
		if fault != nil || known || err != nil {
			return digest, fault
		}
	}
}

// Plan is what installing an archive would do.
type Plan struct {
	Pack        *core.Pack
	Replaces    *core.Pack // nil: it is new
	Permissions []string   // what it asks for, in words
	Asks        []string   // of them, those that were not granted to it before
	Content     Counts
	Removes     []string // references of content that the version before has and this one lacks
	Breaks      []string // references of rules that refer to such content
	Warnings    []string
}

// Counts says how much content a pack holds.
type Counts struct {
	Actions  int `json:"actions"`
	Rules    int `json:"rules"`
	Sensors  int `json:"sensors"`
	Triggers int `json:"triggers"`
	Policies int `json:"policies"`
}

// Stage looks into an archive that was uploaded, and tells what installing it would do.
// The errors are NotFound, and Invalid for an archive that is damaged or no sound pack.
func (in *Installer) Stage(ctx context.Context, digest string) (*Plan, error) {
	head, err := in.store().Archives().Get(ctx, digest)
	if core.KindOf(err) == core.NotFound {
		return nil, noArchive(digest)
	}
	if err != nil {
		return nil, err
	}
	content, err := in.look(ctx, head)
	if err != nil {
		return nil, err
	}
	known, err := in.known.Now(ctx, in.store())
	if err != nil {
		return nil, err
	}
	plan := known.plan(content)
	if err := in.Configs.fits(ctx, content); err != nil {
		plan.Warnings = append(plan.Warnings, err.Error())
	}
	return plan, nil
}

func noArchive(digest string) error {
	return core.Errorf(core.NotFound, "no archive with the SHA-256 %s is here; upload it first", digest)
}

// look unpacks an archive aside, holds it against everything it needs to be, and gives it
// its place.
func (in *Installer) look(ctx context.Context, head *store.Archive) (*Content, error) {
	dir, err := in.Folders.unpackAside(ctx, head.Digest)
	if k := core.KindOf(err); k == core.Invalid || k == core.TooLarge {
		return nil, errors.Join(err, in.discard(ctx, head))
	}
	if err != nil { // it is not the archive's fault
		return nil, err
	}
	defer os.RemoveAll(dir)
	content, err := read(dir, head.Digest)
	if err != nil {
		return nil, err
	}
	if err := in.refuse(content.Pack.Ref); err != nil {
		return nil, err
	}
	if !isNative(&content.Pack) {
		if err := in.check(ctx, content, dir); err != nil {
			return nil, err
		}
	}
	if err := in.Folders.adopt(dir, content.Pack.Ref, head.Digest); err != nil {
		return nil, err
	}
	return content, in.settle(ctx, head, content.Pack.Ref)
}

func (in *Installer) check(ctx context.Context, content *Content, dir string) error {
	if in.Check == nil {
		return nil
	}
	return in.Check(ctx, content, dir)
}

// isNative reports whether a pack's code runs with the rights of the server's user.
func isNative(p *core.Pack) bool { return p.Runtime != nil && p.Runtime.Type == core.RuntimeProcess }

// read reads a pack that was unpacked.
func read(dir, digest string) (*Content, error) {
	content, errs := Read(os.DirFS(dir), "")
	if len(errs) > 0 {
		return nil, core.Errorf(core.Invalid, "%w", errors.Join(errs...))
	}
	content.Pack.Digest = digest
	return content, nil
}

// discard forgets an archive whose bytes are not what they should be, so that a new upload
// begins afresh; unless somebody has written to it meanwhile, or found it whole.
func (in *Installer) discard(ctx context.Context, head *store.Archive) error {
	return in.store().Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		a, err := tx.Archives().Get(ctx, head.Digest)
		if core.KindOf(err) == core.NotFound {
			return nil
		}
		if err != nil || a.Whole || a.Parts != head.Parts {
			return err
		}
		return tx.DropArchive(ctx, head.Digest)
	})
}

// settle records that an archive is whole, unless somebody has written to it meanwhile.
func (in *Installer) settle(ctx context.Context, head *store.Archive, ref string) error {
	return in.store().Update(ctx, store.Wait, func(tx *store.Tx) error {
		a, err := tx.Archives().Get(ctx, head.Digest)
		if core.KindOf(err) == core.NotFound {
			return noArchive(head.Digest)
		}
		if err != nil {
			return err
		}
		if a.Parts != head.Parts {
			return core.Errorf(core.Conflict, "somebody else is uploading the same archive; try again")
		}
		a.Whole, a.Pack, a.At = true, ref, tx.Time()
		return tx.Archives().Put(ctx, a)
	})
}

// refuse keeps packs as they are that are not for installing.
func (in *Installer) refuse(ref string) error {
	if in.Shipped(ref) {
		return core.Errorf(core.Forbidden, "the pack %s comes with the server: it cannot be installed, replaced or removed", ref)
	}
	if dir := in.FolderOf(ref); dir != "" {
		return core.Errorf(core.Conflict, "the pack %s lies in the server's folder %s: remove that folder and restart the server first", ref, dir)
	}
	return nil
}

// plan says what installing a pack would do.
func (c *contents) plan(content *Content) *Plan {
	p, outside := &content.Pack, content.outside()
	plan := &Plan{
		Pack: p, Replaces: c.packs[p.Ref],
		Permissions: append(Words(p), sentences(beside(outside))...),
		Asks:        append(Beyond(p, c.granted(p.Ref)), newBeside(outside, c.granted(p.Ref))...),
		Content: Counts{
			Actions: len(content.Actions), Rules: len(content.Rules), Sensors: len(content.Sensors),
			Triggers: len(content.TriggerTypes), Policies: len(content.Policies),
		},
		Removes: []string{}, Breaks: []string{}, Warnings: append([]string{}, content.Warnings...),
	}
	l := c.leaving(p.Ref, content)
	for _, refs := range []map[string]bool{
		names(l.actions, (*core.Action).Ref), names(l.rules, (*core.Rule).Ref), names(l.policies, (*core.Policy).Ref),
		names(l.sensors, (*core.Sensor).Ref), names(l.types, (*core.TriggerType).Ref),
	} {
		plan.Removes = append(plan.Removes, sortedNames(refs)...)
	}
	plan.Breaks = append(plan.Breaks, sortedNames(names(c.dependents(l, content), (*core.Rule).Ref))...)
	return plan
}

// granted is what an installed pack is allowed now, nil for any other.
func (c *contents) granted(ref string) *core.Grant {
	if i := c.installations[ref]; i != nil {
		return &i.Now
	}
	return nil
}

// Consent says on whose behalf a pack is installed, and what was accepted.
type Consent struct {
	User   string
	Accept []string // permissions in words, as a Plan has them
	All    bool     // whatever it asks for
	Force  bool     // although rules break; they are switched off
}

// notAccepted tells what a pack asks for that nobody has accepted, nil if there is nothing.
func (plan *Plan) notAccepted(how Consent) error {
	accepted := map[string]bool{}
	for _, sentence := range how.Accept {
		accepted[sentence] = true
	}
	var open []string
	for _, sentence := range plan.Asks {
		if !accepted[sentence] {
			open = append(open, sentence)
		}
	}
	if how.All || len(open) == 0 {
		return nil
	}
	return core.Errorf(core.Forbidden, "%s %s asks for what it has not been granted, and what was not accepted: %s",
		plan.Pack.Ref, plan.Pack.Version, strings.Join(open, "; "))
}

// broken tells which rules refer to what would go.
func broken(what string, rules []string, how Consent) error {
	if len(rules) == 0 || how.Force {
		return nil
	}
	return core.Errorf(core.Conflict, "%s would leave rules without their trigger or action: %s; change or delete them first, or force it, which switches them off",
		what, strings.Join(rules, ", "))
}

func sortedNames(set map[string]bool) []string {
	all := make([]string, 0, len(set))
	for name := range set {
		all = append(all, name)
	}
	return inOrder(all)
}

func (plan *Plan) what() string {
	return fmt.Sprintf("installing %s %s", plan.Pack.Ref, plan.Pack.Version)
}
