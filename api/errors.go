package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/store"
)

// statusOf is the one error table: what each kind of error is to an HTTP client.
func statusOf(k core.Kind) int {
	switch k {
	case core.Invalid:
		return fiber.StatusBadRequest
	case core.Unauthorized:
		return fiber.StatusUnauthorized
	case core.Forbidden:
		return fiber.StatusForbidden
	case core.NotFound:
		return fiber.StatusNotFound
	case core.Conflict:
		return fiber.StatusConflict
	case core.TooLarge:
		return fiber.StatusRequestEntityTooLarge
	case core.TooMany:
		return fiber.StatusTooManyRequests
	case core.Unavailable:
		return fiber.StatusServiceUnavailable
	}
	return fiber.StatusInternalServerError
}

// fault is the body of an error. st2: rest-api reference, error body.
type fault struct {
	Faultstring string `json:"faultstring"`
}

// conflictFault also names what is in the way, or null.
type conflictFault struct {
	Faultstring string  `json:"faultstring"`
	ConflictID  *string `json:"conflict-id"`
}

// fail answers a request that could not be served.
func (s *Server) fail(fc *fiber.Ctx, err error) error {
	if len(fc.Response().Header.Peek(requestIDHeader)) == 0 {
		s.greet(fc) // the server refused it before anything of ours ran
	}
	status, text, id := s.explain(fc, err)
	fc.Response().ResetBody()
	if status == fiber.StatusConflict {
		f := conflictFault{Faultstring: text}
		if id != "" {
			f.ConflictID = &id
		}
		return answer(fc, status, f)
	}
	return answer(fc, status, fault{Faultstring: text})
}

// explain finds status and text for an error, and logs those that are nobody's mistake.
func (s *Server) explain(fc *fiber.Ctx, err error) (status int, text, id string) {
	var fe *fiber.Error
	var ce *core.Error
	switch {
	case errors.As(err, &ce) && ce.Kind != core.Internal:
		if ce.Kind == core.Unavailable {
			s.Log.Warn("request refused", "request", requestID(fc), "method", fc.Method(), "path", fc.Path(), "error", err, "cause", ce.Err)
		}
		return statusOf(ce.Kind), ce.Msg, ce.ID
	case errors.As(err, &fe):
		return fe.Code, s.httpText(fc, fe), ""
	case errors.Is(err, context.DeadlineExceeded):
		s.Log.Warn("request took too long", "request", requestID(fc), "method", fc.Method(), "path", fc.Path(), "limit", s.Deadline)
		return fiber.StatusServiceUnavailable, fmt.Sprintf("The request took longer than %s; ask for less or try again.", s.Deadline), ""
	case errors.Is(err, store.ErrConflict):
		return fiber.StatusConflict, "The record was changed meanwhile; read it again and repeat.", ""
	}
	s.Log.Error("request failed", "request", requestID(fc), "method", fc.Method(), "path", fc.Path(), "error", err)
	return fiber.StatusInternalServerError, "Internal Server Error", ""
}

// httpText words what Fiber refuses by itself.
func (s *Server) httpText(fc *fiber.Ctx, e *fiber.Error) string {
	switch e.Code {
	case fiber.StatusNotFound:
		return "The resource could not be found."
	case fiber.StatusRequestEntityTooLarge:
		refuseRest(fc.Context().Conn())
		return fmt.Sprintf("The request body is larger than %d bytes, the most this server takes; the setting api.max_body changes that.", s.MaxBody)
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return "The request's headers and URL are larger than 16 KiB, the most this server takes."
	}
	return e.Message
}

// answer sends v as JSON.
func answer(fc *fiber.Ctx, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return answerRaw(fc, status, raw)
}

// answerRaw sends what is JSON already.
func answerRaw(fc *fiber.Ctx, status int, raw []byte) error {
	fc.Response().Header.SetContentType("application/json")
	fc.Response().SetStatusCode(status)
	fc.Response().SetBody(raw)
	return nil
}
