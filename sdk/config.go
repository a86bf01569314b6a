package sdk

import (
	"context"
	"reflect"
)

// Configuration is a pack's configuration as declared.
type Configuration[Config any] struct{ fields shape }

// Config declares what can be configured: the fields of the struct Config, which become
// config.schema.yaml.
//
//	var settings = sdk.Config[Settings](pack)
//
// A function reads it with settings.Get(ctx).
func Config[T any](p *Pack) Configuration[T] {
	if p.config != nil {
		p.fault("the configuration is declared twice")
	}
	p.config = p.shape("configuration", reflect.TypeFor[T]())
	return Configuration[T]{p.config}
}

// Get returns what is configured, with defaults for the rest.
func (c Configuration[Config]) Get(ctx context.Context) (Config, error) {
	var value Config
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return value, Errorf(Invalid, "the configuration: this context is not that of an action or a sensor")
	}
	return value, c.fields.decode("the configuration of the pack "+r.about.Pack, r.config, &value)
}
