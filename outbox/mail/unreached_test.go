package mail_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
)

// saying starts a server that says something to whoever comes, and hangs up; it returns its address.
func saying(t *testing.T, words string) string {
	t.Helper()
	server, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(words))
			if words != "" {
				_, _ = conn.Read(make([]byte, 100)) // its greeting
			}
			_ = conn.Close()
		}
	}()
	return server.Addr().String()
}

// Whoever runs usher does something else about each of these.
func TestWhyTheMailServerCannotBeUsedIsToldApart(t *testing.T) {
	t.Setenv("MAIL_PASSWORD_OF_TESTS", "wrong")
	signedIn := func(s *mail.Sender) *mail.Sender {
		s.Settings.User = "usher"
		s.Password = func() (config.Secret, error) {
			return config.NewSecrets(&config.Operator{}, "").Read("the password of mail", "${env:MAIL_PASSWORD_OF_TESTS}")
		}
		return s
	}
	start := func(s *mailtest.Server) *mailtest.Server { return s.Start(t) }
	stopped := start(&mailtest.Server{})
	stopped.Stop()
	unknown := named("smtps", start(&mailtest.Server{Implicit: true}))
	unknown.Roots = nil
	otherName := named("smtps", start(&mailtest.Server{Implicit: true}))
	otherName.Settings.SMTP = strings.Replace(otherName.Settings.SMTP, "127.0.0.1", "localhost", 1)
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	slow := senderTo("smtp://" + silent.Addr().String())
	slow.Settings.Timeout = 200 * time.Millisecond
	for name, c := range map[string]struct {
		sender *mail.Sender
		want   string
	}{
		"nothing listens":   {senderTo("smtp://" + stopped.Address), "nothing listens there"},
		"no such host":      {senderTo("smtp://mail.invalid:25"), "DNS"},
		"says nothing":      {slow, "did not answer in time"},
		"not vouched for":   {unknown, "does not trust"},
		"another name":      {otherName, "for another host"},
		"no TLS":            {named("smtps", start(&mailtest.Server{})), "does not speak TLS from the start"},
		"no STARTTLS":       {named("smtp", start(&mailtest.Server{})), "offers no encryption (STARTTLS)"},
		"a wrong password":  {signedIn(senderTo("smtp://" + start(&mailtest.Server{User: "usher", Password: "right"}).Address)), "does not accept the user and password (535)"},
		"nobody to sign in": {signedIn(senderTo("smtp://" + saying(t, "220 mail\r\n250 mail\r\n"))), "offers no way of signing in"},
		"not this machine":  {senderTo("smtp://" + saying(t, "554 not for you\r\n")), "turns usher away (554)"},
		"gone":              {senderTo("smtp://" + saying(t, "")), "broke off"},
	} {
		err := c.sender.Send(t.Context(), hello())
		said := mail.Words(err)
		if err == nil || !mail.Temporary(err) || !mail.Unreachable(err) || !strings.Contains(said, c.want) || !strings.HasPrefix(said, "The mail server smtp") {
			t.Errorf("%s: want %q, got %q (%v)", name, c.want, said, err)
		}
		if directory.KindOf(err) != directory.Unavailable || strings.Contains(said, "wrong") && !strings.Contains(c.want, "wrong") {
			t.Errorf("%s: %q", name, said)
		}
	}
}
