package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/petrelhq/petrel/sdk/wire"
	guest "github.com/petrelhq/petrel/sdk/wire/process"
)

// The three are to be compared within one run: a call through the carrier, one unary
// echo of the same bytes through go-plugin alone, and a program started for each call.

var benchCall = wire.Call{
	ID: "6560f4a1c8f3b7a1d2e3f405", Action: "echo", Pack: "probe", User: "stanley",
	Params: json.RawMessage(`{"name":"x","count":3,"list":["a","b","c"]}`), Config: json.RawMessage(`{}`),
}

func BenchmarkCall(b *testing.B) {
	p := load(b, New(testConfig(b)), "plugin")
	inParallel(b, func() error {
		_, err := p.Call(context.Background(), benchCall, nil)
		return err
	})
}

func BenchmarkBareGoPluginEcho(b *testing.B) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: guest.CookieKey, MagicCookieValue: guest.CookieValue},
		Plugins:         plugin.PluginSet{service: connection{}},
		Cmd:             exec.Command(built(b, "bare")), AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS: true, Logger: hclog.NewNullLogger(),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		b.Fatal(err)
	}
	raw, err := protocol.Dispense(service)
	if err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(benchCall)
	if err != nil {
		b.Fatal(err)
	}
	inParallel(b, func() error {
		var out wrapperspb.BytesValue
		return raw.(*grpc.ClientConn).Invoke(context.Background(), "/bare.Echo/Echo", wrapperspb.Bytes(text), &out)
	})
}

func BenchmarkForkExecNative(b *testing.B) {
	file := built(b, "native")
	text, err := json.Marshal(benchCall)
	if err != nil {
		b.Fatal(err)
	}
	inParallel(b, func() error {
		cmd := exec.Command(file)
		cmd.Stdin = bytes.NewReader(text)
		var out bytes.Buffer
		cmd.Stdout = &out
		return cmd.Run()
	})
}

// inParallel measures with 1 and with 16 clients. It reports processor time beside wall
// time: on a busy machine it is the steadier figure.
func inParallel(b *testing.B, do func() error) {
	for _, clients := range []int{1, 16} {
		b.Run(strconv.Itoa(clients), func(b *testing.B) {
			before := cpuTime(b)
			b.ResetTimer()
			if err := share(clients, b.N, do); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// share has do done n times by so many clients at once.
func share(clients, n int, do func() error) error {
	turns := make(chan struct{}, n)
	for range n {
		turns <- struct{}{}
	}
	close(turns)
	done := make(chan error, clients)
	for range clients {
		go func() {
			var err error
			for range turns {
				if err == nil {
					err = do()
				}
			}
			done <- err
		}()
	}
	var errs []error
	for range clients {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// cpuTime is what this process and its children, those that live and those that ended,
// have used.
func cpuTime(b *testing.B) time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	for _, stat := range stats {
		text, _ := os.ReadFile(stat) // gone: not one of ours
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 13 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		const tick = 10 * time.Millisecond
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		sum += time.Duration(user+system) * tick
	}
	return sum
}
