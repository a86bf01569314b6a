package core

// KeyValue is a value people and actions keep under a name, for everybody or for one
// user. st2: metadata reference, datastore keys.
type KeyValue struct {
	ID          string `json:"id"`
	Scope       Scope  `json:"scope"`
	User        string `json:"user,omitempty"` // whose key it is; only in UserScope
	Name        string `json:"name"`
	Value       string `json:"value"` // of a secret: sealed
	Secret      bool   `json:"secret,omitempty"`
	Sealer      string `json:"sealer,omitempty"` // id of the key that a secret is sealed with
	Description string `json:"description,omitempty"`
	Expires     Time   `json:"expires,omitempty"` // from then on there is no such key
}

// Scope says whose a key is.
type Scope string

// The scopes of keys, as the API names them.
const (
	SystemScope Scope = "st2kv.system"
	UserScope   Scope = "st2kv.user"
)

// UID returns the key's identity among everything there is.
func (k *KeyValue) UID() string { return "key_value_pair:" + string(k.Scope) + ":" + k.FullName() }

// FullName is the name that tells the key from all of its scope: with its user in front
// of it where there is one.
func (k *KeyValue) FullName() string {
	if k.Scope == UserScope {
		return k.User + ":" + k.Name
	}
	return k.Name
}

// Over reports whether the key's time is over at t.
func (k *KeyValue) Over(t Time) bool { return k.Expires != 0 && k.Expires <= t }
