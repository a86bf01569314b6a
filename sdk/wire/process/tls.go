//go:build !wasip1

package process

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// mutualTLS makes this process's certificate, which lives as long as it does, and a
// configuration that lets in nobody but the owner of clientPEM.
func mutualTLS(clientPEM string) (certificate []byte, c *tls.Config, err error) {
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM([]byte(clientPEM)) {
		return nil, nil, errors.New("PLUGIN_CLIENT_CERT holds no certificate: the server must use AutoMTLS")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("the plugin cannot make its key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, ownTemplate(), ownTemplate(), key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("the plugin cannot make its certificate: %w", err)
	}
	return der, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{"h2"},
	}, nil
}

// ownTemplate is a certificate that go-plugin's client takes for its own authority, made
// out to the name it asks for.
func ownTemplate() *x509.Certificate {
	const name = "localhost"
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Petrel"}},
		DNSNames:              []string{name},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.AddDate(30, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}
