package redis_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

const chunkSize = 256 << 10

// maxReply is what one answer may be: a little more than the room scripts are given, for
// the entry that no longer fitted.
const maxReply = 1<<20 + 2*chunkSize

// TestBigScansComeInPages: all of a collection of large values, forwards and backwards,
// and no answer is long.
func TestBigScansComeInPages(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := redistest.Between(t, server, 0)
	s := open(t, proxy.URL(), redis.Options{})
	var want []string
	for i := range 30 {
		key := fmt.Sprintf("chunk/%02d", i)
		want = append(want, key)
		must(t, s, backend.Put(key, bytes.Repeat([]byte{byte(i)}, chunkSize)), backend.Append("log", bytes.Repeat([]byte{byte(i)}, chunkSize/4)))
	}
	for _, r := range []backend.Range{
		{Collection: "chunk"}, {Collection: "chunk", Reverse: true}, {Collection: "chunk", KeysOnly: true}, {Collection: "chunk", Limit: 17},
		{Collection: "chunk", From: "03", To: "28", Reverse: true},
	} {
		es, err := s.Scan(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := keysOf(es), wanted(want, r); !slices.Equal(got, want) {
			t.Errorf("Scan(%+v): %v, want %v", r, got, want)
		}
		for _, e := range es {
			if r.KeysOnly != (len(e.Value) == 0) || !r.KeysOnly && (len(e.Value) != chunkSize || fmt.Sprintf("chunk/%02d", e.Value[0]) != e.Key) {
				t.Errorf("Scan(%+v): %s has %d bytes", r, e.Key, len(e.Value))
			}
		}
	}
	for _, r := range []backend.Range{{Collection: "log"}, {Collection: "log", Reverse: true}} {
		es, err := s.Scan(t.Context(), r)
		if err != nil || len(es) != len(want) || es[0].Value[0] == es[29].Value[0] {
			t.Errorf("Scan(%+v): %d entries, %v", r, len(es), err)
		}
	}
	if n := proxy.Longest(); n > maxReply {
		t.Errorf("an answer had %d bytes", n)
	}
}

func keysOf(es []backend.Entry) []string {
	var keys []string
	for _, e := range es {
		keys = append(keys, e.Key)
	}
	return keys
}

// wanted is what a range selects of the sorted keys of collection chunk.
func wanted(keys []string, r backend.Range) []string {
	var out []string
	for _, k := range keys {
		if rest := k[len("chunk/"):]; rest >= r.From && (r.To == "" || rest < r.To) && (r.Limit == 0 || len(out) < r.Limit) {
			out = append(out, k)
		}
	}
	if r.Reverse {
		slices.Reverse(out)
	}
	return out
}

// TestBigGetsShowOneMoment: values that do not fit into one answer are read with several,
// while a writer changes all of them at once.
func TestBigGetsShowOneMoment(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	proxy := redistest.Between(t, server, 0)
	reader, writer := open(t, proxy.URL(), redis.Options{}), open(t, server.URL(), redis.Options{})
	keys := make([]string, 12)
	for i := range keys {
		keys[i] = fmt.Sprintf("c/%d", i)
	}
	rewrite := func(b byte) {
		var ops []backend.Op
		for _, k := range keys {
			ops = append(ops, backend.Put(k, bytes.Repeat([]byte{b}, chunkSize)))
		}
		if _, err := writer.Apply(t.Context(), backend.Wait, ops...); err != nil {
			t.Error(err)
		}
	}
	rewrite(0)
	read := func() {
		es, err := reader.Get(t.Context(), keys...)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			if e.Version != es[0].Version || len(e.Value) != chunkSize || e.Value[0] != es[0].Value[0] {
				t.Fatalf("%s is of version %d with %d bytes, the first of %d", e.Key, e.Version, len(e.Value), es[0].Version)
			}
		}
	}
	read()
	if n := proxy.Longest(); n > maxReply {
		t.Errorf("an answer had %d bytes", n)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for i := range byte(20) {
			rewrite(i)
		}
	})
	for range 10 {
		read()
	}
}

// TestManyKeys scans more entries than a page has, and trims them.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, server.URL(), redis.Options{})
	const n = 2500
	var want []string
	for i := 0; i < n; {
		var ops []backend.Op
		for range 100 {
			key := fmt.Sprintf("index/value\x00%04d", i)
			want = append(want, key)
			ops = append(ops, backend.Put(key, nil), backend.Append("log", []byte(key)))
			i++
		}
		must(t, s, ops...)
	}
	es, err := s.Scan(t.Context(), backend.Range{Collection: "index", KeysOnly: true, From: "value\x00", To: "value\x01"})
	if err != nil || !slices.Equal(keysOf(es), want) {
		t.Errorf("%d keys, %v", len(es), err)
	}
	slices.Reverse(want)
	es, err = s.Scan(t.Context(), backend.Range{Collection: "index", Reverse: true})
	if err != nil || !slices.Equal(keysOf(es), want) {
		t.Errorf("backwards: %d keys, %v", len(es), err)
	}
	es, err = s.Scan(t.Context(), backend.Range{Collection: "log"})
	if err != nil || len(es) != n {
		t.Fatalf("%d entries, %v", len(es), err)
	}
	must(t, s, backend.Trim("log", es[n-11].Version))
	if es, err = s.Scan(t.Context(), backend.Range{Collection: "log"}); err != nil || len(es) != 10 {
		t.Errorf("%d entries after a Trim, %v", len(es), err)
	}
}
