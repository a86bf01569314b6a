// Command ticks is a pack whose sensor reads numbers from an HTTP server, where a test
// keeps count. It says there which numbers it was told are stored.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/web"
)

type settings struct {
	URL string `json:"url" required:"true" doc:"Where the numbers are"`
}

type tick struct {
	Number int `json:"number"`
}

var (
	pack   = sdk.NewPack("ticks")
	where  = sdk.Config[settings](pack)
	ticked = sdk.Trigger[tick](pack, "tick", "There is a new number.")
)

func init() {
	sdk.Poll(pack, "clock", "Reads new numbers.", 20*time.Millisecond, sdk.Raises(ticked), look)
}

func main() { sdk.Main(pack) }

// look delivers some batches of new numbers. What is stored already it may not have had
// the time to tell.
func look(ctx context.Context, s *sdk.Sensor[int]) error {
	cfg, err := where.Get(ctx)
	if err != nil {
		return err
	}
	for range 10 {
		if err := get(ctx, fmt.Sprintf("%s/stored?n=%d", cfg.URL, s.Cursor()), nil); err != nil {
			return err
		}
		numbers, err := after(ctx, cfg.URL, s.Cursor())
		if err != nil || len(numbers) == 0 {
			return err
		}
		var events []sdk.Event
		for _, n := range numbers {
			events = append(events, ticked.Event(tick{n}))
		}
		if err := s.Emit(ctx, numbers[len(numbers)-1], events...); err != nil {
			return err
		}
	}
	return nil
}

func after(ctx context.Context, url string, n int) (numbers []int, err error) {
	return numbers, get(ctx, fmt.Sprintf("%s/after?n=%d", url, n), &numbers)
}

func get(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := web.Client(ctx).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
