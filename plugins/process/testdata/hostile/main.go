// Command hostile breaks go-plugin's protocol, in the way its argument names.
package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/petrelhq/petrel/sdk/wire/process"
)

func main() {
	way := os.Args[1]
	if print := handshakes[way]; print != nil {
		print()
		select {}
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: process.CookieKey, MagicCookieValue: process.CookieValue,
		},
		Plugins:    plugin.PluginSet{"petrel": served{session: frames[way]}},
		GRPCServer: plugin.DefaultGRPCServer,
	})
}

var handshakes = map[string]func(){
	"exits at once": func() {
		fmt.Fprintln(os.Stderr, "the file of settings is missing")
		os.Exit(3)
	},
	"says nothing":   func() {},
	"prints before":  func() { fmt.Println("Welcome!") },
	"endless line":   func() { os.Stdout.WriteString(strings.Repeat("x", 1<<20)) },
	"other version":  func() { fmt.Println("1|99|unix|/nowhere|grpc|certificate") },
	"other core":     func() { fmt.Println("7|1|unix|/nowhere|grpc|" + certificate()) },
	"serves tcp":     func() { fmt.Println("1|1|tcp|127.0.0.1:1|grpc|" + certificate()) },
	"no certificate": func() { fmt.Println("1|1|unix|/nowhere|grpc|") },
	"no socket":      func() { fmt.Println("1|1|unix|/nowhere|grpc|" + certificate()) },
	"silent socket": func() {
		path := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "silent")
		if _, err := net.Listen("unix", path); err != nil {
			panic(err)
		}
		fmt.Println("1|1|unix|" + path + "|grpc|" + certificate())
	},
	"floods": func() {
		line := bytes.Repeat([]byte("flood "), 20)
		for {
			os.Stderr.Write(append(line, '\n'))
		}
	},
}

func certificate() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(der)
}

// frames are what a session does once it has been asked for something; without one the
// service is not there.
var frames = map[string]func(grpc.ServerStream) error{
	"no JSON":       func(s grpc.ServerStream) error { return send(s, "\x00\xff{") },
	"empty frame":   func(s grpc.ServerStream) error { return send(s, "{}") },
	"other message": func(s grpc.ServerStream) error { return hold(s, s.SendMsg(&emptypb.Empty{})) },
	"huge frame":    func(s grpc.ServerStream) error { return send(s, strings.Repeat("x", 64<<20)) },
	"no result":     func(s grpc.ServerStream) error { return send(s, `{"id":1,"response":{}}`) },
	"foreign answer": func(s grpc.ServerStream) error {
		return send(s, `{"id":77,"response":{"result":{}}}`)
	},
	"ends the session": func(grpc.ServerStream) error { return errors.New("had enough") },
	"too many ops": func(s grpc.ServerStream) error {
		for seq := range 100_000 {
			if err := s.SendMsg(wrapperspb.Bytes(fmt.Appendf(nil, `{"id":1,"seq":%d,"op":{"op":"sleep"}}`, seq))); err != nil {
				return err
			}
		}
		return hold(s, nil)
	},
	"no service": nil,
}

func send(s grpc.ServerStream, frame string) error {
	return hold(s, s.SendMsg(wrapperspb.Bytes([]byte(frame))))
}

func hold(s grpc.ServerStream, err error) error {
	if err == nil {
		<-s.Context().Done()
	}
	return err
}

type served struct {
	plugin.NetRPCUnsupportedPlugin
	session func(grpc.ServerStream) error
}

func (served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not a client")
}

// GRPCServer registers the session, or nothing of the kind.
func (p served) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	if p.session == nil {
		return nil
	}
	answer := func(_ any, stream grpc.ServerStream) error {
		var first wrapperspb.BytesValue
		if err := stream.RecvMsg(&first); err != nil {
			return err
		}
		return p.session(stream)
	}
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "petrel.Plugin",
		HandlerType: (*any)(nil),
		Streams:     []grpc.StreamDesc{{StreamName: "Session", Handler: answer, ServerStreams: true, ClientStreams: true}},
	}, p)
	return nil
}
