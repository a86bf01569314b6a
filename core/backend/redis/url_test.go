package redis

import (
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
)

func TestURLs(t *testing.T) {
	for _, c := range []struct {
		url    string
		hosts  []string
		master string
		db     int
		prefix string
	}{
		{"redis://h", []string{"h:6379"}, "", 0, "petrel"},
		{"redis://h:1/2?prefix=x", []string{"h:1"}, "", 2, "x"},
		{"rediss://u:p%40@[::1]:7/", []string{"[::1]:7"}, "", 0, "petrel"},
		{"redis+sentinel://a,b:1,[::1]/mine", []string{"a:26379", "b:1", "[::1]:26379"}, "mine", 0, "petrel"},
		{"rediss+sentinel://u:p@a:1/mine/3?sentinel_password=s", []string{"a:1"}, "mine", 3, "petrel"},
	} {
		var o Options
		got, err := o.parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if !slices.Equal(got.hosts, c.hosts) || got.master != c.master || got.db != c.db || o.Prefix != c.prefix {
			t.Errorf("%s: %+v, prefix %s", c.url, got, o.Prefix)
		}
		if (got.tls != nil) != strings.HasPrefix(c.url, "rediss") {
			t.Errorf("%s: TLS is %v", c.url, got.tls)
		}
	}
}

func TestBadURLs(t *testing.T) {
	for url, want := range map[string]string{
		"":                                  "redis://host",
		"localhost:6379":                    "redis://host",
		"http://h":                          "rediss",
		"redis://":                          "rediss",
		"redis://a,b":                       "redis+sentinel",
		"redis://:secret@h/zero":            `"zero"`,
		"redis://:secret@h:port":            "redis://host",
		"redis://h/-1":                      `"-1"`,
		"redis://h?max_retries=3":           `"max_retries"`,
		"redis+sentinel://:secret@h:1":      "master",
		"redis+sentinel://:secret@h:1/m/db": `"db"`,
		"rediss://:secret@h?ca=/nowhere":    "/nowhere",
		"redis://h?prefix={x}":              "braces",
	} {
		s := &Store{o: Options{}}
		err := s.dial(url)
		if core.KindOf(err) != core.Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
	}
}
