package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/api"
	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
	"github.com/petrelhq/petrel/core/store"
)

// open lists the paths that ask nobody who they are.
var open = map[string]int{"GET /healthz": 200, "GET /readyz": 200}

func TestEveryRouteAnswers401WithoutCredentials(t *testing.T) {
	w := newWorld(t, nil)
	for _, r := range api.Routes() {
		method, path, _ := strings.Cut(r, " ")
		path = strings.NewReplacer(":", "x", "*", "y").Replace(path)
		if status, ok := open[r]; ok {
			if got := w.sendAs("", method, path, ""); got.status != status {
				t.Errorf("%s: %d, want %d", r, got.status, status)
			}
			continue
		}
		for _, prefix := range []string{"", "/v1", "/api/v1", "/api"} {
			got := w.sendAs("", method, prefix+path, "{}")
			if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.body, `{"faultstring":"`) {
				t.Errorf("%s%s: %d %s, want 401", prefix, r, got.status, got.body)
			}
		}
	}
	if got := w.sendAs("", "GET", "/metrics", ""); got.status != 200 || got.body != "petrel_up 1\n" {
		t.Errorf("/metrics: %d %s", got.status, got.body)
	}
}

func TestCredentials(t *testing.T) {
	w := newWorld(t, nil)
	var key, dead string
	w.update(func(tx *store.Tx) (err error) {
		if key, _, err = w.auth.CreateKey(t.Context(), tx, auth.KeyRequest{User: "bob", Enabled: true}); err != nil {
			return err
		}
		dead, _, err = w.auth.CreateKey(t.Context(), tx, auth.KeyRequest{User: "bob"})
		return err
	})
	for _, c := range []struct{ who, query, want string }{
		{"", "", `Unauthorized - One of Token or API key required.`},
		{"X-Auth-Token: " + w.token, "", `"username":"ada","authentication":{"method":"authentication token","location":"header"`},
		{"St2-Api-Key: " + key, "", `"username":"bob","authentication":{"method":"API key","location":"header"}`},
		{"", "?x-auth-token=" + w.token, `"location":"query"`},
		{"", "?st2-api-key=" + strings.NewReplacer("+", "%2B", "/", "%2F").Replace(key), `"method":"API key","location":"query"`},
		{"Cookie: auth-token=" + w.token, "", `"username":"ada"`},
		{"X-Auth-Token: nonsense", "?x-auth-token=" + w.token, `{"faultstring":"Unauthorized"}`},
		{"St2-Api-Key: nonsense", "", `{"faultstring":"Unauthorized - ApiKey with key_hash=` + auth.HashKey("nonsense") + ` not found."}`},
		{"St2-Api-Key: " + dead, "", `{"faultstring":"Unauthorized - API key is disabled."}`},
		{"X-Auth-Token: px.aaaaaaaaaaaaaaaaaaaaaaaa.7fffffff.YWRh.00", "", `{"faultstring":"Unauthorized"}`},
	} {
		if got := w.sendAs(c.who, "GET", "/v1/user"+c.query, ""); !strings.Contains(got.body, c.want) {
			t.Errorf("%s %s: %d %s, want %s", c.who, c.query, got.status, got.body, c.want)
		}
	}
	cookie := w.send("GET", "/v1/user", "").header.Get("Set-Cookie")
	if !strings.Contains(cookie, "auth-token="+w.token) || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "max-age=") {
		t.Errorf("Set-Cookie: %q", cookie)
	}
	if got := w.sendAs("St2-Api-Key: "+key, "GET", "/v1/user", "").header.Get("Set-Cookie"); got != "" {
		t.Errorf("an API key gave the cookie %q", got)
	}
}

func TestLogin(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.PublicURL = "http://here/api" })
	basic := func(userPassword string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(userPassword))
	}
	for _, c := range []struct {
		path, who, body string
		status          int
		want            string
	}{
		{"/tokens", basic("ada:lovelace:1815"), "", 201, `"user":"ada"`},
		{"/auth/v1/tokens", basic("ada:lovelace:1815"), `{"ttl":60}`, 201, `"service":false`},
		{"/v1/tokens/", basic("ada:lovelace:1815"), `{"ttl":null}`, 201, `"metadata":{}`},
		{"/tokens", basic("ada:wrong"), "", 401, "Invalid or missing credentials"},
		{"/tokens", basic("eve:wrong"), "", 401, "Invalid or missing credentials"},
		{"/tokens", "Authorization: Bearer x", "", 401, "Invalid or missing credentials"},
		{"/tokens", "Authorization: Basic !", "", 401, "Invalid or missing credentials"},
		{"/tokens", basic("ada:lovelace:1815"), `{"ttl":86401}`, 400, "TTL specified 86401 is greater than max allowed 86400."},
		{"/tokens", basic("ada:lovelace:1815"), `{"ttl":0}`, 400, "0 is less than the minimum of 1"},
		{"/tokens", basic("ada:lovelace:1815"), `{"user":"bob"}`, 400, "Current user is not a service and cannot request impersonated tokens"},
	} {
		got := w.sendAs(c.who, "POST", c.path, c.body)
		if got.status != c.status || !strings.Contains(got.body, c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.path, c.body, got.status, got.body, c.status, c.want)
		}
		if got.status == 201 && got.header.Get("X-API-URL") != "http://here/api" {
			t.Errorf("%s: X-API-URL %q", c.path, got.header.Get("X-API-URL"))
		}
	}
	for range 10 {
		w.sendAs(basic("ada:x"), "POST", "/tokens", "")
	}
	if got := w.sendAs(basic("ada:x"), "POST", "/tokens", ""); got.status != http.StatusTooManyRequests {
		t.Errorf("after many failures: %d %s", got.status, got.body)
	}
}

func TestServiceAccountsGetTokensForOthers(t *testing.T) {
	w := newWorld(t, nil)
	w.update(func(tx *store.Tx) error {
		ada, err := tx.Users().Get(t.Context(), "ada")
		if err != nil {
			return err
		}
		ada.IsService = true
		return tx.Users().Put(t.Context(), ada)
	})
	who := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ada:lovelace:1815"))
	if got := w.sendAs(who, "POST", "/tokens", `{"user":"bob"}`); got.status != 400 || !strings.Contains(got.body, "Could not locate user bob") {
		t.Errorf("unknown user: %d %s", got.status, got.body)
	}
	w.update(func(tx *store.Tx) error { return w.auth.Meet(t.Context(), tx, "bob") })
	if got := w.sendAs(who, "POST", "/tokens", `{"user":"bob","ttl":900000}`); got.status != 201 || !strings.Contains(got.body, `"user":"bob"`) {
		t.Errorf("service account: %d %s", got.status, got.body)
	}
}

func TestExecutionTokensDieWithTheirExecution(t *testing.T) {
	w := newWorld(t, nil)
	id := w.ask("hold", `{}`)
	x := w.await(id, func(s core.Status) bool { return s == core.Running })
	who := "X-Auth-Token: " + w.auth.ExecutionToken(x)
	if got := w.sendAs(who, "GET", "/v1/user", ""); !strings.Contains(got.body, `"username":"ada"`) {
		t.Errorf("while it runs: %d %s", got.status, got.body)
	}
	close(w.hold)
	w.await(id, core.Status.Final)
	if got := w.sendAs(who, "GET", "/v1/user", ""); got.status != 401 {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
}

func TestExpiredTokens(t *testing.T) {
	w := newWorld(t, nil)
	w.update(func(tx *store.Tx) error {
		return tx.Tokens().Create(&core.Token{ID: core.NewID(time.Now()), User: "ada",
			Hash: "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0", Expiry: core.At(time.Now().Add(-time.Hour))})
	})
	got := w.sendAs("X-Auth-Token: aaa", "GET", "/v1/user", "") // the hash above is of aaa
	if got.body != `{"faultstring":"Unauthorized - Token has expired."}` {
		t.Errorf("expired: %d %s", got.status, got.body)
	}
}
