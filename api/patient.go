package api

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A connection closed with unread bytes is reset, and the client loses the answer that
// was under way. So after refusing a body that is too large, the rest of it is read and
// thrown away for a moment.
const (
	patience    = time.Second
	maxPatience = 64 << 20 // bytes
)

type patientListener struct{ net.Listener }

// Accept implements net.Listener.
func (l patientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c}, nil
}

type patientConn struct {
	net.Conn
	refused atomic.Bool // the client is still sending what we do not want
}

// Close implements net.Conn.
func (c *patientConn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.refused.Load() && half.CloseWrite() == nil {
		_ = c.Conn.SetReadDeadline(time.Now().Add(patience))
		_, _ = io.CopyN(io.Discard, c.Conn, maxPatience)
	}
	return c.Conn.Close()
}

// refuseRest marks a connection whose client is still sending.
func refuseRest(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if p, ok := c.(*patientConn); ok {
		p.refused.Store(true)
	}
}
