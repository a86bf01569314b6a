package jinja

import (
	"regexp"
	"sort"
	"strings"

	"github.com/petrelhq/petrel/core/expr"
)

// What urlize takes for a link. These patterns have no nested repeats; Go's matcher is linear anyway.
var (
	webLink  = regexp.MustCompile(`(?i)^((https?://|www\.)(([\p{L}\p{N}_%-]+\.)+)?([a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})|([\p{L}\p{N}_%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)|(https?://)((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}\])))(:[\d]{1,5})?([/?#]\S*)?$`)
	mailLink = regexp.MustCompile(`^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+$`)
	scheme   = regexp.MustCompile(`^([\w.+-]{2,}:(/){0,2})$`)
	opening  = regexp.MustCompile(`^([(<]|&lt;)+`)
	closing  = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
)

type linker struct {
	limit   int64 // -1: no limit
	rel     string
	target  string
	schemes []string
}

func filterUrlize(c *Call, a []expr.Value) (expr.Value, error) {
	s, safe, err := c.soft(a[0])
	if err != nil {
		return nil, err
	}
	l := linker{limit: -1}
	if a[1] != nil {
		if l.limit, err = expr.AsInt(a[1]); err != nil {
			return nil, err
		}
	}
	if l.rel, err = c.linkRel(a[2], a[4]); err != nil {
		return nil, err
	}
	if a[3] != nil {
		t, _, err := c.soft(a[3])
		if err != nil {
			return nil, err
		}
		l.target = ` target="` + expr.EscapeHTML(t) + `"`
	}
	if l.schemes, err = c.linkSchemes(a[5]); err != nil {
		return nil, err
	}
	if !safe {
		s = expr.EscapeHTML(s)
	}
	if err := c.Budget.Grow(4 * int64(len(s))); err != nil {
		return nil, err
	}
	text, err := l.text(c.Budget, s)
	return c.frame.markup(text), err
}

func (c *Call) linkRel(nofollow, rel expr.Value) (string, error) {
	words := map[string]bool{"noopener": true}
	if rel != nil {
		s, _, err := c.soft(rel)
		if err != nil {
			return "", err
		}
		for _, w := range strings.Fields(s) {
			words[w] = true
		}
	}
	yes, err := expr.Truthy(nofollow)
	if yes {
		words["nofollow"] = true
	}
	return ` rel="` + expr.EscapeHTML(strings.Join(sortedKeys(words), " ")) + `"`, err
}

func (c *Call) linkSchemes(v expr.Value) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	items, err := expr.Items(c.Budget, v)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, item := range items {
		s, _ := expr.Text(item)
		if !scheme.MatchString(s) {
			return nil, expr.Errorf("FilterArgumentError", "%s is not a valid URI scheme prefix.", expr.QuoteText(s))
		}
		out = append(out, s)
	}
	sort.Strings(out)
	return out, nil
}

// urlizeSteps is what a byte costs: five patterns look at it.
const urlizeSteps = 8

// text replaces the links between runs of whitespace.
func (l *linker) text(b *expr.Budget, s string) (string, error) {
	var sb strings.Builder
	for s != "" {
		end := strings.IndexFunc(s, isSpace)
		if end < 0 {
			end = len(s)
		}
		if err := b.Step(urlizeSteps*int64(end+1) + int64(len(l.schemes))); err != nil {
			return "", err
		}
		word := l.word(s[:end])
		if err := b.Grow(6 * int64(max(len(word)-end, 0))); err != nil { // a link repeats rel and target, and is put together in steps
			return "", err
		}
		sb.WriteString(word)
		s = s[end:]
		end = strings.IndexFunc(s, func(r rune) bool { return !isSpace(r) })
		if end < 0 {
			end = len(s)
		}
		sb.WriteString(s[:end])
		s = s[end:]
	}
	return sb.String(), nil
}

// word links one word, leaving brackets and punctuation around it alone.
func (l *linker) word(word string) string {
	head := opening.FindString(word)
	middle := word[len(head):]
	tail := ""
	if strings.HasSuffix(middle, ")") || strings.ContainsAny(middle, ">.,") || strings.HasSuffix(middle, "&gt;") {
		tail = closing.FindString(middle)
		middle = middle[:len(middle)-len(tail)]
	}
	middle, tail = balance(middle, tail)
	switch {
	case webLink.MatchString(middle):
		href := middle
		if !strings.HasPrefix(middle, "https://") && !strings.HasPrefix(middle, "http://") {
			href = "https://" + middle
		}
		middle = l.link(href, l.cut(middle), l.rel+l.target)
	case strings.HasPrefix(middle, "mailto:") && mailLink.MatchString(middle[7:]):
		middle = l.link(middle, middle[7:], "")
	case strings.Contains(middle, "@") && !strings.HasPrefix(middle, "www.") && middle[0] != '@' && !strings.Contains(middle, ":") && mailLink.MatchString(middle):
		middle = l.link("mailto:"+middle, middle, "")
	default:
		for _, s := range l.schemes {
			if middle != s && strings.HasPrefix(middle, s) {
				middle = l.link(middle, middle, l.rel+l.target)
				break
			}
		}
	}
	return head + middle + tail
}

// balance gives closing brackets back to the word when it opens more than it closes.
func balance(middle, tail string) (string, string) {
	for _, b := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		open := strings.Count(middle, b[0])
		if open <= strings.Count(middle, b[1]) {
			continue
		}
		end := 0
		for range min(open, strings.Count(tail, b[1])) {
			end += strings.Index(tail[end:], b[1]) + len(b[1])
		}
		middle, tail = middle+tail[:end], tail[end:]
	}
	return middle, tail
}

func (l *linker) link(href, text, attrs string) string {
	return `<a href="` + href + `"` + attrs + `>` + text + `</a>`
}

func (l *linker) cut(s string) string {
	if r := []rune(s); l.limit >= 0 && int64(len(r)) > l.limit {
		return string(r[:l.limit]) + "..."
	}
	return s
}
