package specimen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// All is a parameter, and a result, of every type.
type All struct {
	Text     string            `json:"text" doc:"Any text" required:"true" position:"0"`
	Whole    int64             `json:"whole" position:"1"`
	Small    uint8             `json:"small"`
	Real     float64           `json:"real" default:"1.5"`
	Flag     bool              `json:"flag" default:"true"`
	Level    string            `json:"level" enum:"low,high" default:"low"`
	Password string            `json:"password" secret:"true"`
	Fixed    string            `json:"fixed" default:"as it is" immutable:"true"`
	Maybe    *int              `json:"maybe"`
	List     []string          `json:"list"`
	Map      map[string]int    `json:"map"`
	Nested   Inner             `json:"nested"`
	Inners   []Inner           `json:"inners"`
	ByName   map[string]*Inner `json:"by_name"`
	Any      any               `json:"any"`
	Bytes    []byte            `json:"bytes"`
	When     time.Time         `json:"when"`
	Timeout  sdk.Duration      `json:"timeout" default:"1m30s"`
}

// Inner is a struct in a struct.
type Inner struct {
	Name  string `json:"name" required:"true"`
	Count int    `json:"count" default:"3"`
}

func echo(_ context.Context, in All) (All, error) { return in, nil }

// Message is a text with a size.
type Message struct {
	Message string `json:"message" required:"true"`
}

func fail(_ context.Context, in Message) (Message, error) {
	return Message{"so far: " + in.Message}, errors.New(in.Message)
}

func panics(_ context.Context, in Message) (sdk.None, error) { panic(in.Message) }

func goexit(context.Context, sdk.None) (sdk.None, error) {
	runtime.Goexit()
	return sdk.None{}, nil
}

func sleep(ctx context.Context, _ sdk.None) (sdk.None, error) {
	return sdk.None{}, sdk.Sleep(ctx, time.Hour)
}

func block(ctx context.Context, _ sdk.None) (sdk.None, error) {
	sdk.Log(ctx).Info("blocked")
	<-ctx.Done()
	return sdk.None{}, ctx.Err()
}

// Size asks for a text of so many bytes, and brings some.
type Size struct {
	Bytes int    `json:"bytes"`
	Given string `json:"given"`
}

// Text is a text, and how long the one given was.
type Text struct {
	Text  string `json:"text"`
	Given int    `json:"given"`
}

func text(_ context.Context, in Size) (Text, error) {
	return Text{strings.Repeat("x", in.Bytes), len(in.Given)}, nil
}

func talk(ctx context.Context, in Message) (sdk.None, error) {
	log := sdk.Log(ctx).With("pack", Name).WithGroup("request")
	log.Debug("looking")
	log.Info(in.Message, "n", 3, "took", 2*time.Second, "err", errors.New("none really"))
	log.Warn("slow")
	log.Error("broken")
	sdk.Progress(ctx, 0.5, "half")
	_, err := fmt.Fprintln(sdk.Stdout(ctx), in.Message)
	if err == nil {
		_, err = fmt.Fprintln(sdk.Stderr(ctx), strings.ToUpper(in.Message))
	}
	sdk.Progress(ctx, 1, "")
	return sdk.None{}, err
}

// Self is what an action knows about itself.
type Self struct {
	Pack      string   `json:"pack"`
	Execution string   `json:"execution"`
	Action    string   `json:"action"`
	User      string   `json:"user"`
	Deadline  bool     `json:"deadline"`
	Settings  Settings `json:"settings"`
}

func (a actions) about(ctx context.Context, _ sdk.None) (Self, error) {
	settings, err := a.settings.Get(ctx)
	w := sdk.Working(ctx)
	_, deadline := ctx.Deadline()
	return Self{w.Pack, w.Execution, w.Action, w.User, deadline, settings}, err
}
