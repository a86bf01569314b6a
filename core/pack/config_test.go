package pack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/schema"
)

// newConfigs seals by turning texts around, and renders "{{ x }}" to what x names.
func (w *world) newConfigs() *pack.Configs {
	turn := func(text string) (string, error) {
		turned := []byte(text)
		for i, j := 0, len(turned)-1; i < j; i, j = i+1, j-1 {
			turned[i], turned[j] = turned[j], turned[i]
		}
		return string(turned), nil
	}
	return pack.NewConfigs(pack.ConfigsConfig{
		Store: w.store, Seal: turn, Open: turn,
		Render: func(_ context.Context, template, user string) (string, error) {
			name := strings.TrimSpace(strings.Trim(template, "{}"))
			value, ok := map[string]string{"url": "https://x", "user": user, "secret": "terces", "nothing": ""}[name]
			if !ok {
				return "", errors.New("nobody knows " + name)
			}
			return value, nil
		},
	})
}

const configSchema = `token: {type: string, secret: true}
url: {type: string, required: true}
port: {type: integer, default: 443}
retry:
  type: object
  properties:
    times: {type: integer, default: 3}
    key: {type: string, secret: true}
hosts:
  type: array
  items: {type: object, properties: {name: {type: string}, port: {type: integer, default: 22}}}
`

func (w *world) configured() *pack.Configs {
	w.t.Helper()
	w.install(version("1.0.0", "config.schema.yaml", configSchema))
	return w.Configs
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConfigIsChecked(t *testing.T) {
	w := newWorld(t)
	c := w.configured()
	for _, x := range []struct{ values, want string }{
		{`{}`, `the configuration of the pack demo: attribute "url": 'url' is a required property`},
		{`{"url": 5}`, `the configuration of the pack demo: attribute "url": 5 is not of type 'string'`},
		{`{"url": "u", "port": "x"}`, `the configuration of the pack demo: attribute "port": 'x' is not of type 'integer', 'null'`},
		{`{"url": "u", "retry": {"times": "x"}}`, `the configuration of the pack demo: attribute "retry.times": 'x' is not of type 'integer', 'null'`},
		{`{"url": "u", "token": "{{ st2kv.system.x | decrypt_kv }}"}`,
			`the configuration of the pack demo: attribute "token" is a secret, which is decrypted by itself: leave decrypt_kv out`},
		{`{"url": "u", "port": null, "more": [1]}`, ""},
	} {
		err := c.Put(t.Context(), "demo", object(t, x.values))
		if got := fmt.Sprint(err); (x.want == "") != (err == nil) || err != nil && (got != x.want || core.KindOf(err) != core.Invalid) {
			t.Errorf("%s: got %s, want %s", x.values, got, x.want)
		}
	}
	if err := c.Put(t.Context(), "none", nil); core.KindOf(err) != core.NotFound {
		t.Errorf("of a pack that is not there: %v", err)
	}
}

func TestConfigIsMaskedAndSealed(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.configured(), t.Context()
	put := func(text string) {
		t.Helper()
		if err := c.Put(ctx, "demo", object(t, text)); err != nil {
			t.Fatal(err)
		}
	}
	get := func(secrets bool) string {
		t.Helper()
		v, err := c.Get(ctx, "demo", secrets)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(v.Values)
		return string(raw)
	}
	if _, err := c.Get(ctx, "demo", false); core.KindOf(err) != core.NotFound {
		t.Errorf("before anything was set: %v", err)
	}
	put(`{"url": "u", "token": "abc", "retry": {"key": "def"}}`)
	masked := strings.NewReplacer("abc", schema.Masked, "def", schema.Masked).Replace(`{"retry":{"key":"def"},"token":"abc","url":"u"}`)
	if got := get(false); got != masked {
		t.Errorf("masked %s", got)
	}
	put(strings.Replace(masked, `"u"`, `"v"`, 1)) // as somebody read it
	if got := get(true); got != `{"retry":{"key":"def"},"token":"abc","url":"v"}` {
		t.Errorf("in clear %s", got)
	}
	stored, err := w.store.PackConfigs().Get(ctx, "demo")
	if err != nil || !strings.HasPrefix(stored.Values, "}") {
		t.Errorf("stored %+v %v", stored, err)
	}
	if all, err := c.List(ctx, false); err != nil || len(all) != 1 || all[0].Pack != "demo" {
		t.Errorf("listed %v %v", all, err)
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.configured(), t.Context()
	for _, x := range []struct{ values, want, secrets string }{
		{"", `{"hosts":[],"port":443,"retry":{"times":3}}`, "[]"},
		{`{"url": "u", "port": null}`, `{"hosts":[],"port":null,"retry":{"times":3},"url":"u"}`, "[]"},
		{`{"url": "{{ url }}", "more": ["{{ user }}", {"a": "{{ nothing }}"}]}`,
			`{"hosts":[],"more":["ada",{"a":null}],"port":443,"retry":{"times":3},"url":"https://x"}`, "[]"},
		{`{"url": "u", "token": "{{ secret }}", "retry": {"key": "plain"}, "hosts": [{"name": "a"}, {"port": 1}]}`,
			`{"hosts":[{"name":"a","port":22},{"port":1}],"port":443,"retry":{"key":"plain","times":3},"token":"secret","url":"u"}`, "[plain secret]"},
	} {
		if x.values != "" {
			if err := c.Put(ctx, "demo", object(t, x.values)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c.Settings(ctx, "demo", "ada")
		slices.Sort(got.Secrets)
		if err != nil || string(got.Values) != x.want || fmt.Sprint(got.Secrets) != x.secrets {
			t.Errorf("%s: got %s %v %v", x.values, got.Values, got.Secrets, err)
		}
	}
	if err := c.Put(ctx, "demo", object(t, `{"url": "{{ other }}"}`)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Settings(ctx, "demo", "ada")
	if want := `Failed to render dynamic configuration value for key "url" for pack "demo" config: nobody knows other`; fmt.Sprint(err) != want {
		t.Errorf("got %v", err)
	}
	if got, err := c.Settings(ctx, "none", "ada"); err != nil || string(got.Values) != "{}" {
		t.Errorf("of a pack without a configuration: %s %v", got.Values, err)
	}
}

// TestConfigOutlivesItsPack: upgrades keep it, and warn when it does not fit any more.
func TestConfigOutlivesItsPack(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.configured(), t.Context()
	if err := c.Put(ctx, "demo", object(t, `{"url": "u", "token": "abc"}`)); err != nil {
		t.Fatal(err)
	}
	plan, err := w.stage(version("2.0.0", "config.schema.yaml", "url: {type: integer}\n"))
	if err != nil || len(plan.Warnings) != 1 || !strings.HasSuffix(plan.Warnings[0], "set it anew after installing") {
		t.Fatalf("%+v %v", plan, err)
	}
	kept := func(when string, want bool) {
		t.Helper()
		v, err := c.Get(ctx, "demo", false)
		if (err == nil) != want || want && v.Values["token"] != schema.Masked {
			t.Errorf("%s: %+v %v", when, v, err)
		}
	}
	w.install(version("2.0.0"))
	kept("upgraded to a version that says nothing of it", true)
	if err := c.Put(ctx, "demo", object(t, `{"url": "v", "token": "`+schema.Masked+`"}`)); err != nil {
		t.Fatal(err)
	}
	kept("set by that", true)
	if v, err := c.Get(ctx, "demo", true); err != nil || v.Values["token"] != "abc" {
		t.Errorf("in clear: %+v %v", v, err)
	}
	if err := w.Remove(ctx, "demo", false, false); err != nil {
		t.Fatal(err)
	}
	kept("removed", true)
	w.install(version("2.0.0"))
	if err := w.Remove(ctx, "demo", false, true); err != nil {
		t.Fatal(err)
	}
	kept("purged", false)
}
