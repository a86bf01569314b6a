package sdktest

import (
	"context"
	"encoding/json"

	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
)

// OverWire is handle with everything written as JSON and read again on its way, in both
// directions, as it is between processes.
func OverWire(handle sdk.Handler) sdk.Handler {
	return func(ctx context.Context, r wire.Request, host sdk.Host) wire.Response {
		asked, err := carried(r)
		if err != nil {
			return wire.Response{Error: broken("request", err)}
		}
		response, err := carried(handle(ctx, asked, askOver(host)))
		if err != nil {
			return wire.Response{Error: broken("response", err)}
		}
		return response
	}
}

// askOver carries what the pack asks of its host.
func askOver(host sdk.Host) sdk.Host {
	return func(ctx context.Context, op wire.Op) wire.Reply {
		asked, err := carried(op)
		if err != nil {
			return wire.Reply{Error: broken("op", err)}
		}
		reply, err := carried(host(ctx, asked))
		if err != nil {
			return wire.Reply{Error: broken("reply", err)}
		}
		return reply
	}
}

// carried is v as it arrives at the other end.
func carried[T any](v T) (T, error) {
	var arrived T
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &arrived)
	}
	return arrived, err
}

func broken(what string, err error) *wire.Error {
	return &wire.Error{Kind: wire.Broken, Message: "the " + what + " cannot be carried: " + err.Error()}
}
