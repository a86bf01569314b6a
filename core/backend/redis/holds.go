package redis

import (
	"context"
)

// Holds reports which ids wait in a queue or are leased. What a process held that has
// died counts as held until its lease has run out and others got it. See queues.lua.
func (s *Store) Holds(ctx context.Context, queue string, ids ...string) ([]bool, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	held := make([]bool, len(ids))
	if len(ids) == 0 {
		return held, nil
	}
	items, err := s.client.HMGet(ctx, s.tag()+":q:"+queue+":i", ids...).Result()
	if err != nil {
		return nil, s.unavailable(err)
	}
	for i, item := range items {
		held[i] = item != nil
	}
	return held, nil
}
