package redis

import (
	"encoding/binary"
	"sort"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core/backend"
)

// maxVersion is the largest number that Lua keeps exactly.
const maxVersion = 1<<53 - 1

// nameEnd follows a name in a collection's sorted set, see documents.lua.
const nameEnd = "\x00\x00"

// escape writes the rest of a key as a name: no two zero bytes follow each other, and
// with nameEnd behind them names sort as the rests do.
func escape(rest string) string { return strings.ReplaceAll(rest, "\x00", "\x00\x01") }

func unescape(name string) string { return strings.ReplaceAll(name, "\x00\x01", "\x00") }

// split takes a document's key apart into collection and name.
func split(key string) (collection, name string) {
	c, rest, _ := strings.Cut(key, "/")
	return c, escape(rest)
}

// versionBytes is how many bytes a version takes in front of a stored value.
const versionBytes = 7

// cutVersion takes a stored value apart.
func cutVersion(stored string) (backend.Version, string) {
	var b [8]byte
	if len(stored) < versionBytes {
		return 0, ""
	}
	copy(b[1:], stored[:versionBytes])
	return backend.Version(binary.BigEndian.Uint64(b[:])), stored[versionBytes:]
}

const hexDigits = 16

// logRest is the rest of a log entry's key: 16 hex digits, so bytes sort as numbers do.
func logRest(v uint64) string {
	h := strconv.FormatUint(v, 16)
	return "0000000000000000"[:hexDigits-len(h)] + h
}

// entryVersion returns the version in the name of a log's entry, as decimal text; "" if
// the name is none.
func entryVersion(name string) string {
	if len(name) != hexDigits {
		return ""
	}
	v, err := strconv.ParseUint(name, 16, 64)
	if err != nil || v > maxVersion || logRest(v) != name {
		return ""
	}
	return strconv.FormatUint(v, 10)
}

// firstEntry returns the smallest version whose log key rest satisfies f, which holds for
// all above it.
func firstEntry(f func(rest string) bool) int {
	return sort.Search(maxVersion, func(v int) bool { return f(logRest(uint64(v))) })
}
