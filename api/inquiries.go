package api

import (
	"encoding/json"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/execution"
	"github.com/petrelhq/petrel/core/store"
)

var inquiryAttributes = attributes{
	all:    []string{"id", "route", "ttl", "users", "roles", "schema"},
	always: []string{"id"},
}

// writeInquiry appends what an execution asks. st2: rest-api reference, inquiries.
func writeInquiry(b []byte, x *core.Execution, p *picked) ([]byte, error) {
	q, err := execution.InquiryOf(x)
	if err != nil {
		return nil, err
	}
	o := begin(b, p)
	o.text("id", x.ID)
	o.text("route", q.Route)
	o.number("ttl", q.TTL)
	list(o, "users", q.Users)
	list(o, "roles", q.Roles)
	o.objectOr("schema", q.Schema)
	return o.end()
}

// listInquiries lists those that wait for an answer, the newest first.
func (c *call) listInquiries() error {
	pick, err := c.pick(inquiryAttributes)
	if err != nil {
		return err
	}
	p, err := c.paging(20)
	if err != nil {
		return err
	}
	pending := found[core.Execution]{where: []store.Is{{Index: store.ByStatus, Value: string(core.Pending)}}}
	xs, total, err := page(c.ctx(), c.s.Store.Executions(), pending, p, func(x *core.Execution) core.Time { return x.Start })
	if err != nil {
		return err
	}
	xs = slices.DeleteFunc(xs, func(x *core.Execution) bool { return x.Status != core.Pending }) // answered meanwhile
	return sendList(c, xs, total, p, func(b []byte, x *core.Execution) ([]byte, error) { return writeInquiry(b, x, pick) })
}

func (c *call) getInquiry() error {
	x, err := c.s.Store.Executions().Get(c.ctx(), c.Params("id"))
	if err != nil {
		return noInquiry(err, c.Params("id"))
	}
	return sendOne(c, fiber.StatusOK, x, func(b []byte, x *core.Execution) ([]byte, error) { return writeInquiry(b, x, nil) })
}

// noInquiry st2 differs: there, the text is empty.
func noInquiry(err error, id string) error {
	if core.KindOf(err) == core.NotFound {
		return core.Errorf(core.NotFound, "Inquiry \"%s\" not found", id)
	}
	return err
}

// putInquiry answers an inquiry.
func (c *call) putInquiry() error {
	var body struct {
		Response json.RawMessage `json:"response"`
	}
	if err := c.object(c.s.bodies.inquiry, &body); err != nil {
		return err
	}
	id := c.Params("id")
	a := execution.Answer{User: c.who.User, Admin: c.s.Auth.Admin(c.who), Response: body.Response}
	err := c.s.Store.Update(c.ctx(), store.Wait, func(tx *store.Tx) error {
		_, err := c.s.Engine.Respond(c.ctx(), tx, id, a)
		return err
	})
	if err != nil {
		return noInquiry(err, id)
	}
	return answer(c.Ctx, fiber.StatusOK, map[string]any{"id": id, "response": body.Response})
}
