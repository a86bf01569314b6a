package functions

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/petrelhq/petrel/core/expr"
)

// humanTime writes seconds as "1h0m5s".
// st2: triggers-rules.md 7: below one second the number is shown as it stands, with "μs".
func humanTime(b *expr.Budget, a []expr.Value) (expr.Value, error) {
	var seconds float64
	switch x := a[0].(type) {
	case float64:
		seconds = x
	case int64:
		seconds = float64(x)
	case bool:
		if x {
			seconds = 1
		}
	case *expr.Undefined:
		return nil, x.Err()
	default:
		return nil, expr.Errorf("AssertionError", "seconds must be an int or a float, not %s", expr.TypeName(a[0]))
	}
	if seconds == 0 {
		return "0s", nil
	}
	if seconds < 1 {
		s, err := expr.Str(b, a[0])
		return s + "μs", err
	}
	if math.IsInf(seconds, 0) || math.IsNaN(seconds) || seconds >= maxHumanSeconds {
		return nil, expr.Errorf("OverflowError", "date value out of range")
	}
	return units(int64(math.RoundToEven(seconds))), nil
}

// maxHumanSeconds reaches to the end of the year 9999.
const maxHumanSeconds = 315537897600

// units writes all units from the first one that is not zero.
// st2: the number is taken as a date after 1 January of the year 1 whose month is then left out:
// 40 days are "9d0h0m0s".
func units(seconds int64) string {
	t := time.Date(1, 1, 1+int(seconds/86400), 0, 0, int(seconds%86400), 0, time.UTC)
	var sb strings.Builder
	for _, u := range []struct {
		name string
		n    int
	}{{"y", t.Year() - 1}, {"d", t.Day() - 1}, {"h", t.Hour()}, {"m", t.Minute()}, {"s", t.Second()}} {
		if u.n > 0 || sb.Len() > 0 {
			sb.WriteString(strconv.Itoa(u.n) + u.name)
		}
	}
	if sb.Len() == 0 {
		return "0s"
	}
	return sb.String()
}
