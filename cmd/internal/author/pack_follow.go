package author

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/petrelhq/petrel/sdk/client"
)

// comeBack is how long to wait for a server that does not answer.
const comeBack = time.Second

// follower prints what becomes of a pack's executions while it is worked on.
type follower struct {
	server *client.Client
	pack   string
	out    io.Writer // takes whole lines from several goroutines
	told   map[string]string
}

// run follows the server's event stream until ctx is done, also when it goes away.
func (f *follower) run(ctx context.Context) {
	f.told = map[string]string{}
	for away := false; ; {
		err := f.listen(ctx, &away)
		if ctx.Err() != nil {
			return
		}
		if !away {
			away = true
			fmt.Fprintf(f.out, "the server does not tell what runs: %v; waiting for it\n", err)
		}
		select {
		case <-time.After(comeBack):
		case <-ctx.Done():
			return
		}
	}
}

func (f *follower) listen(ctx context.Context, away *bool) error {
	s, err := f.server.Events(ctx, client.EventQuery{Events: []string{client.EventExecutionUpdate, client.EventOutput}})
	if err != nil {
		return err
	}
	defer s.Close()
	if *away {
		*away = false
		fmt.Fprintln(f.out, "the server is back")
	}
	for {
		event, err := s.Next()
		if err != nil {
			return err
		}
		o, err := event.Object()
		if err != nil {
			return err
		}
		f.see(event.Name, o)
	}
}

// see prints an event when it is of the pack.
func (f *follower) see(event string, o client.Object) {
	if event == client.EventOutput {
		if ref, ok := f.told[o.String("execution_id")]; ok {
			for line := range strings.Lines(o.String("data")) {
				fmt.Fprintf(f.out, "%s  %s\n", ref, strings.TrimRight(line, "\n"))
			}
		}
		return
	}
	e := client.ExecutionOf(o)
	ref := o.String("action.ref")
	if !strings.HasPrefix(ref, f.pack+".") {
		return
	}
	_, known := f.told[e.ID]
	switch {
	case e.Completed():
		delete(f.told, e.ID)
		fmt.Fprintf(f.out, "%s  %s %s%s\n", ref, e.ID, e.Status, resultText(o))
	case !known:
		f.told[e.ID] = ref
		fmt.Fprintf(f.out, "%s  %s %s\n", ref, e.ID, e.Status)
	}
}

// resultShown is how much of a result is worth a line.
const resultShown = 1000

// resultText is an execution's result on one line.
func resultText(o client.Object) string {
	result, ok := o.Lookup("result")
	if !ok || result == nil {
		return ""
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return ""
	}
	text := string(raw)
	if len(text) > resultShown {
		text = strings.ToValidUTF8(text[:resultShown], "") + "…"
	}
	return ": " + text
}
