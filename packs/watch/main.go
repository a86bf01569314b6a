// Package main is the pack watch: it looks at HTTP endpoints and tells when one goes down
// and when it is back.
package main

import (
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// between is the time from one look to the next.
const between = 30 * time.Second

var (
	pack     = sdk.NewPack("watch")
	settings = sdk.Config[Settings](pack)

	down = sdk.Trigger[Outage](pack, "endpoint_down", "An endpoint does not answer as it should.")
	up   = sdk.Trigger[Recovery](pack, "endpoint_up", "An endpoint that was down answers as it should again.")
)

func init() {
	sdk.Action(pack, "check", "Asks an endpoint now; fails when it does not answer as it should.", check, sdk.Idempotent())
	sdk.Action(pack, "states", "Tells what the sensor found when it looked last.", states, sdk.Idempotent())
	sdk.Poll(pack, "endpoints", "Looks at the configured endpoints, one after the other.", between, sdk.Raises(down, up), look)
}

func main() { sdk.Main(pack) }

// Settings are the pack's configuration.
type Settings struct {
	Endpoints []Endpoint `json:"endpoints" doc:"What to watch"`
	Failures  int        `json:"failures" doc:"Checks in a row that have to fail before an endpoint counts as down" default:"3"`
}

// Endpoint is one thing to watch.
type Endpoint struct {
	Name string `json:"name" doc:"What events call it" required:"true"`
	Expectation
}

// Expectation is a request and the answer that is right.
type Expectation struct {
	URL      string       `json:"url" doc:"What to ask, http or https" required:"true"`
	Method   string       `json:"method" doc:"How to ask" enum:"GET,HEAD" default:"GET"`
	Status   int          `json:"status" doc:"The status it should answer; 0 is any below 400" default:"0"`
	Contains string       `json:"contains" doc:"Text that should be in what it answers" default:""`
	Timeout  sdk.Duration `json:"timeout" doc:"The longest it may take" default:"10s"`
}

// Outage is what rules see of an endpoint that went down.
type Outage struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	Error    string    `json:"error" doc:"What the last check found"`
	Status   int       `json:"status" doc:"The status it answered last, 0 for none"`
	Failures int       `json:"failures" doc:"Checks in a row that failed"`
	Since    time.Time `json:"since" doc:"When the first of them was"`
}

// Recovery is what rules see of an endpoint that is back.
type Recovery struct {
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	Since   time.Time `json:"since" doc:"When it began to fail"`
	Seconds int       `json:"seconds" doc:"How long it failed"`
}
