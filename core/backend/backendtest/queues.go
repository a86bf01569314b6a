package backendtest

import (
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/google/go-cmp/cmp"

	"github.com/petrelhq/petrel/core/backend"
)

var queues = []promise{
	{"a delivery is the item", deliveryIsItem},
	{"order is ready time, then push", queueOrder},
	{"queues are apart", queuesApart},
	{"max", queueMax},
	{"an id waits once and keeps its first body", pushTwice},
	{"a repeated push keeps the earlier time", pushEarlier},
	{"a repeated push with after 0 makes delayed work ready", pushHastens},
	{"a repeated push keeps the earlier time across a reopen", pushEarlierReopen},
	{"a push onto a leased item adds nothing", pushLeased},
	{"a push onto a leased item makes its retry no later", pushLeasedThenRetry},
	{"ack", ackEnds},
	{"ack and push of one id in one apply", ackAndPush},
	{"delay", delayed},
	{"retry", retry},
	{"retry with delay", retryDelayed},
	{"attempts count deliveries and survive a reopen", attempts},
	{"a lease can be lost", leaseLost},
	{"hold", hold},
	{"a reopen voids leases", reopenVoidsLeases},
	{"an acked item stays acked", ackedStaysAcked},
	{"what a queue holds", queueHolds},
}

func deliveryIsItem(s *subject) {
	want := backend.Item{Queue: "q", ID: "i/1 ü", Group: "g", Body: []byte{0, 1, 255}}
	s.must(backend.Push(want))
	d := s.pull("q", 1, want.ID)[0]
	same(s, "attempt", d.Attempt, 1)
	if diff := cmp.Diff(want, d.Item, cmpopts.IgnoreFields(backend.Item{}, "After")); diff != "" {
		s.Fatalf("item (-want +got)\n%s", diff)
	}
}

func queueOrder(s *subject) {
	s.must(push("q", "late", 2*short))
	s.must(push("q", "soon", short))
	s.must(push("q", "z", 0), push("q", "b", 0))
	s.must(push("q", "a", 0))
	s.pull("q", 9, "z", "b", "a")
	s.pull("q", 1, "soon")
	s.pull("q", 1, "late")
	s.idle("q")
}

func queuesApart(s *subject) {
	s.must(push("q", "i", 0), push("q2", "i", 0))
	s.must(backend.Ack(s.pull("q", 9, "i")[0]))
	s.idle("q")
	s.pull("q2", 9, "i")
}

func queueMax(s *subject) {
	s.must(push("q", "1", 0), push("q", "2", 0), push("q", "3", 0))
	s.pull("q", 2, "1", "2")
	s.pull("q", 2, "3")
}

func pushTwice(s *subject) {
	s.must(push("q", "i", 0))
	s.must(backend.Push(backend.Item{Queue: "q", ID: "i", Group: "other", Body: []byte("second")}))
	again := backend.Push(backend.Item{Queue: "q", ID: "j", Body: []byte("second")})
	s.must(push("q", "j", 0), again)
	ds := s.pull("q", 9, "i", "j")
	same(s, "body", string(ds[0].Body), "body of i")
	same(s, "group", ds[0].Group, "")
	same(s, "body", string(ds[1].Body), "body of j")
	s.idle("q")
}

func pushEarlier(s *subject) {
	s.must(push("q", "i", time.Hour), push("q", "j", 20*time.Millisecond))
	s.must(push("q", "i", 40*time.Millisecond))
	s.must(push("q", "i", 2*time.Hour), push("q", "j", time.Hour))
	s.pull("q", 1, "j")
	s.pull("q", 1, "i")
}

func pushHastens(s *subject) {
	s.must(push("q", "i", time.Hour), push("q", "j", 0))
	s.must(push("q", "i", 0))
	s.pull("q", 9, "j", "i")
}

func pushEarlierReopen(s *subject) {
	s.must(push("q", "i", time.Hour), push("q", "j", time.Hour))
	s.must(push("q", "i", 0))
	s.crash()
	s.pull("q", 9, "i")
	s.idle("q")
}

func pushLeased(s *subject) {
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	s.must(push("q", "i", 0))
	s.idle("q")
	s.must(backend.Ack(d))
	s.idle("q")
}

// pushLeasedThenRetry: the Push says there is reason to look again now, and came while
// a holder was about to say "later". It must not be lost.
func pushLeasedThenRetry(s *subject) {
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	s.must(push("q", "i", 0))
	s.must(backend.Retry(d, time.Hour))
	d = s.pull("q", 1, "i")[0]
	same(s, "attempt", d.Attempt, 2)
	s.must(backend.Retry(d, time.Hour))
	s.idle("q") // it counted once
}

func ackEnds(s *subject) {
	s.must(push("q", "i", 0))
	s.must(backend.Ack(s.pull("q", 1, "i")[0]), put("c/a", "done"))
	s.holds("c/a", "done")
	s.idle("q")
	s.must(backend.Push(backend.Item{Queue: "q", ID: "i", Body: []byte("second")}))
	d := s.pull("q", 1, "i")[0]
	same(s, "body", string(d.Body), "second")
	same(s, "attempt", d.Attempt, 1)
}

func ackAndPush(s *subject) {
	s.must(push("q", "i", 0), push("q", "j", 0))
	ds := s.pull("q", 2, "i", "j")
	second := backend.Push(backend.Item{Queue: "q", ID: "i", Body: []byte("second")})
	s.must(second, backend.Ack(ds[0])) // the Push takes effect after the Ack, whatever their order
	s.must(backend.Ack(ds[1]), push("q", "j", 0))
	ds = s.pull("q", 9, "i", "j")
	same(s, "body", string(ds[0].Body), "second")
	same(s, "attempt", ds[0].Attempt, 1)
	s.crash()
	same(s, "body after a reopen", string(s.pull("q", 9, "i", "j")[0].Body), "second")
}

func delayed(s *subject) {
	start := time.Now()
	s.must(push("q", "i", short), push("q", "past", -time.Hour))
	s.pull("q", 9, "past")
	s.pull("q", 9, "i")
	if took := time.Since(start); took < short-5*time.Millisecond {
		s.Fatalf("ready after %v, want %v", took, short)
	}
}

func retry(s *subject) {
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	s.must(backend.Retry(d, 0))
	e := s.pull("q", 1, "i")[0]
	same(s, "attempt", e.Attempt, 2)
	same(s, "body", string(e.Body), "body of i")
	s.fails(backend.ErrLeaseLost, backend.Ack(d))
	s.must(backend.Ack(e))
	s.idle("q")
}

func retryDelayed(s *subject) {
	s.must(push("q", "i", 0), push("q", "j", 0))
	ds := s.pull("q", 9, "i", "j")
	s.must(backend.Retry(ds[0], short), backend.Retry(ds[1], time.Hour))
	s.idle("q")
	s.pull("q", 9, "i")
	s.must(push("q", "j", 0))
	s.pull("q", 9, "j")
}

func attempts(s *subject) {
	s.must(push("q", "i", 0))
	s.must(backend.Retry(s.pull("q", 1, "i")[0], 0))
	same(s, "attempt", s.pull("q", 1, "i")[0].Attempt, 2)
	s.must() // whatever the Pull wrote is durable with this
	s.crash()
	same(s, "attempt after a crash in mid-work", s.pull("q", 1, "i")[0].Attempt, 3)
}

func leaseLost(s *subject) {
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	s.must(backend.Ack(d))
	unknown, forged := d, d
	unknown.Queue = "none"
	forged.Lease = "not a lease"
	for _, d := range []backend.Delivery{d, unknown, forged, {}} {
		s.fails(backend.ErrLeaseLost, backend.Ack(d), put("c/a", "x"))
		s.fails(backend.ErrLeaseLost, put("c/a", "x"), backend.Retry(d, 0))
		s.fails(backend.ErrLeaseLost, put("c/a", "x"), backend.Hold(d))
	}
	s.holds("c/a", "")
	s.must(push("q", "i", 0)) // the same id again is another item
	s.fails(backend.ErrLeaseLost, backend.Ack(d))
	s.pull("q", 9, "i")
	s.fails(backend.ErrLeaseLost, backend.Ack(d))
}

func hold(s *subject) {
	s.must(push("q", "i", 0))
	d := s.pull("q", 1, "i")[0]
	s.must(backend.Hold(d), put("c/a", "1"))
	s.must(backend.Hold(d), backend.Hold(d), put("c/a", "2"))
	s.must(backend.Hold(d), backend.Ack(d), put("c/a", "3"))
	s.fails(backend.ErrLeaseLost, backend.Hold(d), put("c/a", "4"))
	s.holds("c/a", "3")
}

func reopenVoidsLeases(s *subject) {
	s.must(push("q", "i", 0), push("q", "j", time.Hour), pushGroup("q", "k", "g"))
	ds := s.pull("q", 9, "i", "k")
	s.must()
	s.crash()
	s.fails(backend.ErrLeaseLost, backend.Ack(ds[0]))
	again := s.pull("q", 9, "i", "k")
	s.fails(backend.ErrLeaseLost, backend.Retry(ds[1], 0))
	s.must(each(again, backend.Ack)...)
	s.idle("q")
}

func ackedStaysAcked(s *subject) {
	s.must(push("q", "i", 0), push("q", "j", 0))
	s.must(backend.Ack(s.pull("q", 1, "i")[0]))
	s.crash()
	s.pull("q", 9, "j")
}

// queueHolds is for backends that are a Holder; both are.
func queueHolds(s *subject) {
	h := s.Backend.(backend.Holder)
	s.must(backend.Push(backend.Item{Queue: "q", ID: "waits", After: time.Hour}), backend.Push(backend.Item{Queue: "q", ID: "leased"}))
	d := s.pull("q", 1, "leased")[0]
	held := func(want ...bool) {
		s.Helper()
		got, err := h.Holds(s.ctx, "q", "waits", "leased", "none")
		if err != nil {
			s.Fatal(err)
		}
		same(s, "held", got, want)
	}
	held(true, true, false)
	s.must(backend.Ack(d))
	held(true, false, false)
}
