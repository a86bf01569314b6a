package ssh

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/petrelhq/petrel/core"
)

// An attempt that ends because the last who waited for it was cancelled is not the failure
// of those who come meanwhile.
func TestAttemptThatIsGivenUpIsNobodyElses(t *testing.T) {
	c := Config{Log: slog.New(slog.DiscardHandler)}
	c.setDefaults()
	dialing, ending, second := make(chan struct{}), make(chan struct{}), make(chan struct{})
	attempts := 0
	p := newPool(c, func(ctx context.Context, _ *target, _ *ssh.Client) (*ssh.Client, error) {
		if attempts++; attempts == 2 {
			close(second)
			return nil, core.Errorf(core.Unavailable, "the second attempt")
		}
		close(dialing)
		<-ctx.Done()
		close(ending)
		select {
		case <-second: // the other one does not wait for this
		case <-time.After(time.Second):
		}
		return nil, context.Cause(ctx)
	})
	host := &target{address: address{"host", 22}, user: "stanley", cred: &credential{}}
	ctx, cancel := context.WithCancelCause(t.Context())
	first := make(chan error, 1)
	go func() { _, err := p.get(ctx, host, perConnection); first <- err }()
	<-dialing
	cancel(core.ErrCanceled)
	<-ending
	_, err := p.get(t.Context(), host, perConnection)
	wantError(t, err, "the second attempt")
	wantError(t, <-first, "canceled by user")
	p.gone.Wait()
}
