package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
)

// redisServer is a real redis-server with a port and a directory of its own.
type redisServer struct {
	cmd    *exec.Cmd
	addr   string
	client *goredis.Client // for its figures
}

// startRedis starts a redis-server that writes down what it is given as fsync says. It
// does not rewrite its file, so that the file's growth is what was written to it.
func (b *bench) startRedis(fsync string) (*redisServer, error) {
	dir := filepath.Join(b.dir, "redis-"+fsync)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--daemonize", "no",
		"--appendonly", "yes", "--appendfsync", fsync, "--maxmemory-policy", "noeviction", "--auto-aof-rewrite-percentage", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("redis-server is needed: %w", err)
	}
	r := &redisServer{cmd: cmd, addr: addr, client: goredis.NewClient(&goredis.Options{Addr: addr})}
	if err := awaitRedis(out); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// awaitRedis returns when it says that it takes commands.
func awaitRedis(out io.Reader) error {
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if said = append(said, lines.Text()); strings.Contains(lines.Text(), "Ready to accept connections") {
			go io.Copy(io.Discard, out) // ends with the process
			return nil
		}
	}
	return fmt.Errorf("redis-server did not start:\n%s", strings.Join(said, "\n"))
}

func (r *redisServer) url() string { return "redis://" + r.addr + "/0" }

// stop ends it.
func (r *redisServer) stop() error {
	err := errors.Join(r.client.Close(), r.cmd.Process.Signal(syscall.SIGTERM))
	_ = r.cmd.Wait() // what it says when it ends is of no interest
	return err
}

// redisFigures are what Redis counted since it began.
type redisFigures struct {
	scripts float64 // begun
	trips   float64 // reads of its sockets: a pipeline is one, or few if it is long
	seconds float64 // of processor time
	file    float64 // bytes of its append-only file
	memory  float64 // bytes in use
}

func (r *redisServer) figures() (redisFigures, error) {
	info, err := r.client.Info(context.Background(), "commandstats", "stats", "cpu", "persistence", "memory").Result()
	if err != nil {
		return redisFigures{}, err
	}
	facts := map[string]float64{}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value, _, _ = strings.Cut(strings.TrimPrefix(value, "calls="), ",")
		facts[name], _ = strconv.ParseFloat(value, 64)
	}
	return redisFigures{
		scripts: facts["cmdstat_evalsha"] + facts["cmdstat_eval"] + facts["cmdstat_fcall"],
		trips:   facts["total_reads_processed"],
		seconds: facts["used_cpu_user"] + facts["used_cpu_sys"],
		file:    facts["aof_current_size"],
		memory:  facts["used_memory"],
	}, nil
}

// each is what was added since before, per event.
func (f redisFigures) each(before redisFigures, n int) redisFigures {
	by := float64(n)
	return redisFigures{
		scripts: (f.scripts - before.scripts) / by,
		trips:   (f.trips - before.trips) / by,
		seconds: (f.seconds - before.seconds) / by,
		file:    (f.file - before.file) / by,
		memory:  (f.memory - before.memory) / by,
	}
}
