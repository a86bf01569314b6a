package registry_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop serves one index and archives on loopback.
type shop struct {
	*httptest.Server

	mu    sync.Mutex
	files map[string][]byte
	fails []int    // status codes of the next answers; 0 breaks off halfway
	asked []string // paths, with the status that was answered
}

func openShop(t *testing.T, files map[string]string) *shop {
	t.Helper()
	s := &shop{files: map[string][]byte{}}
	for name, text := range files {
		s.files[name] = []byte(text)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := func(code int) {
		s.asked = append(s.asked, fmt.Sprintf("%s %d", r.URL.Path, code))
		w.WriteHeader(code)
	}
	if r.URL.Path == "/secret/index.json" {
		if user, password, _ := r.BasicAuth(); user != "wren" || password != "robin" {
			answer(http.StatusUnauthorized)
			return
		}
	}
	text, ok := s.files[r.URL.Path]
	etag := fmt.Sprintf(`"%x"`, len(text))
	switch {
	case len(s.fails) > 0 && s.fails[0] == 0:
		s.fails = s.fails[1:]
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		answer(http.StatusOK)
		_, _ = w.Write(text[:len(text)/2])
	case len(s.fails) > 0:
		code := s.fails[0]
		s.fails = s.fails[1:]
		answer(code)
	case !ok:
		answer(http.StatusNotFound)
	case r.Header.Get("If-None-Match") == etag:
		answer(http.StatusNotModified)
	default:
		w.Header().Set("ETag", etag)
		answer(http.StatusOK)
		_, _ = w.Write(text)
	}
}

// put changes what the shop has; "" takes it away.
func (s *shop) put(path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[path] = []byte(text); text == "" {
		delete(s.files, path)
	}
}

func (s *shop) fail(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = codes
}

// log returns what was asked since the last log.
func (s *shop) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// clock is a time that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, o registry.Options) *registry.Registry {
	t.Helper()
	r, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(found []registry.Listed) []string {
	all := []string{}
	for _, l := range found {
		all = append(all, l.Name)
	}
	return all
}

// listings makes the packs of an index; each is a name, its texts and its versions.
func listings(packs ...[]string) string {
	var all []string
	for _, p := range packs {
		var versions []string
		for _, v := range p[3:] {
			versions = append(versions, fmt.Sprintf("%q: %s", v, release(fmt.Sprintf(`, "url": "%s-%s.tar.gz"`, p[0], v))))
		}
		all = append(all, fmt.Sprintf(`%q: {"description": %q, "keywords": [%q], "versions": {%s}}`, p[0], p[1], p[2], strings.Join(versions, ",")))
	}
	return index(strings.Join(all, ","))
}

func TestSearch(t *testing.T) {
	s := openShop(t, map[string]string{"/index.json": listings(
		[]string{"aardvark", "Mentions HTTP in passing", "zoo", "1.0.0"},
		[]string{"watcher", "Watches", "Http", "1.0.0"},
		[]string{"http", "Asks", "web", "1.0.0"},
		[]string{"a_http_b", "Asks", "web", "0.9.0", "0.10.0", "1.0.0-rc.1"},
		[]string{"mail", "Sends", "smtp", "1.0.0-beta"},
	)})
	r := open(t, registry.Options{Indexes: []string{s.URL + "/"}})
	for query, want := range map[string][]string{
		" HTTP ": {"http", "a_http_b", "watcher", "aardvark"},
		"smtp":   {"mail"},
		"nobody": {},
		"":       {"a_http_b", "aardvark", "http", "mail", "watcher"},
	} {
		found, health := r.Search(t.Context(), query)
		if !slices.Equal(names(found), want) || len(health) != 1 || health[0].Error != "" || health[0].Packs != 5 {
			t.Errorf("Search(%q) = %q, %v; want %q", query, names(found), health, want)
		}
	}
	found, _ := r.Search(t.Context(), "a_http_b")
	if got := found[0]; got.Version != "0.10.0" || !slices.Equal(got.Versions, []string{"1.0.0-rc.1", "0.10.0", "0.9.0"}) || got.Release.URL != "a_http_b-0.10.0.tar.gz" || got.Index != s.URL+"/index.json" {
		t.Errorf("listed %+v", got)
	}
	if found, _ := r.Search(t.Context(), "mail"); found[0].Version != "1.0.0-beta" {
		t.Errorf("listed %+v", found[0])
	}
}

// The index is read again when it is old, and only if it has changed.
func TestSearchRemembers(t *testing.T) {
	s := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "1.0.0"})})
	c := &clock{now: time.Unix(1700000000, 0)}
	r := open(t, registry.Options{Indexes: []string{s.URL + "/index.json"}, MaxAge: time.Minute, Now: c.Now})
	search := func(want string, asked ...string) {
		t.Helper()
		found, health := r.Search(t.Context(), "")
		if fmt.Sprintf("%v %s", names(found), health[0].Error) != want || !slices.Equal(s.log(), asked) {
			t.Errorf("found %q, %+v; want %s, asked %q", names(found), health, want, asked)
		}
	}
	search("[hello] ", "/index.json 200")
	c.add(59 * time.Second)
	search("[hello] ")
	c.add(time.Second)
	search("[hello] ", "/index.json 304")
	c.add(59 * time.Second)
	search("[hello] ")

	c.add(time.Minute)
	s.put("/index.json", listings([]string{"other", "", "", "1.0.0"}, []string{"more", "", "", "1.0.0"}))
	search("[more other] ", "/index.json 200")
	c.add(time.Minute)
	s.put("/index.json", "{")
	search("[more other] malformed", "/index.json 200")
	s.put("/index.json", "")
	search("[more other] unresponsive", "/index.json 404")
	s.put("/index.json", `{"format": 1, "packs": {}}`)
	search("[] empty", "/index.json 200")
}

func TestHealth(t *testing.T) {
	s := openShop(t, map[string]string{
		"/good.json":         listings([]string{"hello", "", "", "1.0.0"}),
		"/secret/index.json": listings([]string{"hello", "", "", "1.0.0"}),
		"/st2.json":          `{"metadata": {}, "packs": {"a": {}}}`,
		"/empty.json":        `{"format": 1, "packs": {}}`,
	})
	host := strings.TrimPrefix(s.URL, "http://")
	gone := httptest.NewServer(nil)
	gone.Close()
	r := open(t, registry.Options{Indexes: []string{
		s.URL + "/good.json", "http://wren:robin@" + host + "/secret/", "http://wren:wrong@" + host + "/secret/",
		s.URL + "/st2.json", s.URL + "/empty.json", s.URL + "/none.json", gone.URL, "/no/such/file.json",
	}})
	var got []string
	for _, h := range r.Health(t.Context()) {
		got = append(got, fmt.Sprintf("%s %d %s: %s", strings.Replace(h.URL, host, "HOST", 1), h.Packs, h.Error, h.Message))
	}
	want := []string{
		"http://HOST/good.json 1 : OK",
		"http://wren:xxxxx@HOST/secret/index.json 1 : OK",
		"http://wren:xxxxx@HOST/secret/index.json 0 unresponsive: http://wren:xxxxx@HOST/secret/index.json may not be read from here: the server says 401 Unauthorized",
		"http://HOST/st2.json 0 malformed: format: is missing: this is no index of Petrel's (one of StackStorm's lists repositories, which are not read)",
		"http://HOST/empty.json 0 empty: the index lists no packs",
		"http://HOST/none.json 0 unresponsive: http://HOST/none.json does not exist: the server says 404 Not Found",
	}
	for i, line := range want {
		if got[i] = strings.ReplaceAll(got[i], host, "HOST"); got[i] != line {
			t.Errorf("index %d: %s\nwant     %s", i, got[i], line)
		}
	}
	if !strings.Contains(got[6], "unresponsive: "+gone.URL+" does not answer: ") || got[7] != "file:///no/such/file.json 0 unresponsive: /no/such/file.json does not exist" {
		t.Errorf("the last are %q", got[6:])
	}
}

func TestFind(t *testing.T) {
	first := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "1.0.0", "1.2.0", "2.0.0-rc.1"})})
	second := openShop(t, map[string]string{"/packs/index.json": listings([]string{"hello", "", "", "3.0.0"}, []string{"watcher", "", "", "1.0.0"})})
	r := open(t, registry.Options{Indexes: []string{first.URL + "/", second.URL + "/packs/"}})
	for spec, want := range map[string]string{
		"hello":             "1.2.0 " + first.URL + "/hello-1.2.0.tar.gz",
		"hello=1.0.0":       "1.0.0 " + first.URL + "/hello-1.0.0.tar.gz",
		"hello=v2.0.0-rc.1": "2.0.0-rc.1 " + first.URL + "/hello-2.0.0-rc.1.tar.gz",
		"watcher":           "1.0.0 " + second.URL + "/packs/watcher-1.0.0.tar.gz",
		"hello=3.0.0":       "hello has no version 3.0.0 in " + first.URL + "/index.json; there are 2.0.0-rc.1, 1.2.0, 1.0.0",
		"helo":              `no record of the "helo" pack in the index; did you mean "hello"?`,
		"xyzzy":             `no record of the "xyzzy" pack in the index`,
		"Hello":             `"Hello" is no name of a pack: small letters, digits and _`,
		"hello=1":           `version "1" needs three numbers, as in hello=1.0.0`,
		"hello=":            `version "" needs three numbers, as in hello=1.0.0`,
	} {
		if got := find(t.Context(), r, spec); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
	o, err := r.Find(t.Context(), "hello", "")
	want := []string{"the index " + second.URL + "/packs/index.json has a pack hello too; it comes later and is not used"}
	if err != nil || !slices.Equal(o.Notes, want) {
		t.Errorf("notes %q, error %v; want %q", o.Notes, err, want)
	}
	if found, _ := r.Search(t.Context(), "hello"); !slices.Equal(found[0].Also, []string{second.URL + "/packs/index.json"}) || found[0].Version != "1.2.0" {
		t.Errorf("listed %+v", found[0])
	}
}

func find(ctx context.Context, r *registry.Registry, spec string) string {
	name, version, err := registry.ParseSpec(spec)
	if err != nil {
		return err.Error()
	}
	o, err := r.Find(ctx, name, version)
	if err != nil {
		return err.Error()
	}
	return o.Version + " " + o.Release.URL
}

// An index that is away neither hides the others nor lets them take its names over.
func TestFindWhileAnIndexIsAway(t *testing.T) {
	first := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "1.0.0"})})
	second := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "9.0.0"}, []string{"other", "", "", "9.0.0"})})
	indexes := []string{first.URL + "/", second.URL + "/"}
	before, r := open(t, registry.Options{Indexes: indexes}), open(t, registry.Options{Indexes: indexes})
	if got := find(t.Context(), before, "hello"); !strings.HasPrefix(got, "1.0.0 ") {
		t.Errorf("found %s", got)
	}
	first.put("/index.json", "")
	for _, name := range []string{"hello", "other"} {
		if _, err := r.Find(t.Context(), name, ""); core.KindOf(err) != core.Unavailable || !strings.Contains(err.Error(), first.URL) {
			t.Errorf("%s: error %v, want Unavailable", name, err)
		}
	}
	if found, health := r.Search(t.Context(), ""); !slices.Equal(names(found), []string{"hello", "other"}) || health[0].Error != registry.Unresponsive || health[1].Error != "" {
		t.Errorf("found %q, %+v", names(found), health)
	}
	o, err := before.Find(t.Context(), "hello", "")
	if err != nil || o.Version != "1.0.0" || len(o.Notes) != 2 || !strings.Contains(o.Notes[0], "404 Not Found; what it said at 2") {
		t.Errorf("with a copy: %+v, error %v", o, err)
	}
	second.put("/index.json", "")
	if _, err := before.Find(t.Context(), "other", ""); err != nil {
		t.Error(err)
	}
	if _, err := open(t, registry.Options{}).Find(t.Context(), "hello", ""); core.KindOf(err) != core.NotFound || !strings.Contains(err.Error(), "there is no index") {
		t.Errorf("error %v", err)
	}
}

// stocked is a shop with a real archive of hello 1.0.0, and an offer of it.
func stocked(t *testing.T) (*shop, *registry.Registry, *registry.Offer, []byte) {
	t.Helper()
	raw, sum := packed(t, hello())
	s := openShop(t, map[string]string{
		"/index.json":         index(pack("1.0.0", release(fmt.Sprintf(`, "sha256": %q, "size": %d`, sum.SHA256, sum.Size)))),
		"/hello-1.0.0.tar.gz": string(raw),
	})
	r := open(t, registry.Options{Indexes: []string{s.URL + "/"}, HTTP: s.Client()})
	o, err := r.Find(t.Context(), "hello", "")
	if err != nil {
		t.Fatal(err)
	}
	s.log()
	return s, r, o, raw
}

func TestFetch(t *testing.T) {
	s, r, o, raw := stocked(t)
	file := filepath.Join(t.TempDir(), "a.tar.gz")
	s.fail(0) // breaks off once
	if _, err := r.Fetch(t.Context(), o, file); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("fetched %d bytes, error %v; want %d", len(got), err, len(raw))
	}
	if _, err := r.Fetch(t.Context(), o, file); err == nil {
		t.Error("a file that is there was replaced")
	}
}

func TestFetchRefuses(t *testing.T) {
	s, r, o, raw := stocked(t)
	const path = "/hello-1.0.0.tar.gz"
	tampered := slices.Clone(raw)
	tampered[20] ^= 1
	cases := map[string]struct {
		text  string
		fails []int
		kind  core.Kind
		want  string
		asked int
	}{
		"tampered":  {string(tampered), nil, core.Invalid, "hello 1.0.0: the archive is not the one that was promised: expected sha256 " + o.Release.SHA256 + ", found ", 1},
		"longer":    {string(raw) + "x", nil, core.Invalid, "expected sha256 " + o.Release.SHA256, 1},
		"gone":      {"", nil, core.NotFound, path + " does not exist: the server says 404", 1},
		"forbidden": {string(raw), []int{403}, core.Forbidden, "may not be read", 1},
		"teapot":    {string(raw), []int{418}, core.NotFound, "the server says 418", 1},
		"down":      {string(raw), []int{503, 500}, core.Unavailable, "the server says 500", 2},
		"breaks":    {string(raw), []int{0, 0}, core.Unavailable, "broke off: unexpected EOF", 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s.put(path, c.text)
			s.fail(c.fails...)
			dir := t.TempDir()
			_, err := r.Fetch(t.Context(), o, filepath.Join(dir, "a.tar.gz"))
			if err == nil || core.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %v with %q", err, c.kind, c.want)
			}
			if asked := s.log(); len(asked) != c.asked {
				t.Errorf("asked %q, want %d times", asked, c.asked)
			}
			wantOnly(t, dir)
		})
	}
}

func TestDownload(t *testing.T) {
	s, r, o, raw := stocked(t)
	dir := t.TempDir()
	local := filepath.Join(dir, "local.tar.gz")
	if err := os.WriteFile(local, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, address := range []string{s.URL + "/hello-1.0.0.tar.gz", local, "file://" + local} {
		sum, err := r.Download(t.Context(), address, "", filepath.Join(dir, fmt.Sprint(i)))
		if err != nil || sum.SHA256 != o.Release.SHA256 || sum.Size != int64(len(raw)) {
			t.Errorf("%s: %v, error %v", address, sum, err)
		}
	}
	for address, want := range map[string]string{
		"hello.tar.gz":                "is no address",
		"ftp://example.com/a":         `"ftp" is none of http, https, file`,
		"file://host/a":               "three slashes",
		dir:                           "is no file but a folder",
		filepath.Join(dir, "missing"): "does not exist",
	} {
		if _, err := r.Download(t.Context(), address, "", filepath.Join(dir, "x")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
	small := open(t, registry.Options{Limits: registry.Limits{Archive: 10}})
	if _, err := small.Download(t.Context(), local, "", filepath.Join(dir, "x")); core.KindOf(err) != core.TooLarge {
		t.Errorf("error %v, want TooLarge", err)
	}
	if _, err := open(t, registry.Options{Indexes: []string{s.URL + "/"}, Limits: registry.Limits{Archive: 10}}).Fetch(t.Context(), o, filepath.Join(dir, "x")); core.KindOf(err) != core.TooLarge {
		t.Errorf("error %v, want TooLarge", err)
	}
}

// The time for an index is bounded, and so is that of whoever asks.
func TestSlowIndex(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer s.Close()
	defer close(stop)
	r := open(t, registry.Options{Indexes: []string{s.URL}, Timeout: 20 * time.Millisecond})
	if h := r.Health(t.Context()); h[0].Error != registry.Unresponsive || !strings.Contains(h[0].Message, "deadline exceeded") {
		t.Errorf("health %+v", h)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if h := open(t, registry.Options{Indexes: []string{s.URL}}).Health(ctx); h[0].Error != registry.Unresponsive {
		t.Errorf("health %+v", h)
	}
}

// What an index points at stays within what it may point at.
func TestAddresses(t *testing.T) {
	at := func(address string) string { return index(pack("1.0.0", release(fmt.Sprintf(`, "url": %q`, address)))) }
	s := openShop(t, map[string]string{"/a/index.json": at("file:///etc/passwd"), "/b/index.json": at("../x/y.tar.gz"), "/c/index.json": at("//other.example/y")})
	file := filepath.Join(t.TempDir(), "index.json")
	if err := os.WriteFile(file, []byte(at("y.tar.gz")), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		s.URL + "/a/": "packs.hello.versions.1.0.0.url: an index on the network may not point at files of this machine",
		s.URL + "/b/": "1.0.0 " + s.URL + "/x/y.tar.gz",
		s.URL + "/c/": "1.0.0 http://other.example/y",
		file:          "1.0.0 file://" + filepath.Join(filepath.Dir(file), "y.tar.gz"),
	} {
		r := open(t, registry.Options{Indexes: []string{address}})
		if got := find(t.Context(), r, "hello"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	_, err := registry.New(registry.Options{Indexes: []string{s.URL, "packs/index.json"}})
	if core.KindOf(err) != core.Invalid || !strings.Contains(fmt.Sprint(err), `index 2: "packs/index.json" is no address`) {
		t.Errorf("error %v", err)
	}
}

// An index that is asked for by https is not taken from elsewhere.
func TestRedirectAwayFromHTTPS(t *testing.T) {
	plain := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "1.0.0"})})
	tls := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/index.json", http.StatusFound))
	defer tls.Close()
	r := open(t, registry.Options{Indexes: []string{tls.URL + "/"}, HTTP: tls.Client()})
	if h := r.Health(t.Context()); !strings.Contains(h[0].Message, "leads to an address without https") {
		t.Errorf("health %+v", h)
	}
}

// Many may ask at once; the index is fetched once.
func TestConcurrentSearch(t *testing.T) {
	s := openShop(t, map[string]string{"/index.json": listings([]string{"hello", "", "", "1.0.0"})})
	r := open(t, registry.Options{Indexes: []string{s.URL + "/"}})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if found, _ := r.Search(context.Background(), "hello"); len(found) != 1 {
				t.Errorf("found %v", found)
			}
		})
	}
	wg.Wait()
	if asked := s.log(); len(asked) != 1 {
		t.Errorf("asked %q", asked)
	}
}

// No error tells the password of an address.
func TestPasswordsStayUntold(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	u, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("wren", "robin")
	r := open(t, registry.Options{Indexes: []string{u.String()}})
	_, found := r.Find(t.Context(), "hello", "")
	_, downloaded := r.Download(t.Context(), u.String(), "", filepath.Join(t.TempDir(), "x"))
	_, bad := registry.New(registry.Options{Indexes: []string{"http://wren:robin@[::1/"}})
	for _, err := range []error{found, downloaded, bad} {
		if err == nil || strings.Contains(err.Error(), "robin") {
			t.Errorf("error %v", err)
		}
	}
}
