package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/newfile"
)

// Config says where keys come from.
type Config struct {
	// File holds the keys, one a line: 32 bytes in base64, the newest last. Empty lines
	// and those that begin with # are ignored. It is for its owner alone.
	File string
	// Make makes File with one key when there is none.
	Make bool
	// Keys, when not empty, are what counts instead of File: keys as in the file, with
	// spaces or commas between them.
	Keys string
	// StackStorm is the path of StackStorm's key file; "" for none.
	StackStorm string
}

// Load returns the ring of a Config. Errors are Invalid and say what to do.
func Load(c Config) (*Ring, error) {
	r := &Ring{from: c.File}
	var err error
	if c.Keys != "" {
		r.from = "the environment variable with the keys"
		r.keys, err = parseKeys(strings.ReplaceAll(c.Keys, ",", " "), r.from)
	} else {
		r.keys, err = readKeys(c)
	}
	if err != nil {
		return nil, err
	}
	if c.StackStorm != "" {
		r.theirs, err = readStackStormKey(c.StackStorm)
	}
	return r, err
}

// readKeys reads the key file, making it first when that is allowed.
func readKeys(c Config) ([]*key, error) {
	raw, err := readPrivate(c.File)
	if errors.Is(err, fs.ErrNotExist) && c.Make {
		if err := makeFile(c.File); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
		raw, err = readPrivate(c.File)
	}
	if err != nil {
		return nil, core.Errorf(core.Invalid, "key file: %w", err)
	}
	return parseKeys(string(raw), c.File)
}

// parseKeys reads keys, of which there must be one at least.
func parseKeys(text, from string) ([]*key, error) {
	var keys []*key
	for n, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			raw, err := decodeKey(word)
			if err != nil {
				return nil, core.Errorf(core.Invalid, "%s, line %d: %w", from, n+1, err)
			}
			k, err := newKey(raw)
			if err != nil {
				return nil, err
			}
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, core.Errorf(core.Invalid, "%s holds no key: put one in with \"openssl rand -base64 32\"", from)
	}
	return keys, nil
}

// decodeKey reads base64 in either alphabet, padded or not. What it says of a bad key
// does not show the key.
func decodeKey(word string) ([]byte, error) {
	word = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(word, "="))
	raw, err := base64.RawURLEncoding.DecodeString(word)
	if err != nil {
		return nil, errors.New("a key is 32 bytes in base64, as \"openssl rand -base64 32\" prints; this is no base64")
	}
	if len(raw) != keySize {
		return nil, fmt.Errorf("a key is 32 bytes in base64, as \"openssl rand -base64 32\" prints; this has %d bytes", len(raw))
	}
	return raw, nil
}

const fileHead = `# Petrel seals secrets with the last of these keys and opens them with any. Without them
# the secrets in the store are lost: keep a copy. All servers of one store need the same
# file. To replace a key, add a line with a new one: openssl rand -base64 32
`

// makeFile makes a key file. Of two servers that do so at once one wins, and both read its.
func makeFile(path string) error {
	raw := make([]byte, keySize)
	rand.Read(raw) // crypto/rand.Read never returns an error
	err := newfile.Make(path, []byte(fileHead+base64.StdEncoding.EncodeToString(raw)+"\n"))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// CheckPrivate says that a key file is open to others than its owner, and how to close
// it. The error is Invalid; that of a missing file is fs.ErrNotExist.
func CheckPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return core.Errorf(core.Invalid, "%s can be read or changed by others (mode %04o): run chmod 600 %s", path, mode, path)
	}
	return nil
}

func readPrivate(path string) ([]byte, error) {
	if err := CheckPrivate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func readStackStormKey(path string) (*stackstormKey, error) {
	raw, err := readPrivate(path)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "secrets.stackstorm_key_file: %w", err)
	}
	k, err := parseStackStormKey(raw)
	if err != nil {
		return nil, core.Errorf(core.Invalid, "secrets.stackstorm_key_file: %s: %w", path, err)
	}
	return k, nil
}
