package main

import (
	"context"
	"maps"

	"github.com/petrelhq/petrel/sdk"
)

// disks is the sensor that looks at file systems.
type disks struct {
	machine
	settings sdk.Configuration[Settings]
	filling  sdk.TriggerType[DiskEvent]
	relieved sdk.TriggerType[DiskEvent]
}

// Full holds where the file systems are mounted that were told of as too full. It is
// stored with the events, so each of them is raised once.
type Full map[string]bool

func (d *disks) look(ctx context.Context, s *sdk.Sensor[Full]) error {
	config, err := d.settings.Get(ctx)
	if err != nil {
		return err
	}
	found, err := d.filesystems(config.Mounts)
	if err != nil {
		return err
	}
	before, next := s.Cursor(), Full{}
	var events []sdk.Event
	for _, f := range found {
		full := before[f.Mount]
		switch {
		case !full && f.Percent >= config.Percent:
			full = true
			events = append(events, d.filling.Event(DiskEvent{Filesystem: f, Threshold: config.Percent}))
		case full && f.Percent <= config.Percent-config.Margin:
			full = false
			events = append(events, d.relieved.Event(DiskEvent{Filesystem: f, Threshold: config.Percent - config.Margin}))
		}
		if full {
			next[f.Mount] = true
		}
	}
	if maps.Equal(before, next) {
		return nil
	}
	return s.Emit(ctx, next, events...)
}
