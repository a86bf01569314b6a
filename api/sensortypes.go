package api

import (
	"path"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/pack"
	"github.com/petrelhq/petrel/core/store"
)

var sensorAttributes = attributes{
	all: []string{"id", "uid", "ref", "pack", "name", "class_name", "description", "artifact_uri", "entry_point",
		"enabled", "poll_interval", "trigger_types", "metadata_file"},
	always: []string{"id", "ref"},
}

// writeSensor appends a sensor as the API shows it.
func (s *Server) writeSensor(b []byte, x *core.Sensor, p *picked) ([]byte, error) {
	o := begin(b, p)
	o.text("id", x.ID)
	o.text("uid", "sensor_type:"+x.Pack+":"+x.Class)
	o.text("ref", x.Ref())
	o.text("pack", x.Pack)
	o.text("name", x.Class)
	o.text("class_name", x.Class)
	o.some("description", x.Description)
	if dir := s.PackDir(x.Pack); dir != "" {
		o.text("artifact_uri", "file://"+path.Join(dir, "sensors", x.EntryPoint))
	}
	o.text("entry_point", x.EntryPoint)
	o.flag("enabled", x.Enabled)
	if x.PollInterval != 0 {
		o.value("poll_interval", x.PollInterval)
	}
	list(o, "trigger_types", x.TriggerTypes)
	o.some("metadata_file", x.MetadataFile)
	return o.end()
}

func (c *call) listSensors() error {
	enabled, asked, err := c.flag("enabled")
	if err != nil {
		return err
	}
	trigger := c.text("trigger")
	return listCollection(c, collection[core.Sensor]{
		attributes: sensorAttributes, all: c.s.Store.Sensors(), write: c.s.writeSensor, unlimited: true,
		id: func(x *core.Sensor) string { return x.ID },
		fits: func(x *core.Sensor) bool {
			return matches(c.text("pack"), x.Pack) && matches(c.text("name"), x.Class) &&
				(!asked || x.Enabled == enabled) && (trigger == "" || slices.Contains(x.TriggerTypes, trigger))
		},
	})
}

func (c *call) findSensor() (*core.Sensor, error) {
	x, err := c.s.Store.Sensors().Find(c.ctx(), c.Params("ref"))
	return x, noRef(err, c.Params("ref"))
}

func (c *call) getSensor() error {
	x, err := c.findSensor()
	if err != nil {
		return err
	}
	return c.sendSensor(x)
}

func (c *call) sendSensor(x *core.Sensor) error {
	return sendOne(c, fiber.StatusOK, x, func(b []byte, x *core.Sensor) ([]byte, error) { return c.s.writeSensor(b, x, nil) })
}

// putSensor enables or disables a sensor; the rest of the body is ignored.
func (c *call) putSensor() error {
	var body struct {
		Enabled bool `json:"enabled"`
	}
	if err := c.object(c.s.bodies.sensor, &body); err != nil {
		return err
	}
	found, err := c.findSensor()
	if err != nil {
		return err
	}
	if err := guardSystem(found.Pack); err != nil {
		return err
	}
	var x *core.Sensor
	err = c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) (err error) {
		if x, err = tx.Sensors().Get(c.ctx(), found.Ref()); err != nil {
			return err
		}
		x.Enabled = body.Enabled
		return pack.SaveSensor(c.ctx(), tx, x)
	})
	if err != nil {
		return err
	}
	return c.sendSensor(x)
}
