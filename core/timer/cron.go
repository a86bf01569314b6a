package timer

import "time"

// Cron goes off at every time its fields describe.
type Cron struct {
	zone   *time.Location
	fields []field
}

// parseCron reads the fields of a CronTimer.
// st2 differs: no field at all, which APScheduler takes for "every second", is refused.
func parseCron(p parameters, zone *time.Location) (Schedule, error) {
	c := &Cron{zone: zone}
	least := -1 // the least significant field given
	for i := range cronFields {
		if _, given := p[cronFields[i].name]; given {
			least = i
		}
	}
	if least < 0 {
		return nil, wrong("minute", "is not given, nor any other field: write at least one of year, month, day, week, day_of_week, hour, minute, second")
	}
	for i := range cronFields {
		f, err := p.field(&cronFields[i], i > least)
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, f)
	}
	return c, nil
}

// field reads one field; one that is not given is "*", or its least value when it is less
// significant than all that are.
func (p parameters) field(k *fieldKind, insignificant bool) (field, error) {
	text, given, err := p.text(k.name)
	switch {
	case err != nil:
		return field{}, err
	case given:
		return parseField(k, text)
	case insignificant && !k.anyUnlessGiven:
		return field{k, []expression{span{first: k.least, last: k.least}}}, nil
	}
	return field{k, []expression{span{first: k.least, last: open}}}, nil
}

// Next implements Schedule. It goes from the most significant field to the least and looks
// whether its value fits; if a later one does, it goes there, and if none does, the field
// before is moved on.
func (c *Cron) Next(after time.Time) time.Time {
	m, years := momentAt(after.Unix()+1, c.zone), 0
	for i := 0; i < len(c.fields); {
		f := &c.fields[i]
		value := f.value(m.wall)
		next, ok := f.next(m.wall, value)
		switch {
		case ok && next == value:
			i++
		case ok && f.part >= 0:
			m = localize(f.set(m.wall, next), c.zone)
			i++
		case ok: // weeks and weekdays are reached by going from day to day
			m, i = c.moveOn(m, i)
		default:
			m, i = c.moveOn(m, i-1)
		}
		if i == 0 {
			years++
		}
		if i < 0 || years > cycle {
			return time.Time{}
		}
	}
	return m.std()
}

// cycle is how many years are gone through: then days, weeks and weekdays fall as before.
const cycle = 400

// moveOn raises field i by one and sets all below it to their least; a field at its
// greatest is carried to the one above. It returns which field it was, -1 when there is
// nothing left to raise.
func (c *Cron) moveOn(m moment, i int) (moment, int) {
	for ; i >= 0; i-- {
		f := &c.fields[i]
		if f.part < 0 {
			continue
		}
		if v := f.value(m.wall); v < f.most(m.wall) {
			return c.pass(m, f.set(m.wall, v+1), f.part), i
		}
	}
	return m, -1
}

// pass lets the time pass that lies between two times on the wall, whatever the clock does
// meanwhile; so hours that the wall shows twice are gone through twice. But if the clock
// was put forward, days, months and years begin when the wall says so.
//
// st2 differs: in APScheduler days are passed like hours, so that the day after the clock
// was put forward begins at 01:00 for it, and what is due at 00:00 waits for a day, or a
// month, in vain.
func (c *Cron) pass(m moment, wall time.Time, part part) moment {
	then := momentAt(m.unix+int64(wall.Sub(m.wall)/time.Second), c.zone)
	if part <= dayPart && then.wall.After(wall) {
		return localize(wall, c.zone)
	}
	return then
}
