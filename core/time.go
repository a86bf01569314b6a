package core

import (
	"regexp"
	"strings"
	"time"
)

// Time is a moment in microseconds since 1970 UTC, the precision StackStorm shows.
// Zero means "not yet". Records store it as a number; the API shows [Time.String].
type Time int64

const timeLayout = "2006-01-02T15:04:05.000000Z"

// At converts t, dropping what is below a microsecond.
func At(t time.Time) Time { return Time(t.UnixMicro()) }

// Std returns t as a UTC time.Time.
func (t Time) Std() time.Time { return time.UnixMicro(int64(t)).UTC() }

// String returns StackStorm's form, always with six fractional digits: 2026-11-22T14:52:00.000000Z.
func (t Time) String() string { return t.Std().Format(timeLayout) }

// Sub returns the duration t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// st2: rest-api reference, common conventions, timestamps accepted in filters.
var timeForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(\s|T)\d{2}:\d{2}:\d{2}(\.\d{3,6})?(Z|\+00|\+0000|\+00:00)$`)

// ParseTime reads the forms StackStorm's filters accept. The error is Invalid.
func ParseTime(s string) (Time, error) {
	if !timeForm.MatchString(s) {
		return 0, Errorf(Invalid, "Datetime value does not match expected format.")
	}
	body, _, _ := strings.Cut(strings.Replace(s, " ", "T", 1), "+")
	t, err := time.Parse("2006-01-02T15:04:05.999999", strings.TrimSuffix(body, "Z"))
	if err != nil {
		return 0, Errorf(Invalid, "Datetime value does not match expected format.")
	}
	return At(t), nil
}
