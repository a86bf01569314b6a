// Command bare is the yardstick: a go-plugin with one unary method that answers what it
// is sent.
package main

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/petrelhq/petrel/sdk/wire/process"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: process.CookieKey, MagicCookieValue: process.CookieValue,
		},
		Plugins:    plugin.PluginSet{"petrel": bare{}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}

type bare struct{ plugin.NetRPCUnsupportedPlugin }

func (bare) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bare.Echo",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var message wrapperspb.BytesValue
			err := decode(&message)
			return &message, err
		}}},
	}, bare{})
	return nil
}

func (bare) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a client")
}
