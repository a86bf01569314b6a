package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/datastore"
)

// allScopes asks for the keys of the system and the caller's own.
const allScopes core.Scope = "st2kv.all"

func writeKey(b []byte, v datastore.View) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(b, raw...), err
}

// keyScope returns the scope asked for, the system's when there is none.
func (c *call) keyScope() core.Scope {
	if s := c.text("scope"); s != "" {
		return datastore.FullScope(s)
	}
	return core.SystemScope
}

// keyUser returns whose keys in the user scope are meant: the caller's.
// st2: rest-api reference, no-RBAC install.
func (c *call) keyUser(named string) (string, error) {
	if named != "" && named != c.who.User {
		return "", core.Errorf(core.Forbidden, "\"user\" attribute can only be provided by admins when RBAC is enabled")
	}
	return c.who.User, nil
}

// keyName names the key of the path.
func (c *call) keyName(scope core.Scope, user string) datastore.Name {
	n := datastore.Name{Scope: scope, Name: c.Params("*")}
	if scope == core.UserScope {
		n.User = user
	}
	return n
}

// askedKey names the key that path and query ask for.
func (c *call) askedKey() (datastore.Name, error) {
	user, err := c.keyUser(c.text("user"))
	return c.keyName(c.keyScope(), user), err
}

// keyView is a key as the caller wants to see it, secrets opened or not.
func (c *call) keyView(k *core.KeyValue, decrypt bool) (v datastore.View, err error) {
	v = datastore.ViewOf(k)
	if decrypt {
		v.Value, err = c.s.Datastore.Reveal(k)
		v.Encrypted = false
	}
	return v, err
}

func (c *call) getKey() error {
	n, err := c.askedKey()
	if err != nil {
		return err
	}
	decrypt, _, err := c.flag("decrypt")
	if err != nil {
		return err
	}
	k, err := c.s.Datastore.Get(c.ctx(), n)
	if err != nil {
		return err
	}
	if err := c.may(k.UID()); err != nil {
		return err
	}
	v, err := c.keyView(k, decrypt)
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, v, writeKey)
}

// keyQueries are the questions to the datastore that a list asks: one for each scope.
func (c *call) keyQueries() ([]datastore.Query, error) {
	p, err := c.paging(100)
	if err != nil {
		return nil, err
	}
	ids, err := c.ids()
	if err != nil {
		return nil, err
	}
	user, err := c.keyUser(c.text("user"))
	if err != nil {
		return nil, err
	}
	name := c.text("name")
	q := datastore.Query{
		Scope: c.keyScope(), Prefix: c.text("prefix"), Reverse: strings.HasPrefix(c.text("sort"), "-"),
		Offset: p.offset, Limit: p.limit,
		Keep: func(k *core.KeyValue) bool {
			return (name == "" || k.Name == name) && (len(ids) == 0 || slices.Contains(ids, k.ID))
		},
	}
	if q.Limit == 0 || q.Limit > maxRecords {
		q.Limit = maxRecords + 1
	}
	own := q
	q.Scope, own.Scope, own.User = core.SystemScope, core.UserScope, user
	switch c.keyScope() {
	case allScopes:
		return []datastore.Query{q, own}, nil
	case core.SystemScope:
		return []datastore.Query{q}, nil
	case core.UserScope:
		return []datastore.Query{own}, nil
	}
	return nil, core.FieldErrorf("scope", "Invalid scope: %s", c.keyScope())
}

// listKeys answers without count headers. st2: rest-api reference, common conventions.
func (c *call) listKeys() error {
	queries, err := c.keyQueries()
	if err != nil {
		return err
	}
	decrypt, _, err := c.flag("decrypt")
	if err != nil {
		return err
	}
	if decrypt && queries[0].Scope == core.SystemScope && !c.s.Auth.Admin(c.who) {
		return core.Errorf(core.Forbidden, "Decrypt option requires administrator access")
	}
	var found []*core.KeyValue
	for _, q := range queries {
		ks, err := c.s.Datastore.List(c.ctx(), q)
		if err != nil {
			return err
		}
		if len(ks) > maxRecords {
			return tooManyRecords()
		}
		found = append(found, ks...)
	}
	return sendAll(c, found, func(b []byte, k *core.KeyValue) ([]byte, error) {
		v, err := c.keyView(k, decrypt)
		if core.KindOf(err) == core.Invalid {
			v, err = datastore.ViewOf(k), nil // st2 differs: one that stays closed does not hide the others
		}
		if err != nil {
			return nil, err
		}
		return writeKey(b, v)
	})
}

type keyBodyView struct {
	Value       string `json:"value"`
	Description string `json:"description"`
	Secret      bool   `json:"secret"`
	Encrypted   bool   `json:"encrypted"`
	Scope       string `json:"scope"`
	User        string `json:"user"`
	TTL         int64  `json:"ttl"` // s
}

// maxTTL is a hundred years, in seconds.
const maxTTL = 100 * 365 * 24 * 3600

// putKey sets a key. A scope in the body counts more than one in the query.
func (c *call) putKey() error {
	var body keyBodyView
	if err := c.object(c.s.bodies.key, &body); err != nil {
		return err
	}
	if body.Encrypted && !c.s.Auth.Admin(c.who) {
		return core.Errorf(core.Forbidden, "Only administrators may set a value that is encrypted already")
	}
	if body.TTL > maxTTL {
		return core.FieldErrorf("ttl", "ttl: %d seconds is more than a hundred years; leave it out to keep the key for ever", body.TTL)
	}
	scope := c.keyScope()
	if body.Scope != "" {
		scope = datastore.FullScope(body.Scope)
	}
	if body.User == "" {
		body.User = c.text("user")
	}
	user, err := c.keyUser(body.User)
	if err != nil {
		return err
	}
	n := c.keyName(scope, user)
	if err := c.may((&core.KeyValue{Scope: n.Scope, User: n.User, Name: n.Name}).UID()); err != nil {
		return err
	}
	k, err := c.s.Datastore.Put(c.ctx(), datastore.Entry{
		Name: n, Value: body.Value, Description: body.Description, Secret: body.Secret, Encrypted: body.Encrypted,
		TTL: time.Duration(body.TTL) * time.Second,
	})
	if err != nil {
		return err
	}
	return sendOne(c, fiber.StatusOK, datastore.ViewOf(k), writeKey)
}

func (c *call) deleteKey() error {
	n, err := c.askedKey()
	if err != nil {
		return err
	}
	if err := c.may((&core.KeyValue{Scope: n.Scope, User: n.User, Name: n.Name}).UID()); err != nil {
		return err
	}
	if err := c.s.Datastore.Remove(c.ctx(), n); err != nil {
		return err
	}
	return c.empty(fiber.StatusNoContent)
}
