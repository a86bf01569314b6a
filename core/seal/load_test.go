package seal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/seal"
)

func TestFirstStartMakesAKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	first, err := seal.Load(seal.Config{File: path, Make: true})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info.Mode(), err)
	}
	second, err := seal.Load(seal.Config{File: path, Make: true})
	if err != nil || second.Sealer() != first.Sealer() {
		t.Errorf("the second start has another key: %v", err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := seal.Load(seal.Config{File: path + ".other"}); core.KindOf(err) != core.Invalid {
		t.Errorf("a file that is not to be made: %v", err)
	}
}

func TestAddingALineRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seal.key")
	old, err := seal.Load(seal.Config{File: path, Make: true})
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := old.Seal("wren")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(aKey('b') + "\n"); err != nil {
		t.Fatal(err)
	}
	r, err := seal.Load(seal.Config{File: path})
	if err != nil || r.Sealer() != ring(t, aKey('b')).Sealer() {
		t.Fatalf("the last line does not seal: %v", err)
	}
	if got, err := r.Open(sealed); err != nil || got != "wren" {
		t.Errorf("the first line does not open: %q, %v", got, err)
	}
}

func TestRefusedKeyFiles(t *testing.T) {
	whole := `{"aesKeyString":"eHh4eHh4eHh4eHh4eHh4eA","hmacKey":{"hmacKeyString":"eHh4","size":24},"mode":"CBC","size":128}`
	for name, c := range map[string]struct {
		text       string
		mode       os.FileMode
		stackStorm bool
		want       string
	}{
		"readable by others": {aKey('a'), 0o644, false, "run chmod 600"},
		"readable by group":  {aKey('a'), 0o640, false, "run chmod 600"},
		"empty":              {"# nothing\n\n", 0o600, false, "holds no key"},
		"short":              {"# one\nYWJj\n", 0o600, false, "line 2: a key is 32 bytes in base64, as \"openssl rand -base64 32\" prints; this has 3 bytes"},
		"not base64":         {"???", 0o600, false, "line 1: a key is 32 bytes"},

		"theirs, readable by others": {whole, 0o644, true, "run chmod 600"},
		"theirs, not JSON":           {"x", 0o600, true, "it is not JSON"},
		"theirs, another mode":       {strings.Replace(whole, "CBC", "GCM", 1), 0o600, true, "mode is \"GCM\""},
		"theirs, no HMAC":            {strings.Replace(whole, "hmacKeyString", "x", 1), 0o600, true, "hmacKey.hmacKeyString"},
		"theirs, a short key":        {strings.Replace(whole, "eHh4eHh4eHh4eHh4eHh4eA", "eHh4", 1), 0o600, true, "aesKeyString: crypto/aes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			cfg := seal.Config{File: path}
			if c.stackStorm {
				cfg = seal.Config{Keys: aKey('a'), StackStorm: path}
			}
			_, err := seal.Load(cfg)
			if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if c.text != "x" && err != nil && strings.Contains(err.Error(), strings.TrimSpace(c.text)) {
				t.Errorf("the message shows the key: %v", err)
			}
		})
	}
}
