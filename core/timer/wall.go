package timer

import "time"

// moment is a second, with what the clock on the wall shows then. Where the clock is put
// forward the wall may show a time that does not exist, told by the offset before.
type moment struct {
	wall time.Time // the wall's year to second, as if it were UTC
	unix int64
}

func (m moment) std() time.Time { return time.Unix(m.unix, 0).UTC() }

// momentAt is the second unix on the walls of a zone.
func momentAt(unix int64, zone *time.Location) moment {
	return moment{time.Unix(unix+offsetAt(unix, zone), 0).UTC(), unix}
}

// offsetAt is the zone's offset from UTC at a second, in seconds.
func offsetAt(unix int64, zone *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(zone).Zone()
	return int64(offset)
}

// localize finds the second at which the walls of a zone show a time. What they show twice
// is the one in standard time; what they never show, because the clock is put forward
// over it, is told by the offset before.
// st2: APScheduler localizes by pytz with is_dst=False.
func localize(wall time.Time, zone *time.Location) moment {
	const day = 24 * 60 * 60
	w := wall.Unix()
	before := momentAt(w-offsetAt(w-day, zone), zone)
	after := momentAt(w-offsetAt(w+day, zone), zone)
	first, second := before.wall.Equal(wall), after.wall.Equal(wall)
	switch {
	case first && second:
		return inStandardTime(before, after, zone)
	case first:
		return before
	case second:
		return after
	}
	const back = 6 * time.Hour
	m := localize(wall.Add(-back), zone)
	return moment{wall, m.unix + int64(back/time.Second)}
}

// inStandardTime chooses between two seconds at which the wall shows the same: the one
// that is not in daylight saving time, else the later one.
func inStandardTime(a, b moment, zone *time.Location) moment {
	saving, savingB := a.std().In(zone).IsDST(), b.std().In(zone).IsDST()
	switch {
	case saving != savingB && savingB:
		return a
	case saving != savingB || b.unix > a.unix:
		return b
	}
	return a
}
