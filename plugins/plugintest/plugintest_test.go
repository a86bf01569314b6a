package plugintest_test

import (
	"testing"

	"github.com/petrelhq/petrel/plugins"
	"github.com/petrelhq/petrel/plugins/plugintest"
)

func TestInProcess(t *testing.T) {
	plugintest.Run(t, func(*testing.T) plugins.Plugin { return plugintest.InProcess() })
}
