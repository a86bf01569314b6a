package datastore_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/seal"
	"github.com/petrelhq/petrel/core/store"
)

// world is a datastore over a real store, with a clock that the test drives.
type world struct {
	*datastore.Datastore
	t   *testing.T
	now time.Time
	log bytes.Buffer
	// told are the triggers raised and committed, with the values in their payloads.
	told []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	b, err := local.Open(filepath.Join(t.TempDir(), "s"), local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w := &world{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.Datastore = datastore.New(datastore.Config{
		Store: store.New(b, func() time.Time { return w.now }),
		Keys:  keys(t, 'a'), Emit: w.emit, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return w
}

// keys is a ring with one key for each letter.
func keys(t *testing.T, letters ...byte) *seal.Ring {
	t.Helper()
	var words []string
	for _, c := range letters {
		words = append(words, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{c}, 32)))
	}
	r, err := seal.Load(seal.Config{Keys: strings.Join(words, " ")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) emit(_ context.Context, tx *store.Tx, e core.Event) error {
	var payload map[string]datastore.View
	if err := json.Unmarshal(e.Payload, &payload); err != nil {
		return err
	}
	line := strings.TrimPrefix(e.Trigger, "core.st2.key_value_pair.")
	for _, name := range []string{"object", "old_object", "new_object"} {
		if v, ok := payload[name]; ok {
			line += " " + v.Value
		}
	}
	tx.After(func(store.Version) { w.told = append(w.told, line) })
	return nil
}

func (w *world) put(e datastore.Entry) *core.KeyValue {
	w.t.Helper()
	k, err := w.Put(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// putAll sets many keys at once.
func (w *world) putAll(entries []datastore.Entry) {
	w.t.Helper()
	err := w.Store.Update(w.t.Context(), store.Wait, func(tx *store.Tx) error {
		for _, e := range entries {
			if _, err := w.Set(w.t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// set sets a key of the system.
func (w *world) set(name, value string) *core.KeyValue {
	w.t.Helper()
	return w.put(datastore.Entry{Name: datastore.System(name), Value: value})
}

// names lists a scope.
func (w *world) names(q datastore.Query) string {
	w.t.Helper()
	ks, err := w.List(w.t.Context(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, k := range ks {
		names = append(names, k.Name)
	}
	return strings.Join(names, " ")
}

func (w *world) isMissing(n datastore.Name) {
	w.t.Helper()
	if k, err := w.Get(w.t.Context(), n); core.KindOf(err) != core.NotFound {
		w.t.Errorf("%v is there: %v, %v", n, k, err)
	}
}

func TestScopesDoNotMeet(t *testing.T) {
	w := newWorld(t)
	entries := []datastore.Entry{
		{Name: datastore.System("bird"), Value: "everybody's"},
		{Name: datastore.User("ada", "bird"), Value: "ada's"},
		{Name: datastore.User("ada:b", "ird"), Value: "the one with a colon's"},
		{Name: datastore.User("ada", "b:ird"), Value: "ada's with a colon"},
		{Name: datastore.User("ad%3Aa", "bird"), Value: "the one with a percent's"},
		{Name: datastore.System("ada:bird"), Value: "not ada's"},
	}
	for _, e := range entries {
		w.put(e)
	}
	for _, e := range entries {
		k, err := w.Get(t.Context(), e.Name)
		if err != nil || k.Value != e.Value {
			t.Errorf("%v: %v, %v", e.Name, k, err)
		}
	}
	for _, c := range []struct {
		q    datastore.Query
		want string
	}{
		{datastore.Query{Scope: core.SystemScope}, "ada:bird bird"},
		{datastore.Query{Scope: core.UserScope, User: "ada"}, "b:ird bird"},
		{datastore.Query{Scope: core.UserScope, User: "ada:b"}, "ird"},
		{datastore.Query{Scope: core.UserScope, User: "nobody"}, ""},
		{datastore.Query{Scope: core.UserScope}, ""},
	} {
		if got := w.names(c.q); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.q, got, c.want)
		}
	}
	if err := w.Remove(t.Context(), datastore.System("bird")); err != nil {
		t.Fatal(err)
	}
	w.isMissing(datastore.System("bird"))
	err := w.Remove(t.Context(), datastore.User("ada", "owl"))
	if core.KindOf(err) != core.NotFound || err.Error() != `The key "ada:owl" does not exist in the StackStorm datastore.` {
		t.Errorf("removing what is not there: %v", err)
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	entries := []datastore.Entry{{Name: datastore.System("other")}}
	for i := range 600 { // more than are read at once
		e := datastore.Entry{Name: datastore.System(fmt.Sprintf("k%03d", i))}
		if i%3 == 1 {
			e.TTL = time.Second
		}
		entries = append(entries, e)
	}
	w.putAll(entries)
	w.now = w.now.Add(time.Minute)
	q := datastore.Query{Scope: core.SystemScope, Prefix: "k"}
	if got := len(strings.Fields(w.names(q))); got != 400 {
		t.Errorf("%d keys, want 400", got)
	}
	q.Offset, q.Limit = 398, 5
	if got := w.names(q); got != "k597 k599" {
		t.Errorf("the last page: %s", got)
	}
	q.Offset, q.Reverse, q.Limit = 1, true, 2
	if got := w.names(q); got != "k597 k596" {
		t.Errorf("backwards: %s", got)
	}
	q = datastore.Query{Scope: core.SystemScope, Keep: func(k *core.KeyValue) bool { return strings.HasSuffix(k.Name, "00") }}
	if got := w.names(q); got != "k000 k200 k300 k500" {
		t.Errorf("chosen: %s", got)
	}
}

func TestTimeToLive(t *testing.T) {
	w := newWorld(t)
	n := datastore.System("bird")
	first := w.put(datastore.Entry{Name: n, Value: "wren", TTL: 10 * time.Second})
	w.now = w.now.Add(10*time.Second - time.Microsecond)
	if k, err := w.Get(t.Context(), n); err != nil || k.Value != "wren" {
		t.Fatalf("before its time: %v, %v", k, err)
	}
	w.now = w.now.Add(time.Microsecond)
	w.isMissing(n)
	if got := w.names(datastore.Query{Scope: core.SystemScope}); got != "" {
		t.Errorf("listed after its time: %s", got)
	}
	if err := w.Remove(t.Context(), n); core.KindOf(err) != core.NotFound {
		t.Errorf("removed after its time: %v", err)
	}

	again := w.put(datastore.Entry{Name: n, Value: "robin", TTL: 10 * time.Second})
	if again.ID == first.ID {
		t.Error("a key set after its time is the same as before")
	}
	if k := w.set("bird", "owl"); k.Expires != 0 || k.ID != again.ID {
		t.Errorf("set without ttl: %+v", k)
	}
	want := []string{"create wren", "create robin", "update owl", "value_change robin owl"}
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Error(diff)
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	entries := []datastore.Entry{{Name: datastore.System("ever")}, {Name: datastore.System("long"), TTL: time.Hour}}
	for i := range 250 { // more than go in one Apply
		entries = append(entries, datastore.Entry{Name: datastore.System(fmt.Sprint("short", i)), TTL: time.Second})
	}
	w.putAll(entries)
	w.now, w.told = w.now.Add(time.Minute), nil
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := w.Store.KeyValues().All(t.Context())
	if err != nil || len(left) != 2 {
		t.Errorf("%d records left, want 2 (%v)", len(left), err)
	}
	if len(w.told) > 0 {
		t.Errorf("sweeping raised %v", w.told)
	}
}

func TestSecrets(t *testing.T) {
	w := newWorld(t)
	n := datastore.User("ada", "password")
	k := w.put(datastore.Entry{Name: n, Value: "wren and robin", Secret: true})
	stored, err := w.Store.KeyValues().All(t.Context())
	if err != nil || strings.Contains(fmt.Sprint(*stored[0]), "wren") {
		t.Fatalf("stored in clear: %v, %v", stored[0], err)
	}
	if plain, err := w.Reveal(k); err != nil || plain != "wren and robin" {
		t.Errorf("revealed %q, %v", plain, err)
	}
	if v := datastore.ViewOf(k); !v.Secret || !v.Encrypted || v.Value != k.Value {
		t.Errorf("shown as %+v", v)
	}
	for _, line := range w.told {
		if strings.Contains(line, "wren") {
			t.Errorf("told in clear: %s", line)
		}
	}

	copied := w.put(datastore.Entry{Name: datastore.System("copy"), Value: k.Value, Encrypted: true})
	if plain, err := w.Reveal(copied); err != nil || plain != "wren and robin" || !copied.Secret || copied.Value != k.Value {
		t.Errorf("a sealed value, set as it is: %+v, %q, %v", copied, plain, err)
	}
	_, err = w.Put(t.Context(), datastore.Entry{Name: n, Value: "plain", Encrypted: true})
	if core.KindOf(err) != core.Invalid || !strings.HasPrefix(err.Error(), `Failed to verify the integrity of the provided value for key "password".`) {
		t.Errorf("a value that is not sealed: %v", err)
	}

	w.told = nil
	w.put(datastore.Entry{Name: n, Value: "wren and robin", Secret: true})
	if len(w.told) != 1 {
		t.Errorf("the same secret again: %v", w.told)
	}
	w.told = nil
	w.put(datastore.Entry{Name: n, Value: "owl", Secret: true})
	if len(w.told) != 2 || !strings.HasPrefix(w.told[1], "value_change px1:") {
		t.Errorf("another secret: %v", w.told)
	}
}

func TestTriggersComeWithTheKeyOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	w.set("bird", "wren")
	w.set("bird", "wren")
	w.set("bird", "robin")
	failed := errors.New("no")
	err := w.Store.Update(t.Context(), store.Wait, func(tx *store.Tx) error {
		_, err := w.Set(t.Context(), tx, datastore.Entry{Name: datastore.System("bird"), Value: "owl"})
		return errors.Join(err, failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if err := w.Remove(t.Context(), datastore.System("bird")); err != nil {
		t.Fatal(err)
	}
	want := []string{"create wren", "update wren", "update robin", "value_change wren robin", "delete robin"}
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Error(diff)
	}
}

func TestNamesThatNoKeyCanHave(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		e    datastore.Entry
		want string
	}{
		{datastore.Entry{Name: datastore.System("")}, "name: a key needs a name"},
		{datastore.Entry{Name: datastore.System("a\x00b")}, "zero byte"},
		{datastore.Entry{Name: datastore.System("\xff")}, "not UTF-8"},
		{datastore.Entry{Name: datastore.System(strings.Repeat("x", 1025))}, "has 1025 bytes, the most is 1024"},
		{datastore.Entry{Name: datastore.User("", "a")}, "needs a user"},
		{datastore.Entry{Name: datastore.Name{Scope: datastore.FullScope("pack"), Name: "a"}}, "Scope st2kv.pack is not in allowed scopes list"},
		{datastore.Entry{Name: datastore.System("a"), TTL: -time.Second}, "ttl: -1s"},
	} {
		if _, err := w.Put(t.Context(), c.e); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.e, err, c.want)
		}
	}
	for short, want := range map[string]core.Scope{"system": core.SystemScope, "st2kv.user": core.UserScope} {
		if got := datastore.FullScope(short); got != want {
			t.Errorf("%s is %s", short, got)
		}
	}
}

func TestServersThatCannotOpenEachOthersSecrets(t *testing.T) {
	w := newWorld(t)
	check := func(r *seal.Ring, acceptLost bool) error {
		w.Keys, w.AcceptLost = r, acceptLost
		return w.CheckKeys(t.Context())
	}
	if err := check(keys(t, 'a'), false); err != nil {
		t.Fatal(err)
	}
	if got := w.names(datastore.Query{Scope: core.SystemScope}); got != "" {
		t.Errorf("the check shows: %s", got)
	}
	err := check(keys(t, 'b'), false)
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), keys(t, 'a').Sealer()) {
		t.Errorf("another key: %v", err)
	}

	// Rotation: both keys, then the new one alone once nothing needs the old.
	w.Keys = keys(t, 'a')
	old := w.put(datastore.Entry{Name: datastore.System("old"), Value: "wren", Secret: true})
	if err := check(keys(t, 'a', 'b'), false); err != nil {
		t.Fatal(err)
	}
	if plain, err := w.Reveal(old); err != nil || plain != "wren" {
		t.Errorf("after rotation: %q, %v", plain, err)
	}
	if err := check(keys(t, 'a'), false); err == nil {
		t.Error("a server that missed the rotation may start")
	}
	if err := check(keys(t, 'b'), false); err != nil {
		t.Errorf("without the old key: %v", err)
	}
	if got := w.log.String(); !strings.Contains(got, "key="+keys(t, 'a').Sealer()) || !strings.Contains(got, "secrets=1") {
		t.Errorf("no warning of the secrets that stay closed: %s", got)
	}
	if _, err := w.Reveal(old); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), `key "old" cannot be decrypted`) {
		t.Errorf("a secret that stays closed: %v", err)
	}
	if err := check(keys(t, 'c'), true); err != nil {
		t.Errorf("loss accepted: %v", err)
	}
	if err := check(keys(t, 'c'), false); err != nil {
		t.Errorf("after the loss was accepted: %v", err)
	}
	if got := w.names(datastore.Query{Scope: core.SystemScope}); got != "old" {
		t.Errorf("listed: %s", got)
	}
}
