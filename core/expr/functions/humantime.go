package functions

import (
	"math"
	"strconv"
	"strings"

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
	if math.IsInf(seconds, 0) || math.IsNaN(seconds) || seconds >= 1<<62 {
		return nil, expr.Errorf("OverflowError", "seconds are out of range")
	}
	return units(int64(math.RoundToEven(seconds))), nil
}

// units writes all units from the first one that is not zero.
func units(seconds int64) string {
	var sb strings.Builder
	for _, u := range []struct {
		name string
		size int64
	}{{"y", 365 * 24 * 3600}, {"d", 24 * 3600}, {"h", 3600}, {"m", 60}, {"s", 1}} {
		n := seconds / u.size
		seconds %= u.size
		if n > 0 || sb.Len() > 0 {
			sb.WriteString(strconv.FormatInt(n, 10) + u.name)
		}
	}
	return sb.String()
}
