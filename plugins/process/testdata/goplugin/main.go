// Command goplugin carries the suite's pack with hashicorp's own go-plugin server: what the
// carrier speaks is go-plugin's wire and not merely ours.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/petrelhq/petrel/plugins/plugintest/specimen"
	"github.com/petrelhq/petrel/sdk"
	"github.com/petrelhq/petrel/sdk/wire"
	"github.com/petrelhq/petrel/sdk/wire/process"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: wire.Version, MagicCookieKey: process.CookieKey, MagicCookieValue: process.CookieValue,
		},
		Plugins:    plugin.PluginSet{"petrel": served{}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}

type served struct{ plugin.NetRPCUnsupportedPlugin }

func (served) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "petrel.Plugin",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Session", Handler: serve, ServerStreams: true, ClientStreams: true}},
	}, served{})
	return nil
}

func (served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a client")
}

type session struct {
	grpc.ServerStream
	sending sync.Mutex
	mu      sync.Mutex
	cancels map[uint64]context.CancelCauseFunc
	replies map[[2]uint64]chan wire.Reply
	seq     uint64
	code    sdk.Handler
}

func serve(_ any, stream grpc.ServerStream) error {
	s := &session{ServerStream: stream, cancels: map[uint64]context.CancelCauseFunc{}, replies: map[[2]uint64]chan wire.Reply{}, code: sdk.Handle(specimen.New())}
	for {
		var message wrapperspb.BytesValue
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		var f process.Frame
		if err := json.Unmarshal(message.Value, &f); err != nil {
			return err
		}
		s.take(f)
	}
}

func (s *session) take(f process.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case f.Request != nil:
		ctx, cancel := context.WithCancelCause(s.Context())
		s.cancels[f.ID] = cancel
		go s.handle(ctx, f)
	case f.Cancel == wire.TimedOut && s.cancels[f.ID] != nil:
		s.cancels[f.ID](context.DeadlineExceeded)
	case f.Cancel != "" && s.cancels[f.ID] != nil:
		s.cancels[f.ID](nil)
	case f.Reply != nil && s.replies[[2]uint64{f.ID, f.Seq}] != nil:
		s.replies[[2]uint64{f.ID, f.Seq}] <- *f.Reply
	}
}

func (s *session) handle(ctx context.Context, f process.Frame) {
	slots := make(chan struct{}, process.MaxOps)
	response := s.code(ctx, *f.Request, func(ctx context.Context, op wire.Op) wire.Reply {
		slots <- struct{}{}
		defer func() { <-slots }()
		return s.ask(ctx, f.ID, op)
	})
	s.send(process.Frame{ID: f.ID, Response: &response})
}

func (s *session) ask(ctx context.Context, id uint64, op wire.Op) wire.Reply {
	answer := make(chan wire.Reply, 1)
	s.mu.Lock()
	s.seq++
	seq := s.seq
	s.replies[[2]uint64{id, seq}] = answer
	s.mu.Unlock()
	s.send(process.Frame{ID: id, Seq: seq, Op: &op})
	select {
	case reply := <-answer:
		return reply
	case <-ctx.Done():
		return wire.Reply{Error: &wire.Error{Kind: wire.Canceled, Message: "ended"}}
	}
}

func (s *session) send(f process.Frame) {
	text, _ := json.Marshal(f)
	if len(text) > process.MaxFrame {
		text, _ = json.Marshal(process.Frame{ID: f.ID, Response: &wire.Response{Error: &wire.Error{Kind: wire.TooLarge, Message: "too large"}}})
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	s.SendMsg(wrapperspb.Bytes(text))
}
