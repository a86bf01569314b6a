package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend/local"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

// ownStore looks into the data directory, or asks the server that holds it.
func (d *doctor) ownStore(ctx context.Context, running bool) {
	if running {
		d.well("durability", "every acknowledged event is synced to the disk")
		d.askForAdrift(ctx)
		return
	}
	dir := filepath.Join(d.cfg.Data, "store")
	if _, err := os.Stat(dir); err != nil {
		d.well("store", "there is none yet")
		return
	}
	b, err := local.Open(dir, local.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.fault("store", err.Error(), "if a server of another address runs on this directory, give its --listen; else see the message")
		return
	}
	defer b.Close()
	d.well("durability", "every acknowledged event is synced to the disk")
	d.hands(ctx, store.New(b, d.now))
}

// sharedStore looks at a Redis: reachable, durable, of one clock with us, and what is in it.
func (d *doctor) sharedStore(ctx context.Context) {
	b, err := redis.Open(ctx, d.cfg.Store, redis.Options{
		AcceptLoss: true, LeaseTTL: d.cfg.Lease, Patience: 2 * time.Second, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		d.fault("redis", err.Error(), "start Redis, or mend the address in store: "+storeAddress(d.cfg.Store))
		return
	}
	defer b.Close()
	d.well("redis", "%s answers", storeAddress(d.cfg.Store))
	d.durability(b.Durability())
	d.clock(ctx, b)
	d.hands(ctx, store.New(b, d.now))
}

// durability takes the risks of Redis's settings, one after the other.
func (d *doctor) durability(risks string) {
	if risks == "" {
		d.well("durability", "every acknowledged event is synced to Redis's disk, and nothing is evicted")
		return
	}
	for risk := range strings.SplitSeq(risks, "; ") {
		told, fix, ok := strings.Cut(risk, " (set ")
		if !ok {
			told, fix = risk, "let the user of the server read Redis's settings)"
		}
		d.fault("durability", told, "in redis.conf, and with CONFIG SET on the running Redis: "+strings.TrimSuffix(fix, ")"))
	}
}

// tolerable is how far apart the clocks of Redis and of a server may be: delays and
// leases go by Redis's, what people see by ours.
const tolerable = 2 * time.Second

func (d *doctor) clock(ctx context.Context, b *redis.Store) {
	before := d.now()
	theirs, err := b.Time(ctx)
	if err != nil {
		d.fault("clock", err.Error(), "see that Redis answers")
		return
	}
	ours := before.Add(d.now().Sub(before) / 2)
	apart := ours.Sub(theirs).Round(10 * time.Millisecond)
	if apart.Abs() > tolerable {
		d.fault("clock", fmt.Sprintf("this machine's clock is %v off Redis's", apart), "let both machines follow the same time servers (timedatectl set-ntp true)")
		return
	}
	d.well("clock", "within %v of Redis's", max(apart.Abs(), 10*time.Millisecond))
}

// hands looks for executions that nobody has in hand.
func (d *doctor) hands(ctx context.Context, s *store.Store) {
	xs, err := execution.Adrift(ctx, s)
	if err != nil {
		d.fault("executions", err.Error(), "see what the store says")
		return
	}
	ids := make([]string, len(xs))
	for i, x := range xs {
		ids[i] = x.ID
	}
	d.adrift(ids)
}

func (d *doctor) adrift(ids []string) {
	const shown = 5
	if len(ids) == 0 {
		d.well("executions", "each live one is in somebody's hands")
		return
	}
	names := strings.Join(ids[:min(len(ids), shown)], ", ")
	if len(ids) > shown {
		names += ", …"
	}
	d.fault("executions", fmt.Sprintf("%d in nobody's hands: %s", len(ids), names),
		"a running server with the role worker takes them up within two minutes; if none runs, start one, or end them with: petrel execution cancel ID")
}

func (d *doctor) askForAdrift(ctx context.Context) {
	var answer struct {
		Adrift []string `json:"adrift"`
	}
	err := d.ask(ctx, "/api/v1/adrift", &answer)
	switch {
	case core.KindOf(err) == core.Unauthorized && d.token == "":
		d.unseen("executions", "the running server holds the store; put the token of an administrator into ST2_AUTH_TOKEN to ask it")
	case err != nil:
		d.fault("executions", "the running server does not tell: "+err.Error(), "see the server's log")
	default:
		d.adrift(answer.Adrift)
	}
}

// fetchJSON sends a request to this machine's server, known by its own certificate.
func fetchJSON(req *http.Request, certFile string, out any) error {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: onlyOurs(certFile)}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusUnauthorized:
		return core.Errorf(core.Unauthorized, "%s", resp.Status)
	case resp.StatusCode != http.StatusOK:
		return errors.New(resp.Status)
	}
	return json.Unmarshal(raw, out)
}

// onlyOurs trusts the one certificate of the configuration, whatever names it carries.
func onlyOurs(certFile string) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // names are not looked at; VerifyConnection looks at the whole
		VerifyConnection: func(c tls.ConnectionState) error {
			raw, err := os.ReadFile(certFile)
			if err != nil {
				return err
			}
			ours, _ := pem.Decode(raw)
			if ours == nil || len(c.PeerCertificates) == 0 || !bytes.Equal(ours.Bytes, c.PeerCertificates[0].Raw) {
				return errors.New("another certificate than that of tls.cert")
			}
			return nil
		},
	}
}
