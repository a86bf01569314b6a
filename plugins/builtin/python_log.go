package builtin

import (
	"fmt"
	"io"

	"github.com/petrelhq/petrel/core"
)

// pythonLog writes log lines to an action's standard error, in the form of a Python
// action's logger. st2: runners reference 4.2, self.logger.
type pythonLog struct {
	w     io.Writer
	name  string
	least int // level
}

// newPythonLog returns the logger of an action whose Python form is the named class.
func newPythonLog(c core.Call, class string) pythonLog {
	return pythonLog{
		w:     c.Output.Stderr(),
		name:  "st2.actions.python." + class,
		least: logLevels()[textOf(c.RunnerParams, "log_level")],
	}
}

// logLevels are Python's, with StackStorm's AUDIT above them all.
func logLevels() map[string]int {
	return map[string]int{"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50, "AUDIT": 60}
}

func (l pythonLog) debug(format string, args ...any) { l.line("DEBUG", format, args...) }
func (l pythonLog) info(format string, args ...any)  { l.line("INFO", format, args...) }

func (l pythonLog) line(level, format string, args ...any) {
	if logLevels()[level] >= l.least {
		fmt.Fprintf(l.w, "%-12s: %-8s %s\n", l.name, level, fmt.Sprintf(format, args...))
	}
}
