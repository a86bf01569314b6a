package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape decodes the escapes of a Python string literal; problem explains a malformed one.
func unescape(s string) (text, problem string) {
	if !strings.Contains(s, `\`) {
		return s, ""
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 >= len(s) {
			sb.WriteByte(s[i])
			i++
			continue
		}
		n, problem := unescapeOne(&sb, s[i+1:])
		if problem != "" {
			return "", problem
		}
		i += 1 + n
	}
	return sb.String(), ""
}

// unescapeOne decodes what follows one backslash and says how many bytes it took.
func unescapeOne(sb *strings.Builder, s string) (n int, problem string) {
	const plain = `\'"abfnrtv`
	const means = "\\'\"\a\b\f\n\r\t\v"
	c := s[0]
	if i := strings.IndexByte(plain, c); i >= 0 {
		sb.WriteByte(means[i])
		return 1, ""
	}
	switch c {
	case '\n':
		return 1, ""
	case 'x':
		return hexEscape(sb, s, 2)
	case 'u':
		return hexEscape(sb, s, 4)
	case 'U':
		return hexEscape(sb, s, 8)
	case 'N':
		return 0, "named Unicode escapes are not supported: write the character itself or \\u and its number"
	}
	if c >= '0' && c <= '7' {
		return octalEscape(sb, s), ""
	}
	sb.WriteByte('\\')
	return 0, ""
}

func hexEscape(sb *strings.Builder, s string, digits int) (int, string) {
	if len(s) < 1+digits {
		return 0, "truncated \\" + s[:1] + " escape in string"
	}
	n, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, "malformed \\" + s[:1] + " escape in string"
	}
	sb.WriteRune(rune(n))
	return 1 + digits, ""
}

func octalEscape(sb *strings.Builder, s string) int {
	n, v := 0, rune(0)
	for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
		v = v*8 + rune(s[n]-'0')
		n++
	}
	sb.WriteRune(v)
	return n
}
