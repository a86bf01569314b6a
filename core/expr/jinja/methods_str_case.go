package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/petrelhq/petrel/core/expr"
)

func caseMethods() map[string]Func {
	out := map[string]Func{}
	for name, f := range map[string]func(string) string{
		"upper": upper, "lower": lower, "capitalize": capitalize, "title": title, "swapcase": swapCase,
	} {
		out[name] = safeMethod(true, func(c *Call, s string, _ []expr.Value) (expr.Value, error) { return f(s), nil })
	}
	out["casefold"] = strMethod(func(c *Call, s string, _ []expr.Value) (expr.Value, error) { return cases.Fold().String(s), nil })
	return out
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return titleText(r) + lower(s[n:])
}

// titleText is the title case of one character, which may be several.
func titleText(r rune) string {
	if t := unicode.ToTitle(r); t != r || r < 0x80 {
		return string(t)
	}
	return capitalized(upper(string(r)))
}

// capitalized keeps the first letter of an expanded capital and lowers the rest: "SS" to "Ss".
func capitalized(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n] + lower(s[n:])
}

// title makes the first cased character of every run of cased ones a capital, the others small.
func title(s string) string {
	var sb strings.Builder
	inWord := false
	for _, r := range s {
		switch {
		case !isCased(r):
			sb.WriteRune(r)
			inWord = false
		case inWord:
			sb.WriteString(lower(string(r)))
		default:
			sb.WriteString(titleText(r))
			inWord = true
		}
	}
	return sb.String()
}

func isCased(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) || unicode.Is(unicode.Other_Lowercase, r) || unicode.Is(unicode.Other_Uppercase, r)
}

func swapCase(s string) string {
	var sb strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			sb.WriteString(lower(string(r)))
		case unicode.IsLower(r):
			sb.WriteString(upper(string(r)))
		default:
			sb.WriteRune(r)
		}
	}
	return sb.String()
}

// charTests are the str.is… methods.
func charTests() map[string]func(string) bool {
	every := func(ok func(rune) bool) func(string) bool {
		return func(s string) bool { return s != "" && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0 }
	}
	decimal := func(r rune) bool { return unicode.Is(unicode.Nd, r) }
	digit := func(r rune) bool { return decimal(r) || isSuperDigit(r) }
	return map[string]func(string) bool{
		"isalpha":   every(unicode.IsLetter),
		"isdecimal": every(decimal),
		"isdigit":   every(digit),
		"isnumeric": every(unicode.IsNumber),
		"isalnum":   every(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
		"isspace":   every(isSpace),
		"isascii":   isASCII,
		"isprintable": func(s string) bool {
			return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
		},
		"isidentifier": isIdentifier,
		"islower":      func(s string) bool { return hasCased(s) && strings.IndexFunc(s, isUpperOrTitle) < 0 },
		"isupper": func(s string) bool {
			return hasCased(s) && strings.IndexFunc(s, func(r rune) bool { return unicode.IsLower(r) || unicode.IsTitle(r) }) < 0
		},
		"istitle": isTitle,
	}
}

func isSuperDigit(r rune) bool {
	return r == 0xb2 || r == 0xb3 || r == 0xb9 || r == 0x2070 || r >= 0x2074 && r <= 0x2079 || r >= 0x2080 && r <= 0x2089 || r >= 0x2460 && r <= 0x2468
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			return false
		}
	}
	return s != ""
}

func hasCased(s string) bool { return strings.IndexFunc(s, isCased) >= 0 }

func isUpperOrTitle(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }

// isTitle reports whether capitals stand exactly at the starts of words.
func isTitle(s string) bool {
	inWord, any := false, false
	for _, r := range s {
		switch {
		case isUpperOrTitle(r):
			if inWord {
				return false
			}
			inWord, any = true, true
		case unicode.IsLower(r):
			if !inWord {
				return false
			}
			any = true
		default:
			inWord = false
		}
	}
	return any
}
