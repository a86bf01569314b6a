package api_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// BenchmarkNewestExecutions lists the newest 50 of 100,000 finished executions.
func BenchmarkNewestExecutions(b *testing.B) {
	w := newWorld(b, nil)
	x := w.await(w.ask("echo", `{"message":"hi"}`), core.Status.Final)
	begin := x.Start
	for from := 0; from < 100_000; from += 1000 {
		w.update(func(tx *store.Tx) error {
			for i := range 1000 {
				x.Start = begin + core.Time(from+i)
				x.ID = core.DeriveID(x.ID, fmt.Sprint(from+i))
				copied := *x
				if err := tx.Executions().Create(&copied); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, query := range []string{"", "?include_attributes=id,action.ref,context.user,status,start_timestamp,end_timestamp", "?action=test.echo"} {
		b.Run("all"+query, func(b *testing.B) {
			for b.Loop() {
				w.ok(200, nil, "GET", "/v1/executions?limit=50&"+strings.TrimPrefix(query, "?"), "")
			}
		})
	}
}

// BenchmarkWebhook takes events in from 64 clients; no rule waits for them.
func BenchmarkWebhook(b *testing.B) {
	w := newWorld(b, nil)
	w.ok(201, nil, "POST", "/v1/rules", `{"name":"hook","pack":"test","enabled":false,"trigger":{"type":"core.st2.webhook","parameters":{"url":"h"}},"action":{"ref":"test.echo"}}`)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Second}}
	defer client.CloseIdleConnections()
	body := `{"a":"` + strings.Repeat("x", 1000) + `"}`
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequest("POST", w.url+"/api/v1/webhooks/h", strings.NewReader(body))
			req.Header.Set("X-Auth-Token", w.token)
			req.Header.Set("Content-Type", "application/json")
			res, err := client.Do(req)
			if err != nil || res.StatusCode != 202 {
				b.Error(res, err)
				return
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	})
}
