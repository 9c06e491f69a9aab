// Package mailtest is a real mail server for tests: it listens on this machine, and keeps what it is given.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Name is the name in the server's certificate.
const Name = "mail.acme.example"

// Server is a mail server. Its fields are set before Start.
type Server struct {
	Encrypted bool   // it offers STARTTLS
	Implicit  bool   // it is encrypted from the start
	User      string // who may send; "" for everybody
	Password  string

	// Refuse answers a recipient; nil takes it. 450 and 550 answers are made by Answer.
	Refuse func(to string) error

	// Drop reports whether the server hangs up at a point of the dialogue instead of going on; nil never does.
	Drop func(at Point) bool
	// Slow is how long the server takes to answer a recipient, and SlowEnd the end of a mail, which it keeps before.
	Slow, SlowEnd time.Duration
	// Babble is what the server says to everybody who comes instead of speaking SMTP.
	Babble string

	Address string         // host:port, once it was started; the same when it is started again
	Roots   *x509.CertPool // who vouches for its certificate, once it was started

	mu     sync.Mutex
	mails  []Mail
	server *smtp.Server
	listen net.Listener
}

// Point is a point of the dialogue about one mail.
type Point string

// The points of the dialogue.
const (
	AtSender    Point = "sender"
	AtRecipient Point = "recipient"
	AtData      Point = "data"   // the mail is coming
	AtBody      Point = "body"   // a part of it has come
	AtAnswer    Point = "answer" // the mail was kept, and the client was not told so
)

// Mail is one mail that the server took.
type Mail struct {
	Hello     string // how the client introduced itself
	Encrypted bool
	User      string // who signed in to send it
	From, To  string // of the envelope
	Data      []byte
}

// Message reads the mail's header and body.
func (m Mail) Message(t testing.TB) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// Answer is an answer of the server's: 4xx for now, 5xx for good.
func Answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCodeNotSet, Message: text}
}

// Start starts the server. It stops with the test.
func (s *Server) Start(t testing.TB) *Server {
	t.Helper()
	certificate, roots, err := certify()
	if err != nil {
		t.Fatal(err)
	}
	if s.Address == "" {
		s.Address = "127.0.0.1:0"
	}
	var listener net.Listener
	listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	s.Address, s.Roots = listener.Addr().String(), roots
	server := smtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth = Name, !s.Encrypted && !s.Implicit
	server.ReadTimeout, server.WriteTimeout = 10*time.Second, 10*time.Second
	server.ErrorLog = quiet{}
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if s.Encrypted {
		server.TLSConfig = settings
	}
	if s.Implicit {
		listener = tls.NewListener(listener, settings)
	}
	s.server, s.listen = server, listener
	done := make(chan error, 1)
	serve := server.Serve
	if s.Babble != "" {
		serve = s.babble
	}
	go func() { done <- serve(listener) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

// babble says the same to everybody and hangs up.
func (s *Server) babble(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		_, _ = io.WriteString(conn, s.Babble) // who is gone does not hear it
		_ = conn.Close()
	}
}

// Stop stops the server; Start starts it again at the same address. What it was given it keeps.
func (s *Server) Stop() {
	_ = s.server.Close() // closed already is closed
	_ = s.listen.Close() // the server knows of it only once it serves
}

// Mails returns what the server was given so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// NewSession begins to serve a client.
func (s *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &session{server: s, conn: c, mail: Mail{Hello: c.Hostname(), Encrypted: encrypted}}, nil
}

// session is one client.
type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
}

// drops hangs up where the server is to.
func (s *session) drops(at Point) error {
	if s.server.Drop == nil || !s.server.Drop(at) {
		return nil
	}
	_ = s.conn.Conn().Close() // which is what is wanted
	return net.ErrClosed
}

// AuthMechanisms returns how clients may sign in.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth begins to sign a client in.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.User || password != s.server.Password {
			return smtp.ErrAuthFailed
		}
		s.mail.User = user
		return nil
	}), nil
}

// Mail takes the sender.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.User != "" && s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return s.drops(AtSender)
}

// Rcpt takes a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	time.Sleep(s.server.Slow)
	if err := s.drops(AtRecipient); err != nil {
		return err
	}
	if s.server.Refuse != nil {
		if err := s.server.Refuse(to); err != nil {
			return err
		}
	}
	s.mail.To = to
	return nil
}

// Data takes a mail.
func (s *session) Data(r io.Reader) error {
	if err := s.drops(AtData); err != nil {
		return err
	}
	part := make([]byte, 100)
	if _, err := io.ReadFull(r, part); err != nil {
		return err
	}
	if err := s.drops(AtBody); err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	taken := s.mail
	taken.Data = append(part, data...)
	s.server.mu.Lock()
	s.server.mails = append(s.server.mails, taken)
	s.server.mu.Unlock()
	time.Sleep(s.server.SlowEnd)
	return s.drops(AtAnswer)
}

// Reset forgets the mail under way.
func (s *session) Reset() { s.mail.From, s.mail.To = "", "" }

// Logout ends the session.
func (s *session) Logout() error { return nil }

// quiet says nothing of clients that hang up.
type quiet struct{}

// Printf says nothing.
func (quiet) Printf(string, ...any) {}

// Println says nothing.
func (quiet) Println(...any) {}

// certify makes a certificate for the server, which vouches for itself.
func certify() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: Name}, DNSNames: []string{Name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
