package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
)

// redis measures the server on a real Redis beside asynq on the same one.
func (b *bench) redis() error {
	for _, c := range []redisContest{{"always", nil, 0.5}, {"everysec", []string{"--accept-loss"}, 0.3}} {
		if err := b.onRedis(c); err != nil {
			return fmt.Errorf("appendfsync %s: %w", c.fsync, err)
		}
	}
	return nil
}

// redisContest is a setting of Redis and what is asked under it.
type redisContest struct {
	fsync string
	more  []string // arguments the server needs to accept the setting
	bar   float64  // of Petrel's rate to asynq's
}

const redisClients = 64

func (b *bench) onRedis(c redisContest) (err error) {
	r, err := b.startRedis(c.fsync)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	s, err := b.serve(filepath.Join(b.dir, "on-redis-"+c.fsync), append([]string{"--store", r.url()}, c.more...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.rule("bench-noop", "core.noop", nil); err != nil {
		return err
	}
	p := redisPair{redis: r, server: s, n: cmp.Or(b.events, b.few(10_000))}
	for range b.rounds() {
		if err := p.run(); err != nil {
			return err
		}
	}
	p.print(b, c)
	return nil
}

// redisPair is asynq and Petrel in turn: the rates of all rounds, the costs of the last.
type redisPair struct {
	redis  *redisServer
	server *server
	n      int

	theirs, ours, ratios []float64
	theirCost, ourCost   redisFigures
	cost                 costs
}

func (p *redisPair) run() error {
	begin, err := p.redis.figures()
	if err != nil {
		return err
	}
	bare, err := p.redis.asynqRate(redisClients, p.n)
	if err != nil {
		return err
	}
	middle, err := p.redis.figures()
	if err != nil {
		return err
	}
	asked := p.server.own
	if p.cost, err = p.server.run(p.server.hook("bench-noop"), redisClients, p.n); err != nil {
		return err
	}
	end, err := p.redis.figures()
	if err != nil {
		return err
	}
	asked = p.server.own - asked // counts of executions by /metrics: each a script, and a trip
	end.scripts, end.trips = end.scripts-asked, end.trips-asked
	p.theirCost, p.ourCost = middle.each(begin, p.n), end.each(middle, p.n)
	p.theirs, p.ours, p.ratios = append(p.theirs, bare), append(p.ours, p.cost.rate), append(p.ratios, p.cost.rate/bare)
	return nil
}

func (p *redisPair) print(b *bench, c redisContest) {
	t := newTable(fmt.Sprintf("redis: appendfsync %s, %d events from %d clients", c.fsync, p.n, redisClients),
		"what", "rate", "ratio", "bar", "scripts", "round trips", "Redis CPU", "file", "memory", "Applies", "bytes", "CPU")
	t.row(append([]string{"asynq: enqueued until done", perSecond(median(p.theirs)), "", ""}, p.theirCost.cells()...)...)
	ratio := median(p.ratios)
	row := append([]string{"Petrel: webhook -> core.noop, finished", perSecond(median(p.ours)), times(ratio), atLeast(ratio, c.bar, "x")}, p.ourCost.cells()...)
	t.row(append(row, fmt.Sprintf("%.2f", p.cost.applies), fmt.Sprintf("%.0f", p.cost.bytes), micros(p.cost.cpu))...)
	low, high := spread(p.ratios)
	t.remark("Medians of %d interleaved pairs, ratios from %s to %s; costs per event, of the last pair.", b.rounds(), times(low), times(high))
	t.remark("Round trips: what Redis read from its sockets; scripts that go together are one. Memory and file: what stays of an event in Redis")
	t.remark("(Petrel: instance, enforcement and execution; asynq keeps nothing) and what was appended to its file. Bytes: given to the store.")
	t.print(b.out)
}

func (f redisFigures) cells() []string {
	return []string{
		fmt.Sprintf("%.2f", f.scripts), fmt.Sprintf("%.2f", f.trips), micros(f.seconds),
		fmt.Sprintf("%.0f B", f.file), fmt.Sprintf("%.0f B", f.memory),
	}
}
