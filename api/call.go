package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/auth"
)

// call is one request with who is asking.
type call struct {
	*fiber.Ctx
	s          *Server
	who        core.Identity
	permission string
}

// ctx ends with the request's deadline.
func (c *call) ctx() context.Context { return c.UserContext() }

// may says whether the caller may do what the route is for to one thing.
func (c *call) may(uid string) error { return c.s.Auth.May(c.who, c.permission, uid) }

const requestIDHeader = "X-Request-Id"

func requestID(fc *fiber.Ctx) string { return string(fc.Response().Header.Peek(requestIDHeader)) }

// first runs before every route: headers for everybody, the one form of the path, and
// the answer to OPTIONS.
func (s *Server) first(fc *fiber.Ctx) error {
	s.greet(fc)
	if fc.Method() == fiber.MethodOptions {
		fc.Response().SetStatusCode(fiber.StatusOK)
		return nil
	}
	path, err := canonical(fc.Path())
	if err != nil {
		return err
	}
	fc.Path(path)
	return fc.Next()
}

// greet sets the headers of every response.
// st2: rest-api reference, common conventions, headers.
func (s *Server) greet(fc *fiber.Ctx) {
	in, out := &fc.Request().Header, &fc.Response().Header
	if id := in.Peek(requestIDHeader); len(id) > 0 && len(id) <= maxRequestID {
		out.SetBytesV(requestIDHeader, id)
	} else {
		out.Set(requestIDHeader, newRequestID())
	}
	out.Set(fiber.HeaderAccessControlAllowOrigin, s.allowedOrigin(string(in.Peek(fiber.HeaderOrigin))))
	out.Set(fiber.HeaderAccessControlAllowMethods, "GET,POST,PUT,DELETE,OPTIONS")
	out.Set(fiber.HeaderAccessControlAllowHeaders, "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID")
	out.Set(fiber.HeaderAccessControlAllowCredentials, "true")
	out.Set(fiber.HeaderAccessControlExposeHeaders, "Content-Type,X-Limit,X-Total-Count,X-Request-ID")
}

const maxRequestID = 128 // bytes; longer ones are replaced

// allowedOrigin echoes an origin that may call, else names one that may.
// st2 differs: "*" is not turned into an echo, which would let every page use cookies.
func (s *Server) allowedOrigin(origin string) string {
	for _, o := range s.Origins {
		if o == origin {
			return origin
		}
	}
	return s.Origins[0]
}

// newRequestID returns a random UUID.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // crypto/rand.Read never returns an error
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	id := make([]byte, 0, 36)
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			id = append(id, '-')
		}
		id = hex.AppendEncode(id, b[[...]int{0, 4, 6, 8, 10}[i]:end])
	}
	return string(id)
}

// serve makes a Fiber handler of a route: who is asking, may they, until when.
func (s *Server) serve(r route) fiber.Handler {
	return func(fc *fiber.Ctx) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), s.Deadline)
		defer cancel()
		fc.SetUserContext(ctx)
		c := &call{Ctx: fc, s: s, permission: r.permission}
		if r.permission != anyone {
			if err := c.admit(); err != nil {
				return err
			}
		}
		if r.limit > 0 && len(fc.Request().Body()) > r.limit {
			return core.Errorf(core.TooLarge, "The request body is larger than %d bytes, the most this path takes.", r.limit)
		}
		return r.handle(c)
	}
}

// admit finds out who is asking and whether they may.
func (c *call) admit() error {
	cred := credentials(c.Ctx)
	who, err := c.s.Auth.Authenticate(c.ctx(), cred)
	if err != nil {
		return err
	}
	c.who = who
	if cred.Token != "" && cred.Location != auth.InCookie {
		c.giveCookie(cred.Token)
	}
	return c.may("")
}

// credentials takes the first that is there.
// st2: rest-api reference, authentication.
func credentials(fc *fiber.Ctx) auth.Credentials {
	in := &fc.Request().Header
	if v := in.Peek("X-Auth-Token"); len(v) > 0 {
		return auth.Credentials{Token: string(v), Location: auth.InHeader}
	}
	if v := in.Peek("St2-Api-Key"); len(v) > 0 {
		return auth.Credentials{Key: string(v), Location: auth.InHeader}
	}
	query := fc.Request().URI().QueryArgs()
	if v := query.Peek("x-auth-token"); len(v) > 0 {
		return auth.Credentials{Token: string(v), Location: auth.InQuery}
	}
	if v := query.Peek("st2-api-key"); len(v) > 0 {
		return auth.Credentials{Key: string(v), Location: auth.InQuery}
	}
	return auth.Credentials{Token: string(in.Cookie("auth-token")), Location: auth.InCookie}
}

// giveCookie hands a token back as a cookie, for pages that open streams.
func (c *call) giveCookie(token string) {
	left := c.who.Expiry.Sub(c.s.Store.Time())
	c.Cookie(&fiber.Cookie{
		Name: "auth-token", Value: token, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
		Secure: c.s.CertFile != "", MaxAge: int(left / time.Second), Path: "/",
	})
}
