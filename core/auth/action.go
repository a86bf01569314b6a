package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// An action's token is not stored: it names the execution, the user and the end of its
// life and is signed, so handing one out costs no write. It reads
// px.<execution>.<expiry, hex seconds>.<user, base64>.<HMAC-SHA256, hex>.
const actionTokenPrefix = "px."

func isActionToken(s string) bool { return strings.HasPrefix(s, actionTokenPrefix) }

// ExecutionToken returns the token an action gets as ST2_ACTION_AUTH_TOKEN. It acts as
// the execution's user, and only until the execution is over or the token's life ends.
func (a *Auth) ExecutionToken(x *core.Execution) string {
	expiry := a.Store.Now().Add(a.TTL).Unix()
	body := actionTokenPrefix + x.ID + "." + strconv.FormatInt(expiry, 16) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(x.Context.User))
	return body + "." + a.sign(body)
}

func (a *Auth) sign(body string) string {
	mac := hmac.New(sha256.New, a.Secret())
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func (a *Auth) byActionToken(ctx context.Context, c Credentials) (core.Identity, error) {
	refused := core.Errorf(core.Unauthorized, "Unauthorized")
	cut := strings.LastIndexByte(c.Token, '.')
	if !hmac.Equal([]byte(c.Token[cut+1:]), []byte(a.sign(c.Token[:cut]))) {
		return core.Identity{}, refused
	}
	f := strings.Split(c.Token[:cut], ".")
	if len(f) != 4 {
		return core.Identity{}, refused
	}
	expiry, err := strconv.ParseInt(f[2], 16, 64)
	if err != nil {
		return core.Identity{}, refused
	}
	user, err := base64.RawURLEncoding.DecodeString(f[3])
	if err != nil || len(user) == 0 {
		return core.Identity{}, refused
	}
	if err := a.stillRuns(ctx, f[1], expiry); err != nil {
		return core.Identity{}, err
	}
	return core.Identity{User: string(user), Method: ByToken, Location: c.Location, Expiry: core.Time(expiry * 1e6)}, nil
}

// stillRuns refuses the token of an execution that is over, gone, or too old.
func (a *Auth) stillRuns(ctx context.Context, id string, expiry int64) error {
	if expiry <= a.Store.Now().Unix() {
		return expired()
	}
	x, err := a.Store.Executions().Get(ctx, id)
	switch {
	case core.KindOf(err) == core.NotFound:
		return core.Errorf(core.Unauthorized, "Unauthorized")
	case err != nil:
		return err
	case x.Status.Final():
		return expired()
	}
	return nil
}
