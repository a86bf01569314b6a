package backendtest

import (
	"time"

	"github.com/petrelhq/petrel/core/backend"
)

var groups = []promise{
	{"a group has one holder", groupOneHolder},
	{"max never cuts a group", groupWhole},
	{"a group stands where its oldest item stands", groupOrder},
	{"a group is free when the last delivery ends", groupFreed},
	{"a retry frees a group", groupRetry},
	{"a group's delayed items wait", groupDelayed},
	{"groups of different queues are apart", groupsApart},
	{"a held group is free after a reopen", groupReopen},
	{"a blocked pull wakes when a group is freed", groupWakes},
}

func groupOneHolder(s *subject) {
	s.must(pushGroup("q", "1", "g"))
	held := s.pull("q", 9, "1")
	s.must(pushGroup("q", "2", "g"), pushGroup("q", "3", "h"), pushGroup("q", "4", "g"), push("q", "5", 0))
	s.pull("q", 9, "3", "5")
	s.idle("q")
	s.must(each(held, backend.Ack)...)
	s.pull("q", 9, "2", "4")
}

func groupWhole(s *subject) {
	s.must(pushGroup("q", "1", "g"), pushGroup("q", "2", "g"), pushGroup("q", "3", "g"))
	s.must(push("q", "4", 0), pushGroup("q", "5", "h"), pushGroup("q", "6", "h"), push("q", "7", 0))
	s.pull("q", 1, "1", "2", "3") // larger than max, and nobody else may have the rest
	s.pull("q", 2, "4")           // h does not fit any more; it is not cut, nor overtaken
	s.pull("q", 3, "5", "6", "7")
}

func groupOrder(s *subject) {
	s.must(push("q", "1", 0))
	s.must(pushGroup("q", "2", "g"))
	s.must(push("q", "3", 0))
	s.must(pushGroup("q", "4", "g"))
	s.pull("q", 9, "1", "2", "4", "3")
}

func groupFreed(s *subject) {
	s.must(pushGroup("q", "1", "g"), pushGroup("q", "2", "g"))
	ds := s.pull("q", 9, "1", "2")
	s.must(pushGroup("q", "3", "g"), backend.Ack(ds[0]))
	s.idle("q")
	s.must(backend.Ack(ds[1]))
	s.pull("q", 9, "3")
}

func groupRetry(s *subject) {
	s.must(pushGroup("q", "1", "g"), pushGroup("q", "2", "g"))
	ds := s.pull("q", 9, "1", "2")
	s.must(pushGroup("q", "3", "g"))
	s.must(backend.Retry(ds[0], 0))
	s.idle("q") // 1 waits again, but the holder still has 2
	s.must(backend.Retry(ds[1], time.Hour))
	s.pull("q", 9, "3", "1")
}

func groupDelayed(s *subject) {
	late := backend.Push(backend.Item{Queue: "q", ID: "2", Group: "g", After: short})
	s.must(late, pushGroup("q", "1", "g"), pushGroup("q", "3", "g"))
	first := s.pull("q", 9, "1", "3")
	s.idleFor("q", short+brief) // 2 is ready by now, and its group is held
	s.must(each(first, backend.Ack)...)
	s.pull("q", 9, "2")
}

func groupsApart(s *subject) {
	s.must(pushGroup("q", "1", "g"), pushGroup("q2", "1", "g"))
	s.pull("q", 9, "1")
	s.pull("q2", 9, "1")
}

func groupReopen(s *subject) {
	s.must(pushGroup("q", "1", "g"), pushGroup("q", "2", "g"), pushGroup("q", "3", "h"))
	ds := s.pull("q", 2, "1", "2")
	s.must(backend.Ack(ds[0]), pushGroup("q", "4", "g"))
	s.crash()
	ds = s.pull("q", 9, "2", "4", "3")
	s.must(pushGroup("q", "5", "g"))
	s.idle("q")
	s.must(each(ds, backend.Ack)...)
	s.pull("q", 9, "5")
}

func groupWakes(s *subject) {
	s.must(pushGroup("q", "1", "g"))
	held := s.pull("q", 9, "1")
	s.must(pushGroup("q", "2", "g"))
	got := s.pullLater("q")
	s.must(each(held, backend.Ack)...)
	same(s, "ids", idsOf(<-got), []string{"2"})
}
