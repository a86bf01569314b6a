package yaql

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/petrelhq/petrel/core/expr"
)

// textSpecs are the functions that make text, or other text of it.
func textSpecs() []spec {
	const trim = "string: string, chars: string? = null"
	return []spec{
		{"str", AsFunction, "value: any", toText, "The value as text; null, true and false as YAQL spells them.", "str(true)", "'true'"},
		{"concat", AsFunction, "*args: string", concatText, "Texts joined.", "concat('a', 'b')", "'ab'"},
		{"join", AsMethod, "sequence: iterable, separator: string", joinText, "The items as text with a separator between them.", "[1, 2].join('-')", "'1-2'"},
		{"join", AsMethod, "separator: string, sequence: iterable", joinTextBy, "The items as text with this text between them.", "'-'.join([1, 2])", "'1-2'"},
		{"toUpper", AsMethod, "string: string", textFunc(upper), "The text in capital letters.", "'ab'.toUpper()", "'AB'"},
		{"toLower", AsMethod, "string: string", textFunc(lower), "The text in small letters.", "'AB'.toLower()", "'ab'"},
		{"trim", AsMethod, trim, trimText(true, true), "The text without blanks, or the given characters, at its ends.", "' a '.trim()", "'a'"},
		{"trimLeft", AsMethod, trim, trimText(true, false), "The text without blanks, or the given characters, at its beginning.", "'xxa'.trimLeft('x')", "'a'"},
		{"trimRight", AsMethod, trim, trimText(false, true), "The text without blanks, or the given characters, at its end.", "'a  '.trimRight()", "'a'"},
		{"norm", both, "string: string?, chars: string? = null", norm, "The trimmed text, or null when it is empty.", "norm('  ')", "null"},
		{"isEmpty", both, "string: string?, trim: bool = true, chars: string? = null", isEmpty, "Whether the text is null or, trimmed, empty.", "' '.isEmpty()", "true"},
		{"replace", AsMethod, "string: string, old: string, new: string, count: int = -1", replaceText, "The text with old replaced by new, at most count times.", "'abab'.replace(b, c)", "'acac'"},
		{"replace", AsMethod, "string: string, replacements: map, count: int = -1", replaceAll, "The text with each key of the map replaced by its value.", "'ab'.replace({a => 1, b => 2})", "'12'"},
		{"substring", AsMethod, "string: string, start: int, length: int = -1", substring, "Part of the text; a negative start counts from the end, a negative length means all.", "'hello'.substring(1, 3)", "'ell'"},
		{"toCharArray", AsMethod, "string: string", toCharArray, "The characters.", "'ab'.toCharArray()", "[a, b]"},
		{"hex", AsFunction, "num: number?", hex, "The int in base 16.", "hex(255)", "'0xff'"},
		{"characters", AsFunction, "digits: bool = false, hexdigits: bool = false, asciiLowercase: bool = false, asciiUppercase: bool = false, asciiLetters: bool = false, letters: bool = false, octdigits: bool = false, punctuation: bool = false, printable: bool = false, lowercase: bool = false, uppercase: bool = false, whitespace: bool = false", characterSet, "The characters of the named classes.", "characters(octdigits => true).len()", "8"},
	}
}

// runes are the characters of a text argument.
func (c *Call) runes(i int) ([]rune, error) {
	s := c.text(i)
	if err := c.budget().Grow(4 * int64(len(s))); err != nil {
		return nil, err
	}
	return []rune(s), nil
}

// pay spends what handling a text costs.
func (c *Call) pay(s string) error { return expr.ReadText(c.budget(), s) }

func textFunc(f func(string) string) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) { return c.string(f(c.text(0))) }
}

// upper and lower follow Python: ß becomes SS.
func upper(s string) string { return cased(s, strings.ToUpper, cases.Upper(language.Und)) }

func lower(s string) string { return cased(s, strings.ToLower, cases.Lower(language.Und)) }

func cased(s string, ascii func(string) string, all cases.Caser) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return all.String(s)
		}
	}
	return ascii(s)
}

func toText(c *Call) (Value, error) {
	switch x := c.args[0].(type) {
	case nil:
		return "null", nil
	case bool:
		if x {
			return "true", nil
		}
		return "false", nil
	}
	return c.plainText(c.args[0])
}

func (c *Call) plainText(v Value) (Value, error) {
	s, err := pythonText(c.budget(), v)
	if err != nil {
		return nil, err
	}
	return c.string(s)
}

func concatText(c *Call) (Value, error) {
	parts := make([]string, len(c.rest))
	n := 0
	for i, v := range c.rest {
		parts[i] = v.(string)
		n += len(parts[i])
	}
	if err := c.budget().Grow(int64(n)); err != nil {
		return nil, err
	}
	return strings.Join(parts, ""), nil
}

func joinText(c *Call) (Value, error) { return c.joinWith(c.args[0], c.text(1)) }

func joinTextBy(c *Call) (Value, error) { return c.joinWith(c.args[1], c.text(0)) }

// joinWith writes items as str() does.
func (c *Call) joinWith(v Value, separator string) (Value, error) {
	it, err := c.sc.run.walk(v)
	if err != nil {
		return nil, err
	}
	out := expr.TextBuilder{Budget: c.budget()}
	for i := 0; ; i++ {
		item, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return out.String(), nil
		}
		if i > 0 {
			if err := out.Put(separator); err != nil {
				return nil, err
			}
		}
		s, err := toText(&Call{sc: c.sc, args: []Value{item}})
		if err != nil {
			return nil, err
		}
		if err := out.Put(s.(string)); err != nil {
			return nil, err
		}
	}
}

// trimmed is Python's strip: no characters given means blanks.
func trimmed(s string, chars Value, left, right bool) string {
	in := isSpace
	if set, ok := chars.(string); ok {
		in = func(c rune) bool { return strings.ContainsRune(set, c) }
	}
	if left {
		s = strings.TrimLeftFunc(s, in)
	}
	if right {
		s = strings.TrimRightFunc(s, in)
	}
	return s
}

// isSpace is Python's str.isspace for one character.
func isSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

func trimText(left, right bool) func(c *Call) (Value, error) {
	return func(c *Call) (Value, error) {
		return trimmed(c.text(0), c.args[1], left, right), nil
	}
}

func norm(c *Call) (Value, error) {
	if s := trimmed(c.text(0), c.args[1], true, true); s != "" {
		return s, nil
	}
	return nil, nil
}

func isEmpty(c *Call) (Value, error) {
	s := c.text(0)
	if c.flag(1) {
		s = trimmed(s, c.args[2], true, true)
	}
	return s == "", nil
}

func replaceText(c *Call) (Value, error) {
	n, err := c.int(3)
	if err != nil {
		return nil, err
	}
	return c.substituted(c.text(0), c.text(1), c.text(2), n)
}

// substituted pays for the result before it makes it.
func (c *Call) substituted(s, old, repl string, n int64) (string, error) {
	if err := c.pay(s); err != nil {
		return "", err
	}
	found := int64(strings.Count(s, old))
	if n >= 0 {
		found = min(found, n)
	}
	if err := c.budget().Grow(int64(len(s)) + found*int64(len(repl))); err != nil {
		return "", err
	}
	return strings.Replace(s, old, repl, int(found)), nil
}

func replaceAll(c *Call) (Value, error) {
	n, err := c.int(2)
	if err != nil {
		return nil, err
	}
	s := c.text(0)
	for k, v := range c.dict(1).All() {
		old, err := c.shownText(unkey(k))
		if err != nil {
			return nil, err
		}
		repl, err := c.shownText(v)
		if err != nil {
			return nil, err
		}
		if s, err = c.substituted(s, old, repl, n); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// shownText is str(v).
func (c *Call) shownText(v Value) (string, error) {
	s, err := toText(&Call{sc: c.sc, args: []Value{v}})
	if err != nil {
		return "", err
	}
	return s.(string), nil
}

// stretch reads a start and a length, held so small that their sum fits.
func (c *Call) stretch(i int) (start, length int64, err error) {
	const far = 1 << 40 // beyond any text
	if start, err = c.int(i); err != nil {
		return 0, 0, err
	}
	length, err = c.int(i + 1)
	return min(max(start, -far), far), min(length, far), err
}

func substring(c *Call) (Value, error) {
	runes, err := c.runes(0)
	if err != nil {
		return nil, err
	}
	start, length, err := c.stretch(1)
	if err != nil {
		return nil, err
	}
	n := int64(len(runes))
	if length < 0 {
		length = n
	}
	if start < 0 {
		start += n
	}
	from, to := clip(start, n), clip(start+length, n)
	if from >= to {
		return "", nil
	}
	return c.string(string(runes[from:to]))
}

// clip is a slice bound as Python reads it: negative ones count from the end.
func clip(i, n int64) int64 {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

// characters are the characters of a text as values.
func characters(s string) []Value {
	out := make([]Value, 0, len(s))
	for _, r := range s {
		out = append(out, string(r))
	}
	return out
}

func toCharArray(c *Call) (Value, error) {
	if err := c.budget().Grow(slotSize * int64(len(c.text(0)))); err != nil {
		return nil, err
	}
	return c.tuple(characters(c.text(0)))
}

func hex(c *Call) (Value, error) {
	if !isInteger(c.args[0]) {
		return nil, expr.Errorf("TypeError", "'%s' object cannot be interpreted as an integer", expr.TypeName(c.args[0]))
	}
	n := c.big(0)
	s := "0x" + strings.TrimPrefix(n.Text(16), "-")
	if n.Sign() < 0 {
		s = "-" + s
	}
	return c.string(s)
}

// characterClasses are the classes in the order of the parameters of characters().
var characterClasses = func() [12]string {
	const digits, lower, upper = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const punctuation, blanks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " \t\n\r\v\f"
	return [12]string{
		digits, digits + "abcdefABCDEF", lower, upper, lower + upper, lower + upper, "01234567",
		punctuation, digits + lower + upper + punctuation + blanks, lower, upper, blanks,
	}
}()

// characterSet gives each character once. The order is that of the classes; the original has none.
// st2 differs: letters, lowercase and uppercase, which end with an error there, are the ASCII ones.
func characterSet(c *Call) (Value, error) {
	var items []Value
	for i, class := range characterClasses {
		if c.flag(i) {
			items = append(items, characters(class)...)
		}
	}
	out, err := c.sc.run.distinct(items)
	if err != nil {
		return nil, err
	}
	return c.tuple(out)
}
