package redis

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// quietFor is how long the connection for wake-ups may be silent before it is asked
// whether it lives, and how long it then has to answer.
const quietFor = 3 * time.Second

// wakes are all who wait for wake-ups, and the one connection these come on.
type wakes struct {
	s *Store

	mu       sync.Mutex
	channels map[string]*channel
	conn     *goredis.PubSub // nil while there is none
	closed   bool

	telling sync.Mutex // one change of what Redis sends at a time
}

// channel is one of Redis's channels.
type channel struct {
	live bool // Redis has confirmed it on the present connection
	subs map[chan struct{}]func() bool
}

func newWakes(s *Store) *wakes { return &wakes{s: s, channels: map[string]*channel{}} }

func (s *Store) queueChannel(queue string) string { return s.tag() + ":q:" + queue }
func (s *Store) topicChannel(topic string) string { return s.tag() + ":t:" + topic }

// Publish wakes the subscribers of topic in all processes.
func (s *Store) Publish(ctx context.Context, topic string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	_, err := s.try(ctx, func(int) (any, error) {
		return nil, s.client.Publish(ctx, s.topicChannel(topic), "").Err()
	})
	return err
}

// Subscribe returns a channel that is closed when ctx is done or the store closes.
func (s *Store) Subscribe(ctx context.Context, topic string) (<-chan struct{}, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	ch := make(chan struct{}, 1)
	s.wakes.add(ctx, s.topicChannel(topic), ch)
	return ch, nil
}

// add makes ch receive the wake-ups of a channel until ctx is done, the first when Redis
// has confirmed: whatever happens after is told.
func (w *wakes) add(ctx context.Context, name string, ch chan struct{}) {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		close(ch)
		return
	}
	c := w.channels[name]
	begin := c == nil
	if begin {
		c = &channel{subs: map[chan struct{}]func() bool{}}
		w.channels[name] = c
	}
	if c.live {
		wake(ch)
	}
	c.subs[ch] = context.AfterFunc(ctx, func() { w.remove(name, ch) })
	w.mu.Unlock()
	if begin {
		w.tell(name)
	}
}

// tell has Redis send a channel exactly if somebody waits for it by now.
func (w *wakes) tell(name string) {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Lock()
	conn, wanted := w.conn, w.channels[name] != nil
	w.mu.Unlock()
	if conn == nil {
		return // the next connection begins with all channels
	}
	if wanted {
		_ = conn.Subscribe(w.s.ctx, name) // listen sees a lost connection
		return
	}
	_ = conn.Unsubscribe(w.s.ctx, name)
}

func (w *wakes) remove(name string, ch chan struct{}) {
	w.mu.Lock()
	c := w.channels[name]
	if c == nil || c.subs[ch] == nil {
		w.mu.Unlock()
		return // the store's close was first
	}
	delete(c.subs, ch)
	close(ch)
	last := len(c.subs) == 0
	if last {
		delete(w.channels, name)
	}
	w.mu.Unlock()
	if last {
		w.tell(name)
	}
}

// run listens until the store closes, on one connection after the other.
func (w *wakes) run() {
	for n := 0; w.s.ctx.Err() == nil; n++ {
		conn := w.connect()
		if w.listen(conn) {
			n = 0
		}
		w.disconnect(conn)
		_ = w.s.sleep(w.s.ctx, pauseAfter(n))
	}
	w.close()
}

// connect subscribes to everything; it succeeds with the first confirmation.
func (w *wakes) connect() *goredis.PubSub {
	w.mu.Lock()
	names := make([]string, 0, len(w.channels)+1)
	names = append(names, w.s.tag()) // there is always one, or the connection could not listen
	for name := range w.channels {
		names = append(names, name)
	}
	conn := w.s.client.Subscribe(w.s.ctx)
	w.conn = conn
	w.mu.Unlock()
	_ = conn.Subscribe(w.s.ctx, names...) // listen finds out
	return conn
}

func (w *wakes) disconnect(conn *goredis.PubSub) {
	w.mu.Lock()
	w.conn = nil
	for _, c := range w.channels {
		c.live = false
	}
	w.mu.Unlock()
	_ = conn.Close()
}

// listen passes wake-ups on until the connection is lost; it reports whether there was one.
func (w *wakes) listen(conn *goredis.PubSub) (worked bool) {
	stop := context.AfterFunc(w.s.ctx, func() { _ = conn.Close() })
	defer stop()
	for asked := false; ; {
		m, err := conn.ReceiveTimeout(w.s.ctx, quietFor)
		var timeout net.Error
		switch {
		case err == nil:
			asked, worked = false, true
			w.pass(m)
		case errors.As(err, &timeout) && timeout.Timeout() && !asked:
			asked = true
			if conn.Ping(w.s.ctx) != nil {
				return worked
			}
		default:
			return worked
		}
	}
}

func (w *wakes) pass(m any) {
	switch m := m.(type) {
	case *goredis.Message:
		w.fire(m.Channel, false)
	case *goredis.Subscription:
		if m.Kind == "subscribe" {
			w.fire(m.Channel, true)
		}
	}
}

// fire wakes all who wait for a channel.
func (w *wakes) fire(name string, confirmed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[name]
	if c == nil {
		return
	}
	c.live = c.live || confirmed
	for ch := range c.subs {
		wake(ch)
	}
}

func (w *wakes) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.channels {
		for ch, stop := range c.subs {
			stop()
			close(ch)
		}
	}
	clear(w.channels)
	w.closed = true
}

// wake leaves one token in ch unless there is one already.
func wake(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
