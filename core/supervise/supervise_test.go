package supervise

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStopsInReverseOrder(t *testing.T) {
	var mu sync.Mutex
	var ended []string
	s := &Supervisor{Log: slog.New(slog.DiscardHandler)}
	up := make(chan struct{}, 3)
	for _, name := range []string{"store", "engine", "api"} {
		s.Add(name, func(ctx context.Context) error {
			up <- struct{}{}
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, name)
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	for range 3 {
		<-up
	}
	cancel()
	<-done
	if want := []string{"api", "engine", "store"}; !slices.Equal(ended, want) {
		t.Errorf("ended in order %v, want %v", ended, want)
	}
}

func TestRestartsWhatFails(t *testing.T) {
	for _, how := range []string{"error", "panic", "early end"} {
		t.Run(how, func(t *testing.T) {
			s := &Supervisor{Log: slog.New(slog.DiscardHandler)}
			lives := make(chan int)
			n := 0
			s.Add("shaky", func(ctx context.Context) error {
				n++
				lives <- n
				if n == 2 {
					<-ctx.Done()
					return nil
				}
				switch how {
				case "panic":
					panic("broken")
				case "early end":
					return nil
				}
				return errors.New("broken")
			})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { s.Run(ctx); close(done) }()
			<-lives
			if life := <-lives; life != 2 {
				t.Errorf("life %d, want 2", life)
			}
			cancel()
			<-done
		})
	}
}

func TestHealthNamesTheTask(t *testing.T) {
	s := &Supervisor{Log: slog.New(slog.DiscardHandler)}
	s.Add("engine", func(context.Context) error { return nil })
	s.tasks[0].fail(errors.New("no disk"))
	if err := s.Health(); err == nil || !strings.Contains(err.Error(), "engine: no disk") {
		t.Errorf("health = %v, want it to name the engine and the cause", err)
	}
	s.tasks[0].fail(nil)
	if err := s.Health(); err != nil {
		t.Errorf("health = %v, want nil", err)
	}
}
