package printed

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"
)

// JSON is text as a value of a result: what it is the JSON form of, else a string. Bytes
// that are not UTF-8 become replacement characters.
// st2: runners reference 1, stdout/stderr transform.
func JSON(text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	if IsValue(text) {
		return text
	}
	return stringOf(text)
}

// stringOf is the JSON string of text, without the escapes that HTML would need.
func stringOf(text []byte) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.Encode(string(text)) // a string has a JSON form
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// MaxNesting keeps what programs print far below the depth at which readers of a result
// give up.
const MaxNesting = 500

// IsValue reports whether text is JSON that every reader of a result can decode: not too
// deep, and without numbers beyond a float's range.
func IsValue(text []byte) bool {
	start := bytes.TrimLeft(text, " \t\r\n")
	if len(start) == 0 || !strings.ContainsRune(`{["-0123456789tfn`, rune(start[0])) {
		return false
	}
	return json.Valid(text) && decodable(text)
}

// decodable looks through valid JSON. The decoder is needed only where a number has an
// exponent or hundreds of digits.
func decodable(text []byte) bool {
	depth, number, check := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			i = endOfString(text, i)
			number = 0
		case '{', '[':
			if depth++; depth > MaxNesting {
				return false
			}
		case '}', ']':
			depth--
			number = 0
		case ',', ':', ' ', '\t', '\r', '\n':
			number = 0
		default:
			if number++; (number > 300 || (c == 'e' || c == 'E') && number > 1) && text[i-1] <= '9' {
				check = true
			}
		}
	}
	return !check || numbersFit(text)
}

func endOfString(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

func numbersFit(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := dec.Token(); err != nil {
			return err == io.EOF
		}
	}
}
