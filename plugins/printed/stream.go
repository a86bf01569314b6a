// Package printed keeps what an action prints and makes values of it for the action's
// result.
package printed

import "io"

// Stream passes on what a stream prints and keeps the first Max bytes of it.
type Stream struct {
	Out io.Writer // as core.Output's: never fails
	Max int

	kept []byte
	cut  int64
}

// Write implements io.Writer; it never fails.
func (s *Stream) Write(b []byte) (int, error) {
	s.Out.Write(b) // see Out
	n := min(len(b), s.Max-len(s.kept))
	s.kept = append(s.kept, b[:n]...)
	s.cut += int64(len(b) - n)
	return len(b), nil
}

// Kept returns the bytes kept, as they were printed.
func (s *Stream) Kept() []byte { return s.kept }

// Cut returns how many bytes were not kept.
func (s *Stream) Cut() int64 { return s.cut }

// Text is what was kept, without one newline at the end. st2: runners reference 1, newline strip.
func (s *Stream) Text() []byte {
	text := s.kept
	if s.cut > 0 {
		return text
	}
	for _, end := range []byte{'\n', '\r'} {
		if n := len(text); n > 0 && text[n-1] == end {
			text = text[:n-1]
		}
	}
	return text
}

// JSON is the text as a value of a result: what it is the JSON form of, else a string.
// The beginning of a longer text is always a string.
// st2: runners reference 1, stdout/stderr transform.
func (s *Stream) JSON() []byte {
	if s.cut > 0 {
		return stringOf(s.Text())
	}
	return JSON(s.Text())
}
