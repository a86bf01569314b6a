package main

import (
	"context"
	"time"

	"github.com/petrelhq/petrel/sdk"
)

// statesKey is the pack's key with what the sensor found last.
const statesKey = "states"

// State is what the sensor found when it looked at an endpoint last.
type State struct {
	Name    string    `json:"name"`
	URL     string    `json:"url"`
	State   string    `json:"state" doc:"up, down, or failing: not often enough to count as down"`
	Checked time.Time `json:"checked"`
	Answer
}

// Wanted says which endpoints to tell of.
type Wanted struct {
	State string `json:"state" doc:"Only endpoints in this state" enum:"any,up,failing,down" default:"any"`
}

// States are what states returns.
type States struct {
	Endpoints []State `json:"endpoints"`
}

func states(ctx context.Context, in Wanted) (States, error) {
	var all []State
	if _, err := sdk.KV(ctx).GetJSON(statesKey, &all); err != nil {
		return States{}, err
	}
	shown := States{Endpoints: []State{}}
	for _, s := range all {
		if in.State == "any" || in.State == s.State {
			shown.Endpoints = append(shown.Endpoints, s)
		}
	}
	return shown, nil
}
