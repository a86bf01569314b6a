//go:build !wasip1

package process

import "github.com/petrelhq/petrel/sdk/wire"

// SessionPath is the gRPC method of the stream that carries frames.
const SessionPath = "/petrel.Plugin/Session"

// MaxFrame is how many bytes of JSON a frame may have. Either end refuses to send more,
// and ends the session when it is sent more.
const MaxFrame = 16 << 20

// MaxOps is how many ops one request may have under way. The plugin's end lets further
// ones wait; the server ends a plugin that has more.
const MaxOps = 64

// Frame is one message of the session. The server opens a request with Request and may
// end it with Cancel; the plugin closes it with Response. In between, the plugin asks
// with Op and the server answers with Reply, in any order.
type Frame struct {
	ID       uint64         `json:"id"`                 // of the request, given by the server
	Request  *wire.Request  `json:"request,omitempty"`  // from the server
	Cancel   wire.Kind      `json:"cancel,omitempty"`   // from the server: Canceled or TimedOut
	Response *wire.Response `json:"response,omitempty"` // from the plugin
	Seq      uint64         `json:"seq,omitempty"`      // of an Op and its Reply, given by the plugin
	Op       *wire.Op       `json:"op,omitempty"`       // from the plugin
	Reply    *wire.Reply    `json:"reply,omitempty"`    // from the server
}
