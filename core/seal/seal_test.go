package seal_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/seal"
)

// aKey is a key of 32 equal bytes, as a line of a key file.
func aKey(b byte) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(b)), 32)))
}

func ring(t *testing.T, keys ...string) *seal.Ring {
	t.Helper()
	r, err := seal.Load(seal.Config{Keys: strings.Join(keys, ",")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealAndOpen(t *testing.T) {
	r := ring(t, aKey('a'))
	for _, secret := range []string{"", "wren", "über – 鍵", strings.Repeat("x", 1<<20)} {
		one, err := r.Seal(secret)
		if err != nil {
			t.Fatal(err)
		}
		two, _ := r.Seal(secret)
		if one == two {
			t.Errorf("%.20q: sealed twice, it is the same text", secret)
		}
		if len(secret) > 0 && strings.Contains(one, secret) {
			t.Errorf("%.20q stands in its sealed text", secret)
		}
		if got, err := r.Open(one); err != nil || got != secret {
			t.Errorf("%.20q: opened %.20q, %v", secret, got, err)
		}
	}
}

// sealedWren was sealed with the key of aKey('a'), and has to open for ever.
const sealedWren = "px1:379bfed3:dGwKZ_JKo726C4JbTXGyYM38_uBgf0EL0WnHVsJ7Kno"

func TestOpensWhatWasSealedBefore(t *testing.T) {
	if got, err := ring(t, aKey('a')).Open(sealedWren); err != nil || got != "wren" {
		t.Errorf("opened %q, %v", got, err)
	}
}

func TestRotation(t *testing.T) {
	old, both := ring(t, aKey('a')), ring(t, aKey('a'), aKey('b'))
	first, _ := old.Seal("wren")
	second, _ := both.Seal("robin")
	if got, err := both.Open(first); err != nil || got != "wren" {
		t.Errorf("the old key does not open any more: %q, %v", got, err)
	}
	if seal.KeyOf(first) == seal.KeyOf(second) || seal.KeyOf(second) != both.Sealer() {
		t.Errorf("the newest key %s does not seal: %s, %s", both.Sealer(), first, second)
	}
	if !both.Holds(old.Sealer()) || old.Holds(both.Sealer()) || both.Holds(seal.StackStormKey) {
		t.Error("Holds does not tell which keys a ring has")
	}
	_, err := old.Open(second)
	if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), both.Sealer()) || !strings.Contains(err.Error(), "by that of a server that has the key") {
		t.Errorf("an unknown key: %v", err)
	}
	if again := ring(t, aKey('b')); again.Sealer() != both.Sealer() {
		t.Error("the same key has two ids")
	}
}

func TestDamage(t *testing.T) {
	r := ring(t, aKey('a'))
	whole, _ := r.Seal("wren")
	for i := range len(whole) {
		for _, c := range []byte{whole[i] ^ 1, 'A', 0} {
			broken := whole[:i] + string(rune(c)) + whole[i+1:]
			if got, err := r.Open(broken); err == nil && got != "wren" {
				t.Fatalf("byte %d changed to %q: opened %q", i, c, got)
			} else if err == nil && broken != whole {
				t.Fatalf("byte %d changed to %q unseen", i, c)
			}
		}
		if _, err := r.Open(whole[:i]); core.KindOf(err) != core.Invalid {
			t.Fatalf("cut after %d bytes: %v", i, err)
		}
	}
}

// stackStorm is testdata/stackstorm.json: key files and what Python's cryptography made
// with them in StackStorm's format.
type stackStorm struct {
	Key     json.RawMessage
	Vectors []struct{ Plain, Text string }
}

func stackStorms(t testing.TB) []stackStorm {
	t.Helper()
	raw, err := os.ReadFile("testdata/stackstorm.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []stackStorm
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s stackStorm) ring(t testing.TB) *seal.Ring {
	t.Helper()
	path := filepath.Join(t.TempDir(), "datastore_key.json")
	if err := os.WriteFile(path, s.Key, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := seal.Load(seal.Config{Keys: aKey('a'), StackStorm: path})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStackStormsCiphertext(t *testing.T) {
	all := stackStorms(t)
	for i, s := range all {
		r, other := s.ring(t), all[(i+1)%len(all)].ring(t)
		for _, v := range s.Vectors {
			for _, text := range []string{v.Text, strings.ToLower(v.Text)} {
				if got, err := r.Open(text); err != nil || got != v.Plain {
					t.Errorf("%.20q: opened %.20q, %v", v.Plain, got, err)
				}
			}
			if seal.KeyOf(v.Text) != seal.StackStormKey || !r.Holds(seal.StackStormKey) {
				t.Errorf("%.20q is not seen as StackStorm's", v.Plain)
			}
			if _, err := other.Open(v.Text); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "another key") {
				t.Errorf("with another key: %v", err)
			}
			if _, err := ring(t, aKey('a')).Open(v.Text); core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), "secrets.stackstorm_key_file") {
				t.Errorf("without StackStorm's key: %v", err)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := stackStorms(f)[0]
	r := s.ring(f)
	known := map[string]string{sealedWren: "wren"}
	for _, v := range s.Vectors {
		known[v.Text] = v.Plain
	}
	for text := range known {
		f.Add(text)
	}
	f.Add("px1::")
	f.Add("px1:" + r.Sealer() + ":AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := r.Open(text)
		if err != nil {
			if core.KindOf(err) != core.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		text = strings.NewReplacer("\r", "", "\n", "").Replace(text) // base64 passes over them
		for sealed, plain := range known {
			if plain == got && (sealed == text || sealed == strings.ToUpper(text)) {
				return
			}
		}
		t.Fatalf("%q opens to %q, and nobody sealed it", text, got)
	})
}
