// Command plugin is a plugin whose actions do what their names say, good and bad.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/petrelhq/petrel/sdk/wire"
	"github.com/petrelhq/petrel/sdk/wire/process"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "sleep" { // the grandchild
		time.Sleep(time.Hour)
	}
	if err := process.Serve(handle); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func handle(ctx context.Context, r wire.Request, host process.Host) wire.Response {
	switch r.Method {
	case wire.Describe:
		return wire.Response{Pack: &wire.Pack{Version: wire.Version, Name: "plugin"}}
	case wire.Invoke:
		do, ok := actions[r.Call.Action]
		if !ok {
			return wire.Response{Error: &wire.Error{Kind: wire.NotFound, Message: "no action " + r.Call.Action}}
		}
		return result(do(ctx, *r.Call, host))
	}
	<-ctx.Done()
	return wire.Response{}
}

func result(v any) wire.Response {
	text, err := json.Marshal(v)
	if err != nil {
		return wire.Response{Error: &wire.Error{Kind: wire.Failed, Message: err.Error()}}
	}
	return wire.Response{Result: &wire.Result{Value: text}}
}

var actions = map[string]func(ctx context.Context, c wire.Call, host process.Host) any{
	"echo": func(_ context.Context, c wire.Call, _ process.Host) any { return c.Params },
	"env":  func(context.Context, wire.Call, process.Host) any { return os.Environ() },
	"pid":  func(context.Context, wire.Call, process.Host) any { return os.Getpid() },
	"wait": func(ctx context.Context, _ wire.Call, host process.Host) any {
		host(ctx, wire.Op{Name: wire.OpProgress})
		<-ctx.Done()
		return context.Cause(ctx).Error()
	},
	"meet": func(ctx context.Context, _ wire.Call, host process.Host) any {
		return host(ctx, wire.Op{Name: wire.OpSleep})
	},
	"print": func(context.Context, wire.Call, process.Host) any {
		fmt.Println("on standard output")
		fmt.Fprintln(os.Stderr, `{"@level":"warn","@message":"in hclog's form","key":"value"}`)
		syscall.Write(2, []byte("past os.Stderr\n"))
		syscall.Write(1, []byte("past os.Stdout\n"))
		return nil
	},
	"flood": func(context.Context, wire.Call, process.Host) any {
		line := []byte(strings.Repeat(strings.Repeat("f", 99)+"\n", 100))
		for range 2000 {
			syscall.Write(2, line)
		}
		return nil
	},
	"large":  func(context.Context, wire.Call, process.Host) any { return strings.Repeat("x", process.MaxFrame) },
	"broken": func(context.Context, wire.Call, process.Host) any { return json.RawMessage("{") },
	"goexit": func(context.Context, wire.Call, process.Host) any { runtime.Goexit(); return nil },
	"panic":  func(context.Context, wire.Call, process.Host) any { panic("as asked") },
	"crash": func(context.Context, wire.Call, process.Host) any {
		go panic("as asked")
		select {}
	},
	"exit": func(context.Context, wire.Call, process.Host) any { os.Exit(3); return nil },
	"ignore": func(ctx context.Context, _ wire.Call, host process.Host) any {
		host(ctx, wire.Op{Name: wire.OpProgress})
		select {}
	},
	"stop": func(context.Context, wire.Call, process.Host) any {
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		select {} // the signal takes a moment
	},
	"rename": func(context.Context, wire.Call, process.Host) any { return clearEnviron() },
	"fork": func(context.Context, wire.Call, process.Host) any {
		cmd := exec.Command(os.Args[0], "sleep")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		cmd.Stderr = os.NewFile(2, "stderr") // held open past the plugin's end
		if err := cmd.Start(); err != nil {
			return err.Error()
		}
		return cmd.Process.Pid
	},
}

// clearEnviron overwrites the memory that /proc shows as the environment, as programs do
// that change their title.
func clearEnviron() error {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const begin, end = 50 - 3, 51 - 3 // env_start and env_end; the first field here is the third
	from, _ := strconv.ParseInt(fields[begin], 10, 64)
	to, _ := strconv.ParseInt(fields[end], 10, 64)
	memory, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.WriteAt(make([]byte, to-from), from)
	return err
}
