package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/petrelhq/petrel/sdk"
)

// Memory is what memory returns, in bytes.
type Memory struct {
	Total     int64 `json:"total" doc:"Bytes"`
	Available int64 `json:"available" doc:"Bytes that programs can still have without swapping"`
	Percent   int   `json:"percent" doc:"How much is taken, rounded up"`
	SwapTotal int64 `json:"swap_total" doc:"Bytes"`
	SwapFree  int64 `json:"swap_free" doc:"Bytes"`
}

func (m machine) memory(context.Context, sdk.None) (Memory, error) {
	text, err := os.ReadFile(filepath.Join(m.proc, "meminfo"))
	if err != nil {
		return Memory{}, err
	}
	has := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		words := strings.Fields(rest)
		if len(words) != 2 || words[1] != "kB" {
			continue
		}
		if has[name], err = strconv.ParseInt(words[0], 10, 64); err != nil {
			return Memory{}, err
		}
		has[name] <<= 10
	}
	out := Memory{Total: has["MemTotal"], Available: has["MemAvailable"], SwapTotal: has["SwapTotal"], SwapFree: has["SwapFree"]}
	if out.Total == 0 {
		return Memory{}, sdk.Errorf(sdk.Failed, "%s does not say how much memory there is", filepath.Join(m.proc, "meminfo"))
	}
	out.Percent = int(((out.Total-out.Available)*100 + out.Total - 1) / out.Total)
	return out, nil
}
