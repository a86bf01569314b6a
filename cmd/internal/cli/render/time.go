package render

import (
	"fmt"
	"time"
)

// Timestamp shows an API timestamp the way people read it, in zone; what is not one stays as it is.
func Timestamp(raw string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339Nano, raw)
	if err != nil {
		return raw
	}
	return t.In(zone).Format("Mon, 02 Jan 2006 15:04:05 MST")
}

// Elapsed adds to a status how long the execution has run or ran, in whole seconds:
// "running (5s elapsed)". end is "" while it runs.
func Elapsed(status, start, end string, now time.Time) string {
	from, err := time.Parse(time.RFC3339Nano, start)
	if err != nil {
		return status
	}
	to := now
	if status != "running" {
		if to, err = time.Parse(time.RFC3339Nano, end); err != nil {
			return status
		}
	}
	return fmt.Sprintf("%s (%ds elapsed)", status, max(int(to.Sub(from)/time.Second), 0))
}
