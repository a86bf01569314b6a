package sdktest

import (
	"slices"
	"strings"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
)

// A kept value of the datastore.
type kept struct {
	value  string
	until  time.Time // zero: for ever
	secret bool
}

// keep reads or changes the datastore.
func (h *Host) keep(k wire.KV) wire.Reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire()
	switch k.Do {
	case "get":
		v, found := h.keys[k.Key]
		return answer(wire.KVReply{Found: found, Value: v.value})
	case "set":
		v := kept{value: k.Value, secret: k.Secret}
		if k.TTL > 0 {
			v.until = h.now.Add(time.Duration(k.TTL) * time.Second)
		}
		h.keys[k.Key] = v
		return answer(wire.KVReply{})
	case "delete":
		_, found := h.keys[k.Key]
		delete(h.keys, k.Key)
		return answer(wire.KVReply{Found: found})
	case "list":
		return answer(wire.KVReply{Keys: h.list(k.Key)})
	}
	return refuse(wire.Invalid, "the datastore does not know %q", k.Do)
}

// expire forgets what has had its time.
func (h *Host) expire() {
	for key, v := range h.keys {
		if !v.until.IsZero() && !v.until.After(h.now) {
			delete(h.keys, key)
		}
	}
}

func (h *Host) list(prefix string) []string {
	var keys []string
	for key := range h.keys {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Key returns a value of the datastore, and whether it is there.
func (h *Host) Key(name string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire()
	v, ok := h.keys[name]
	return v.value, ok
}

// Encrypted tells whether a value was stored as a secret.
func (h *Host) Encrypted(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys[name].secret
}
