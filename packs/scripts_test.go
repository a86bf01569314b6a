package packs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/petrelhq/petrel/packs"
)

// unpacked is a folder with the shipped packs.
type unpacked string

func unpack(t *testing.T) unpacked {
	t.Helper()
	dir := t.TempDir()
	if err := packs.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	return unpacked(dir)
}

// script runs a script of the linux pack as SSH would.
func (dir unpacked) script(t *testing.T, name string, args ...string) (stdout, stderr string, exitCode int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(filepath.Join(string(dir), "linux", "actions", filepath.FromSlash(name)), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCheckLoadavg(t *testing.T) {
	dir := unpack(t)
	for _, c := range []struct {
		args []string
		want []string
		exit int
	}{
		{[]string{"all"}, []string{"1", "15", "5"}, 0},
		{nil, []string{"1", "15", "5"}, 0},
		{[]string{""}, []string{"1", "15", "5"}, 0},
		{[]string{"5"}, []string{"5"}, 0},
		{[]string{"7"}, nil, 2},
	} {
		stdout, stderr, exit := dir.script(t, "checks/check_loadavg.py", c.args...)
		loads := map[string]float64{}
		if err := json.Unmarshal([]byte(stdout), &loads); err != nil && c.exit == 0 {
			t.Errorf("%q: %v: %s", c.args, err, stdout)
		}
		var periods []string
		for p := range loads {
			periods = append(periods, p)
		}
		slices.Sort(periods)
		if !slices.Equal(periods, c.want) || exit != c.exit || (stderr == "") != (c.exit == 0) {
			t.Errorf("%q: %s, exit %d, stderr %q; want %q, exit %d", c.args, stdout, exit, stderr, c.want, c.exit)
		}
	}
}

func TestCheckProcesses(t *testing.T) {
	dir := unpack(t)
	sleeper := exec.Command("sleep", "600")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		sleeper.Process.Kill()
		sleeper.Wait()
	}()
	pid := strconv.Itoa(sleeper.Process.Pid)

	stdout, _, exit := dir.script(t, "checks/check_processes.py", "pid", pid)
	var found []struct {
		PID                  int
		Name, State, Cmdline string
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || exit != 0 || len(found) != 1 ||
		found[0].PID != sleeper.Process.Pid || found[0].Name != "sleep" || found[0].Cmdline != "sleep 600" || found[0].State == "" {
		t.Errorf("by id: %s, exit %d, error %v", stdout, exit, err)
	}
	for _, args := range [][]string{{"name", "sleep", "pidlist"}, {"", "sleep", "pidlist"}, {"state", found[0].State, "pidlist"}} {
		stdout, stderr, exit := dir.script(t, "checks/check_processes.py", args...)
		if stdout != "" || exit != 0 || !slices.Contains(strings.Fields(stderr), pid) {
			t.Errorf("%q: stdout %q, stderr %q, exit %d; want %s on stderr", args, stdout, stderr, exit, pid)
		}
	}
	if stdout, _, exit := dir.script(t, "checks/check_processes.py", "pid", "0"); stdout != "[]\n" || exit != 0 {
		t.Errorf("nothing found: %q, exit %d", stdout, exit)
	}
	for _, args := range [][]string{{"name", ""}, {"colour", "red"}, {}} {
		if _, stderr, exit := dir.script(t, "checks/check_processes.py", args...); exit != 2 || !strings.Contains(stderr, "Usage") {
			t.Errorf("%q: stderr %q, exit %d; want the usage and 2", args, stderr, exit)
		}
	}
}

// recorder puts a program in PATH that prints its arguments.
func recorder(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho "+name+" \"$*\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestService(t *testing.T) {
	dir := unpack(t)
	recorder(t, "systemctl")
	recorder(t, "service")
	stdout, _, exit := dir.script(t, "service.py", "restart", "cron")
	if exit != 0 || stdout != "service cron restart\n" && stdout != "systemctl restart -- cron\n" {
		t.Errorf("restart: %q, exit %d", stdout, exit)
	}
	for _, args := range [][]string{{"restart"}, {"", "cron"}, {"restart", "--force"}} {
		if stdout, stderr, exit := dir.script(t, "service.py", args...); exit != 2 || stdout != "" || !strings.Contains(stderr, "Usage") {
			t.Errorf("%q: stdout %q, stderr %q, exit %d; want the usage and 2", args, stdout, stderr, exit)
		}
	}
}

func TestTraceroute(t *testing.T) {
	dir := unpack(t)
	recorder(t, "traceroute")
	for _, c := range []struct {
		args []string
		want string
		exit int
	}{
		{[]string{"example.com", "12", "1"}, "traceroute -m 12 -q 1 example.com\n", 0},
		{[]string{"example.com", "", ""}, "traceroute -m 30 -q 3 example.com\n", 0},
		{[]string{"--help"}, "", 2},
		{nil, "", 2},
	} {
		if stdout, _, exit := dir.script(t, "traceroute.sh", c.args...); stdout != c.want || exit != c.exit {
			t.Errorf("%q: %q, exit %d; want %q, exit %d", c.args, stdout, exit, c.want, c.exit)
		}
	}
}
