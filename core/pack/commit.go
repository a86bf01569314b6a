package pack

import (
	"context"
	"slices"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// Install makes a staged archive the pack it holds, in one commit. Errors: NotFound
// without such an archive, Forbidden with what was asked for and not accepted, Conflict
// with the rules that would break, Invalid with what does not fit.
func (in *Installer) Install(ctx context.Context, digest string, how Consent) (*core.Pack, error) {
	head, err := in.store().Archives().Get(ctx, digest)
	if core.KindOf(err) == core.NotFound || err == nil && !head.Whole {
		return nil, noArchive(digest)
	}
	if err != nil {
		return nil, err
	}
	dir, err := in.Folders.Dir(ctx, head.Pack, digest)
	if err != nil {
		return nil, err
	}
	if err := in.checkNative(ctx, dir, digest, how); err != nil {
		return nil, err
	}
	var p core.Pack
	err = in.store().Update(ctx, store.Wait, func(tx *store.Tx) error {
		content, err := read(dir, digest)
		if err != nil {
			return err
		}
		p = content.Pack
		return in.install(ctx, tx, content, how)
	})
	if err != nil {
		return nil, err
	}
	return in.store().Packs().Get(ctx, p.Ref)
}

// checkNative checks the code of a pack whose code is native, once it was accepted: looking
// at it ([Installer.Stage]) has to be safe.
func (in *Installer) checkNative(ctx context.Context, dir, digest string, how Consent) error {
	content, err := read(dir, digest)
	if err != nil || !isNative(&content.Pack) {
		return err
	}
	known, err := in.known.Now(ctx, in.store())
	if err != nil || known.needs(digest) { // it was checked when it was installed
		return err
	}
	if err := known.plan(content).notAccepted(how); err != nil {
		return err
	}
	return in.check(ctx, content, dir)
}

func (in *Installer) install(ctx context.Context, tx *store.Tx, content *Content, how Consent) error {
	ref := content.Pack.Ref
	if err := in.refuse(ref); err != nil {
		return err
	}
	known, err := in.known.In(ctx, tx)
	if err != nil {
		return err
	}
	plan := known.plan(content)
	if err := plan.notAccepted(how); err != nil {
		return err
	}
	if err := broken(plan.what(), plan.Breaks, how); err != nil {
		return err
	}
	if err := in.touch(ctx, tx, content.Pack.Digest); err != nil {
		return err
	}
	l := known.leaving(ref, content)
	if err := in.dismiss(ctx, tx, l, known.dependents(l, content)); err != nil {
		return err
	}
	if err := in.Registrar.Register(ctx, tx, content, ""); err != nil {
		return err
	}
	return in.grant(ctx, tx, content, how.User)
}

// touch keeps an archive from being swept while its pack is being installed.
func (in *Installer) touch(ctx context.Context, tx *store.Tx, digest string) error {
	a, err := tx.Archives().Get(ctx, digest)
	if core.KindOf(err) == core.NotFound {
		return noArchive(digest)
	}
	if err != nil {
		return err
	}
	a.At = tx.Time()
	return tx.Archives().Put(ctx, a)
}

// grant records what a pack's version is allowed from now on, and which was before it.
func (in *Installer) grant(ctx context.Context, tx *store.Tx, content *Content, user string) error {
	p := &content.Pack
	i, err := tx.Installations().Get(ctx, p.Ref)
	switch {
	case core.KindOf(err) == core.NotFound:
		i = &core.Installation{Pack: p.Ref}
	case err != nil:
		return err
	case i.Now.Digest != p.Digest:
		before := i.Now
		i.Before = &before
	}
	i.Now = granting(p)
	i.Now.Outside, i.Now.User, i.Now.At = content.outside(), user, tx.Time()
	return tx.Installations().Put(ctx, i)
}

// granting is a grant of all that a pack asks for.
func granting(p *core.Pack) core.Grant {
	g := core.Grant{Digest: p.Digest, Version: p.Version}
	if p.Runtime != nil {
		g.Runtime = p.Runtime.Type
	}
	if p.Permissions != nil {
		g.Permissions = *p.Permissions
	}
	return g
}

// dismiss removes content, rules first, so that triggers are given back. Rules of others
// that depend on it are switched off.
func (in *Installer) dismiss(ctx context.Context, tx *store.Tx, l leaving, dependents []*core.Rule) error {
	for _, r := range dependents {
		off, err := tx.Rules().Get(ctx, r.Ref())
		if err != nil {
			return err
		}
		off.Enabled = false
		if err := tx.Rules().Put(ctx, off); err != nil {
			return err
		}
	}
	for _, r := range l.rules {
		if err := in.DeleteRule(ctx, tx, r); err != nil {
			return err
		}
	}
	for _, p := range l.policies {
		if err := in.DeletePolicy(ctx, tx, p); err != nil {
			return err
		}
	}
	return dismissCode(ctx, tx, l)
}

// dismissCode removes what rules refer to, and sensors with the place they had come to.
func dismissCode(ctx context.Context, tx *store.Tx, l leaving) error {
	for _, a := range l.actions {
		if err := tx.Actions().Delete(ctx, a.Ref()); err != nil {
			return err
		}
	}
	for _, s := range l.sensors {
		if err := tx.Sensors().Delete(ctx, s.Ref()); err != nil {
			return err
		}
		if err := tx.Cursors().Delete(ctx, s.Ref()); err != nil {
			return err
		}
	}
	for _, t := range l.types {
		if err := tx.Triggers().Delete(ctx, t.Ref()); err != nil {
			return err
		}
		if err := tx.TriggerTypes().Delete(ctx, t.Ref()); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a pack with all its content. Keys stay, and so does its configuration
// unless purge is set. Errors: NotFound, Forbidden for what comes with the server,
// Conflict for a pack in one of the server's folders, and with the rules of other packs
// that refer to it, unless force is set, which switches them off.
func (in *Installer) Remove(ctx context.Context, ref string, force, purge bool) error {
	return in.store().Update(ctx, store.Wait, func(tx *store.Tx) error {
		known, err := in.known.In(ctx, tx)
		if err != nil {
			return err
		}
		if known.packs[ref] == nil {
			return noPack(ref)
		}
		if err := in.refuse(ref); err != nil {
			return err
		}
		l := known.leaving(ref, nil)
		dependents := known.dependents(l, nil)
		if err := broken("removing "+ref, sortedNames(names(dependents, (*core.Rule).Ref)), Consent{Force: force}); err != nil {
			return err
		}
		if err := in.dismiss(ctx, tx, l, dependents); err != nil {
			return err
		}
		return forget(ctx, tx, ref, purge)
	})
}

func noPack(ref string) error { return core.Errorf(core.NotFound, "there is no pack %q", ref) }

// forget removes what is recorded of a pack itself.
func forget(ctx context.Context, tx *store.Tx, ref string, purge bool) error {
	if err := tx.Packs().Delete(ctx, ref); err != nil {
		return err
	}
	if err := tx.Installations().Delete(ctx, ref); err != nil {
		return err
	}
	if err := tx.ConfigSchemas().Delete(ctx, ref); err != nil || !purge {
		return err
	}
	return tx.PackConfigs().Delete(ctx, ref)
}

// Rollback installs the version that was installed before, with what it was granted then.
// Errors are those of [Installer.Install]; Invalid when there was no version before.
func (in *Installer) Rollback(ctx context.Context, ref string, how Consent) (*core.Pack, error) {
	i, err := in.store().Installations().Get(ctx, ref)
	switch {
	case core.KindOf(err) == core.NotFound:
		return nil, core.Errorf(core.NotFound, "the pack %q was not installed from an archive", ref)
	case err != nil:
		return nil, err
	case i.Before == nil:
		return nil, core.Errorf(core.Invalid, "%s %s is the first version that was installed here: there is none before it", ref, i.Now.Version)
	}
	how.All = true // it was accepted when that version was installed
	return in.Install(ctx, i.Before.Digest, how)
}

// Installed returns the digests of the installed packs, by ref.
func (in *Installer) Installed(ctx context.Context) (map[string]string, error) {
	known, err := in.known.Now(ctx, in.store())
	if err != nil {
		return nil, err
	}
	digests := make(map[string]string, len(known.installations))
	for ref, i := range known.installations {
		digests[ref] = i.Now.Digest
	}
	return digests, nil
}

// Record returns what the catalogue says of a pack, from memory. The error is NotFound.
func (in *Installer) Record(ctx context.Context, ref string) (*core.Pack, error) {
	known, err := in.known.Now(ctx, in.store())
	if err != nil {
		return nil, err
	}
	if p := known.packs[ref]; p != nil {
		return p, nil
	}
	return nil, noPack(ref)
}

// Digest returns the digest of an installed pack, "" for any other.
func (in *Installer) Digest(ctx context.Context, ref string) (string, error) {
	known, err := in.known.Now(ctx, in.store())
	if err != nil || known.installations[ref] == nil {
		return "", err
	}
	return known.installations[ref].Now.Digest, nil
}

// Grant returns what a pack's code is allowed. Whoever puts a pack in a folder of the
// server's grants it what it asks for. The error is NotFound.
func (in *Installer) Grant(ctx context.Context, ref string) (core.Grant, error) {
	known, err := in.known.Now(ctx, in.store())
	if err != nil {
		return core.Grant{}, err
	}
	if g := known.granted(ref); g != nil {
		return *g, nil
	}
	p := known.packs[ref]
	if p == nil {
		return core.Grant{}, noPack(ref)
	}
	return granting(p), nil
}

// unusedFor is how long what no pack needs is kept: time to look at a plan and accept it.
const unusedFor = time.Hour

// Sweep removes archives and folders that no installed pack and none before it needs.
func (in *Installer) Sweep(ctx context.Context) error {
	archives, err := in.store().Archives().All(ctx)
	if err != nil {
		return err
	}
	for _, a := range archives {
		if err := in.sweepArchive(ctx, a.Digest); err != nil {
			return err
		}
	}
	known, err := in.known.Now(ctx, in.store())
	if err != nil {
		return err
	}
	return in.Folders.Sweep(func(_, digest string) bool { return known.needs(digest) }, in.store().Now().Add(-unusedFor))
}

func (in *Installer) sweepArchive(ctx context.Context, digest string) error {
	return in.store().Update(ctx, store.Relaxed, func(tx *store.Tx) error {
		known, err := in.known.In(ctx, tx)
		if err != nil || known.needs(digest) {
			return err
		}
		a, err := tx.Archives().Get(ctx, digest)
		if core.KindOf(err) == core.NotFound {
			return nil
		}
		if err != nil || tx.Time().Sub(a.At) < unusedFor {
			return err
		}
		return tx.DropArchive(ctx, digest)
	})
}

func (c *contents) needs(digest string) bool {
	for _, i := range c.installations {
		if i.Now.Digest == digest || i.Before != nil && i.Before.Digest == digest {
			return true
		}
	}
	return false
}

func inOrder(all []string) []string {
	slices.Sort(all)
	return all
}
