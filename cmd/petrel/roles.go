package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/petrelhq/petrel/core"
)

// A server on a shared store may do part of the work; by default it does all of it.
const (
	roleAPI     = "api"     // serves the REST API and webhooks
	roleRouter  = "router"  // matches rules, tells those who wait for executions, fires timers
	roleWorker  = "worker"  // carries out actions
	roleSensors = "sensors" // runs sensors
)

var allRoles = []string{roleAPI, roleRouter, roleWorker, roleSensors}

func (c Config) has(role string) bool { return slices.Contains(c.Roles, role) }

func (c Config) checkRoles() error {
	if len(c.Roles) == 0 {
		return fmt.Errorf("roles: needs at least one of %s", strings.Join(allRoles, ", "))
	}
	for _, r := range c.Roles {
		if slices.Contains(allRoles, r) {
			continue
		}
		if near := core.Nearest(r, allRoles); near != "" {
			return fmt.Errorf("roles: %q is no role; did you mean %q?", r, near)
		}
		return fmt.Errorf("roles: %q is no role; there are %s", r, strings.Join(allRoles, ", "))
	}
	if c.Store == "" && len(c.Roles) < len(allRoles) {
		return fmt.Errorf("roles: a server on its own data directory needs all of %s; to share the work set store to a Redis", strings.Join(allRoles, ", "))
	}
	if !c.has(roleAPI) && c.API.URL == "" {
		return fmt.Errorf("api.url: a server without the role api needs to tell its actions where the API is, such as http://10.0.0.1:9101/api")
	}
	return nil
}
