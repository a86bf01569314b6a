package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"

	"github.com/petrelhq/petrel/core/datastore"
	"github.com/petrelhq/petrel/core/seal"
)

// sealKeysVariable may hold the keys, instead of a file.
const sealKeysVariable = "PETREL_SEAL_KEYS"

// sealKeyName is what the key file in the data directory is called.
const sealKeyName = "seal.key"

// openKeys reads the keys. Only the key file in the data directory is made when there is
// none: one that somebody named is one that other servers have too.
func openKeys(data string, c SecretsConfig) (*seal.Ring, error) {
	keys := os.Getenv(sealKeysVariable)
	os.Unsetenv(sealKeysVariable) // actions inherit the environment
	return seal.Load(seal.Config{
		File: cmp.Or(c.KeyFile, filepath.Join(data, sealKeyName)), Make: c.KeyFile == "",
		Keys: keys, StackStorm: c.StackStorm,
	})
}

// openKeyValues makes a datastore, and makes sure that its keys open what other servers
// of the same store seal.
func openKeyValues(ctx context.Context, c datastore.Config) (keyValues, error) {
	kv := keyValues{datastore.New(c)}
	return kv, kv.CheckKeys(ctx)
}
