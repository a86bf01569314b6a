package redistest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Sentinel is a Redis Sentinel that decides alone.
type Sentinel struct{ *Server }

// StartSentinel starts a Sentinel that watches a primary under a name and fails over when
// it has been silent for a fifth of a second. It ends with the test.
func StartSentinel(t testing.TB, name string, primary *Server) Sentinel {
	t.Helper()
	host, port, _ := net.SplitHostPort(primary.Addr)
	s := &Server{t: t, dir: dataDir(t), Addr: freeAddr(t)}
	_, own, _ := net.SplitHostPort(s.Addr)
	conf := filepath.Join(s.dir, "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor %s %s %s 1\nsentinel down-after-milliseconds %s 200\nsentinel failover-timeout %s 2000\n",
		own, name, host, port, name, name)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.args, s.ready = []string{conf, "--sentinel"}, "+monitor"
	s.Restart()
	t.Cleanup(s.Kill)
	return Sentinel{s}
}

// Replicas is how many replicas the Sentinel knows.
func (s Sentinel) Replicas(name string) int {
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return 0
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "SENTINEL replicas %s\r\n", name); err != nil {
		return 0
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "*")))
	return n
}
