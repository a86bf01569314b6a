package redis

import (
	"context"
	"strconv"
	"sync"

	"github.com/petrelhq/petrel/core"
)

// logNames are the names of logs as far as this process knows. Every Apply says how often
// a log was begun as far as it knows, and is sent back if that has changed: so it costs
// nothing to keep documents out of logs.
type logNames struct {
	mu sync.Mutex
	k  knownLogs
}

// knownLogs are not changed once they are read.
type knownLogs struct {
	generation int
	names      map[string]bool
}

func (l *logNames) known() knownLogs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.k
}

func (s *Store) learnLogs(ctx context.Context) error {
	answer, err := s.run(ctx, logs)
	if err != nil {
		return err
	}
	list, _ := answer.([]any)
	if len(list) == 0 {
		return core.Errorf(core.Internal, "store: Redis answered nothing about logs")
	}
	k := knownLogs{names: make(map[string]bool, len(list))}
	k.generation, err = strconv.Atoi(textOf(list[0]))
	for _, name := range list[1:] {
		k.names[textOf(name)] = true
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	s.logs.k = k
	return err
}

// textOf returns a bulk string of an answer, "" for anything else.
func textOf(v any) string {
	text, _ := v.(string)
	return text
}
