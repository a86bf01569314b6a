package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/petrelhq/petrel/core"
	"github.com/petrelhq/petrel/core/backend"
	"github.com/petrelhq/petrel/core/backend/redis"
	"github.com/petrelhq/petrel/core/backend/redis/redistest"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "p@ss")
	s := open(t, "redis://:p%40ss@"+server.Addr+"/3", redis.Options{})
	must(t, s, backend.Put("c/a", []byte("1")))
	for _, url := range []string{"redis://" + server.Addr, "redis://:wrong@" + server.Addr} {
		_, err := redis.Open(t.Context(), url, redis.Options{Log: slog.New(slog.DiscardHandler)})
		if core.KindOf(err) != core.Unavailable || !strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	s := open(t, "rediss://"+addr+"?ca="+cert, redis.Options{})
	must(t, s, backend.Put("c/a", []byte("1")))
	eventually(t, "a complaint about the certificate", func() bool {
		_, err := redis.Open(t.Context(), "rediss://"+addr, redis.Options{Patience: time.Second, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			t.Fatal("a certificate that nobody vouches for is trusted")
		}
		return strings.Contains(err.Error(), "certificate")
	})
}

// certificate makes a certificate that signs itself.
func certificate(t *testing.T) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "EC PRIVATE KEY", secret)
}

// TestSentinel follows a failover: what was replicated is there, in a new epoch.
func TestSentinel(t *testing.T) {
	t.Parallel()
	primary := redistest.Start(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(primary.Addr)
	replica := redistest.Start(t, "--replicaof", host+" "+port)
	sentinel := redistest.StartSentinel(t, "mine", primary)
	s := open(t, "redis+sentinel://"+sentinel.Addr+"/mine", redis.Options{Patience: patience})
	before := must(t, s, push("1"))
	client := raw(t, primary.Addr)
	eventually(t, "replication", func() bool { return client.Wait(t.Context(), 1, time.Second).Val() == 1 })
	eventually(t, "a replica known to Sentinel", func() bool { return sentinel.Replicas("mine") == 1 })
	primary.Kill()
	if v := must(t, s, backend.Put("c/a", nil)); v < before+1<<32 {
		t.Errorf("version %d after %d: no epoch has begun", v, before)
	}
	if role := raw(t, replica.Addr).Info(t.Context(), "replication").Val(); !strings.Contains(role, "role:master") {
		t.Errorf("the write did not go to the replica: %s", role)
	}
	pull(t, s, "q", "1")
}
