package httpx_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
)

// writePair writes a self-signed certificate with a serial number, modified at an instant.
func writePair(t *testing.T, cert, key string, serial int64, at time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"usher.test"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCertificateIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	log := slog.New(slog.DiscardHandler)
	if _, err := httpx.LoadCertificate(cert, key, log); directory.KindOf(err) != directory.Invalid {
		t.Errorf("without files: %v", err)
	}
	writePair(t, cert, key, 1, time.Now().Add(-time.Hour))
	certificate, err := httpx.LoadCertificate(cert, key, log)
	if err != nil {
		t.Fatal(err)
	}
	s := &httpx.Server{
		Log: log, Certificate: certificate,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }),
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Start(listener)
	defer func() { _ = s.Shutdown(context.WithoutCancel(t.Context())) }()

	serial := func() int64 {
		dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // our own certificate, which nobody signed
		conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d", got)
	}
	writePair(t, cert, key, 2, time.Now().Add(-time.Minute))
	certificate.Reload()
	if got := serial(); got != 2 {
		t.Errorf("after a change: serial %d", got)
	}
	if err := os.WriteFile(cert, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate.Reload()
	if got := serial(); got != 2 {
		t.Errorf("after a change that does not load: serial %d", got)
	}
}
