package bzip2_test

import (
	"bytes"
	stdbzip2 "compress/bzip2"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/plugins/bzip2"
)

func roundTrip(t *testing.T, data []byte) []byte {
	t.Helper()
	packed := bzip2.Compress(data)
	back, err := io.ReadAll(stdbzip2.NewReader(bytes.NewReader(packed)))
	if err != nil || !bytes.Equal(back, data) {
		t.Fatalf("%d bytes %.40q come back as %d: %v", len(data), data, len(back), err)
	}
	return packed
}

func TestRoundTrips(t *testing.T) {
	noise := make([]byte, 120_000) // more than a block
	source := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(source.Uint32())
	}
	var skewed []byte // counts like Fibonacci's numbers make the longest codes
	for i, a, b := 0, 1, 1; i < 20; i, a, b = i+1, b, a+b {
		skewed = append(skewed, bytes.Repeat([]byte{byte(i)}, a)...)
	}
	source.Shuffle(len(skewed), func(i, j int) { skewed[i], skewed[j] = skewed[j], skewed[i] })
	for _, data := range [][]byte{
		nil, {0}, []byte("wren"), []byte("abababab"), noise, skewed,
		bytes.Repeat([]byte{7}, 300_000), bytes.Repeat([]byte("ab"), 10_000),
	} {
		roundTrip(t, data)
	}
	for n := range 300 { // around where runs are folded
		roundTrip(t, bytes.Repeat([]byte{'x'}, n))
	}
}

func TestCompresses(t *testing.T) {
	text := []byte(strings.Repeat(`{"name": "wren", "song": true}, `, 1000))
	if n := len(roundTrip(t, text)); n > len(text)/20 {
		t.Errorf("%d bytes of text are %d", len(text), n)
	}
}

// TestStaysTheSame pins the file of one text; Python's bz2 reads it back.
func TestStaysTheSame(t *testing.T) {
	const want = "425a6831314159265359208ac73500000911804004362590802000228c9ea3d4fd285193d47a9fa51ababf51d8026b4e7c5dc914e14240822b1cd4"
	if got := hex.EncodeToString(bzip2.Compress([]byte("wren, robin and owl"))); got != want {
		t.Errorf("got %s", got)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "wren", "aaaaaaaaab", "\x00\xff\x00\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { roundTrip(t, data) })
}
