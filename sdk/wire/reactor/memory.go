//go:build wasip1

package reactor

import "unsafe"

// lent is the memory that the host knows addresses of: referenced here so that the garbage
// collector lets it be.
var lent = loans{}

type loans map[int32][]byte

// take makes room for size bytes; 0 when there is none to be had.
func (l loans) take(size int32) int32 {
	if size < 0 {
		return 0
	}
	return l.keep(make([]byte, max(size, 1)))
}

// keep lends b.
func (l loans) keep(b []byte) int32 {
	at := int32(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	l[at] = b
	return at
}

// redeem takes back size bytes lent at an address; nothing if they were not.
func (l loans) redeem(at, size int32) []byte {
	b := l[at]
	delete(l, at)
	if size < 0 || int(size) > len(b) {
		return nil
	}
	return b[:size]
}

func (l loans) drop(at int32) { delete(l, at) }
