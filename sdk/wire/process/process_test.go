//go:build !wasip1

package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/sdk/wire"
)

func TestStartedByHand(t *testing.T) {
	t.Setenv(CookieKey, "")
	err := Serve(nil)
	if err == nil || !strings.Contains(err.Error(), "petrel pack install") {
		t.Errorf("error %v, want one that says how it is started", err)
	}
}

func TestWithoutACertificate(t *testing.T) {
	t.Setenv(CookieKey, CookieValue)
	t.Setenv("PLUGIN_CLIENT_CERT", "none")
	if err := Serve(nil); err == nil || !strings.Contains(err.Error(), "AutoMTLS") {
		t.Errorf("error %v, want one about AutoMTLS", err)
	}
}

func TestMessages(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 70_000} {
		frame := bytes.Repeat([]byte("x"), size)
		message, err := readMessage(bytes.NewReader(appendFrame(nil, frame)), size+envelopeSize)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got, err := bytesValue(message); err != nil || !bytes.Equal(got, frame) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got), err)
		}
	}
}

func TestBadMessages(t *testing.T) {
	for name, c := range map[string]struct{ bytes, want string }{
		"nothing":          {"", "EOF"},
		"cut header":       {"\x00\x00", "unexpected EOF"},
		"cut body":         {"\x00\x00\x00\x00\x05ab", "unexpected EOF"},
		"compressed":       {"\x01\x00\x00\x00\x01a", "compressed"},
		"over the limit":   {"\x00\xff\xff\xff\xff", "over the limit"},
		"another field":    {"\x00\x00\x00\x00\x03\x12\x01a", "no google.protobuf.BytesValue"},
		"a length too far": {"\x00\x00\x00\x00\x03\x0a\x09a", "no google.protobuf.BytesValue"},
		"an endless count": {"\x00\x00\x00\x00\x03\x0a\xff\xff", "no google.protobuf.BytesValue"},
		"no JSON":          {"\x00\x00\x00\x00\x03\x0a\x01{", "cannot be read"},
	} {
		if _, err := readFrame(strings.NewReader(c.bytes)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// peer is the server's end of a session.
type peer struct {
	t  *testing.T
	to *io.PipeWriter
	in *io.PipeReader
}

// sessionOf runs a session and returns its other end.
func sessionOf(t *testing.T, handle Handler) peer {
	in, to := io.Pipe()
	from, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- newSession(handle, newOutbox(out, func() error { return nil })).run(context.Background(), in)
	}()
	t.Cleanup(func() {
		to.Close()
		if err := <-ended; err != nil {
			t.Errorf("the session: %v", err)
		}
	})
	return peer{t, to, from}
}

func (p peer) send(f Frame) {
	p.t.Helper()
	text, err := json.Marshal(f)
	if err == nil {
		_, err = p.to.Write(appendFrame(nil, text))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p peer) receive() Frame {
	p.t.Helper()
	f, err := readFrame(p.in)
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

func TestRequestsAndOps(t *testing.T) {
	p := sessionOf(t, func(ctx context.Context, r wire.Request, host Host) wire.Response {
		reply := host(ctx, wire.Op{Name: wire.OpConfig})
		return wire.Response{Result: &wire.Result{Value: reply.Body}}
	})
	for _, id := range []uint64{1, 2} {
		p.send(Frame{ID: id, Request: &wire.Request{}})
		op := p.receive()
		if op.ID != id || op.Op == nil || op.Op.Name != wire.OpConfig {
			t.Fatalf("got %+v, want the op of request %d", op, id)
		}
		p.send(Frame{ID: 99, Seq: op.Seq, Reply: &wire.Reply{}})     // of no request
		p.send(Frame{ID: id, Seq: op.Seq + 7, Reply: &wire.Reply{}}) // of no op
		p.send(Frame{ID: id, Seq: op.Seq, Reply: &wire.Reply{Body: json.RawMessage(`{"a":1}`)}})
		if f := p.receive(); f.ID != id || f.Response == nil || string(f.Response.Result.Value) != `{"a":1}` {
			t.Errorf("got %+v", f)
		}
	}
}

func TestCancelReachesTheCode(t *testing.T) {
	for kind, want := range map[wire.Kind]error{wire.Canceled: context.Canceled, wire.TimedOut: context.DeadlineExceeded} {
		p := sessionOf(t, func(ctx context.Context, _ wire.Request, host Host) wire.Response {
			asked := host(ctx, wire.Op{Name: wire.OpSleep}).Error
			if asked == nil || asked.Kind != kind || !errors.Is(context.Cause(ctx), want) {
				t.Errorf("%s: the op answers %v and the cause is %v", kind, asked, context.Cause(ctx))
			}
			return wire.Response{}
		})
		p.send(Frame{ID: 1, Request: &wire.Request{}})
		p.receive()
		p.send(Frame{ID: 1, Cancel: kind})
		if f := p.receive(); f.Response == nil {
			t.Errorf("got %+v, want a response", f)
		}
	}
}

func TestAnswersThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		handle Handler
		kind   wire.Kind
		text   string
	}{
		"panic":   {func(context.Context, wire.Request, Host) wire.Response { panic("boom") }, wire.Broken, "panic: boom"},
		"goexit":  {func(context.Context, wire.Request, Host) wire.Response { runtime.Goexit(); panic("") }, wire.Broken, "without an answer"},
		"no JSON": {valued("{"), wire.Broken, "no JSON"},
		"large":   {valued(`"` + strings.Repeat("x", MaxFrame) + `"`), wire.TooLarge, "limit"},
	} {
		p := sessionOf(t, c.handle)
		p.send(Frame{ID: 1, Request: &wire.Request{}})
		f := p.receive()
		if f.Response == nil || f.Response.Error == nil || f.Response.Error.Kind != c.kind || !strings.Contains(f.Response.Error.Message, c.text) {
			t.Errorf("%s: got %+v, want %s with %q", name, f.Response, c.kind, c.text)
		}
	}
}

func valued(value string) Handler {
	return func(context.Context, wire.Request, Host) wire.Response {
		return wire.Response{Result: &wire.Result{Value: json.RawMessage(value)}}
	}
}

func TestHostAfterTheEnd(t *testing.T) {
	kept := make(chan Host, 1)
	p := sessionOf(t, func(_ context.Context, _ wire.Request, host Host) wire.Response {
		kept <- host
		return wire.Response{}
	})
	p.send(Frame{ID: 1, Request: &wire.Request{}})
	p.receive()
	host := <-kept
	if reply := host(context.Background(), wire.Op{Name: wire.OpClock}); reply.Error == nil || reply.Error.Kind != wire.Canceled {
		t.Errorf("got %+v, want canceled", reply)
	}
}
