//go:build !wasip1

package process

import (
	"context"
	"io"
	"net/http"
)

// services are the gRPC methods that go-plugin's client knows, and Petrel's.
type services struct {
	handle  Handler
	output  *stdio
	goodbye context.CancelCauseFunc
}

// serving is a HealthCheckResponse with the status SERVING.
var serving = []byte{1 << 3, 1}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case SessionPath:
		s.session(w, r)
	case "/plugin.GRPCStdio/StreamStdio":
		s.streamStdio(w, r)
	case "/grpc.health.v1.Health/Check":
		io.Copy(io.Discard, r.Body) // which service is asked for does not matter: there is one
		answer(w, serving)
	case "/plugin.GRPCController/Shutdown":
		io.Copy(io.Discard, r.Body) // an empty message
		answer(w, nil)
		s.goodbye(errGoodbye)
	default: // the broker, too: nothing is brokered, and the client goes on without it
		open(w)
		end(w, statusUnimplemented, r.URL.Path+" is not served by this plugin")
	}
}

func (s *services) session(w http.ResponseWriter, r *http.Request) {
	open(w)
	control := http.NewResponseController(w)
	if control.Flush() != nil {
		return
	}
	stop := context.AfterFunc(r.Context(), func() { r.Body.Close() })
	defer stop()
	out := newOutbox(w, control.Flush)
	err := newSession(s.handle, out).run(r.Context(), r.Body)
	out.close()
	if err != nil {
		end(w, statusInvalid, err.Error())
		return
	}
	end(w, statusOK, "")
}

// streamStdio sends StdioData{channel = 1, data = 2} for as long as the server listens.
func (s *services) streamStdio(w http.ResponseWriter, r *http.Request) {
	open(w)
	control := http.NewResponseController(w)
	for err := control.Flush(); err == nil; err = control.Flush() {
		select {
		case c := <-s.output.chunks:
			_, err = w.Write(appendMessage(nil, c.proto()))
		case <-r.Context().Done():
			err = r.Context().Err()
		}
		if err != nil {
			break
		}
	}
	end(w, statusOK, "")
}

func (c chunk) proto() []byte {
	const channelField, dataField = 1 << 3, 2<<3 | 2
	message := []byte{channelField, c.channel, dataField}
	for n := len(c.text); ; n >>= 7 {
		if n < 0x80 {
			message = append(message, byte(n))
			break
		}
		message = append(message, byte(n)|0x80)
	}
	return append(message, c.text...)
}
