package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/outbox/mail/mailtest"
)

func at() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }

func hello() *mail.Message {
	return &mail.Message{ID: "m-1", To: "ann@acme.com", Subject: "Grüße von Acme", Text: "Hello Ann,\nwelcome.\n", HTML: "<p>Hello Ann</p>", At: at()}
}

func senderTo(url string) *mail.Sender {
	return &mail.Sender{
		Settings:  &config.Mail{SMTP: url, From: "Acme sign-in <usher@acme.com>", ReplyTo: "it@acme.com", Timeout: 5 * time.Second},
		PublicURL: "https://usher.acme.com:8443",
	}
}

// named reaches a server of this machine as one elsewhere is reached: by smtp:// under the name of its certificate.
func named(scheme string, s *mailtest.Server) *mail.Sender {
	out := senderTo(scheme + "://" + s.Address)
	if scheme == "smtp" {
		out = senderTo("smtp://" + mailtest.Name + ":25")
		out.DialTo(s.Address)
	}
	out.Roots = s.Roots
	return out
}

func one(t *testing.T, s *mailtest.Server) mailtest.Mail {
	t.Helper()
	mails := s.Mails()
	if len(mails) != 1 {
		t.Fatalf("the server was given %d mails, want one", len(mails))
	}
	return mails[0]
}

func TestAMailSaysWhatItIsAndNamesNoMachine(t *testing.T) {
	s := (&mailtest.Server{}).Start(t)
	if err := senderTo("smtp://"+s.Address).Send(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	got := one(t, s)
	if got.Hello != "usher.acme.com" || got.From != "usher@acme.com" || got.To != "ann@acme.com" {
		t.Errorf("greeted by %q, from %q to %q", got.Hello, got.From, got.To)
	}
	m := got.Message(t)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Grüße von Acme" {
		t.Errorf("the subject is %q (%v)", subject, err)
	}
	for name, want := range map[string]string{
		"From": `"Acme sign-in" <usher@acme.com>`, "To": "<ann@acme.com>", "Reply-To": "<it@acme.com>", "Message-Id": "<m-1@usher.acme.com>",
		"Auto-Submitted": "auto-generated", "Date": "Mon, 02 Nov 2026 09:00:00 +0000", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	host, err := os.Hostname()
	if err == nil && len(host) > 3 && strings.Contains(string(got.Data), host) {
		t.Errorf("the mail names this machine, %s", host)
	}
	body, err := io.ReadAll(m.Body)
	if err != nil || !strings.Contains(string(body), "Hello Ann,") || !strings.Contains(string(body), "<p>Hello Ann</p>") ||
		!strings.HasPrefix(m.Header.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("the body is %s\n%s (%v)", m.Header.Get("Content-Type"), body, err)
	}
}

func TestElsewhereThanOnThisMachineMailIsEncryptedOrNotSent(t *testing.T) {
	for name, c := range map[string]struct {
		scheme string
		server *mailtest.Server
		sent   bool
	}{
		"STARTTLS":                     {"smtp", &mailtest.Server{Encrypted: true}, true},
		"from the start":               {"smtps", &mailtest.Server{Implicit: true}, true},
		"not offered":                  {"smtp", &mailtest.Server{}, false},
		"not from the start":           {"smtps", &mailtest.Server{}, false},
		"with a password, not offered": {"smtp", &mailtest.Server{User: "usher", Password: "s3cret"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.server.Start(t)
			err := named(c.scheme, s).Send(t.Context(), hello())
			if (err == nil) != c.sent || len(s.Mails()) > 0 != c.sent {
				t.Fatalf("sent %v: %v", len(s.Mails()) > 0, err)
			}
			if c.sent && !one(t, s).Encrypted {
				t.Error("it was sent in clear")
			}
			if !c.sent && !mail.Temporary(err) {
				t.Errorf("not worth another try: %v", err)
			}
		})
	}
}

func TestACertificateThatNobodyVouchesForIsNotBelieved(t *testing.T) {
	s := (&mailtest.Server{Encrypted: true}).Start(t)
	out := named("smtp", s)
	out.Roots = nil
	if err := out.Send(t.Context(), hello()); err == nil || len(s.Mails()) > 0 {
		t.Errorf("%d mails went to a server whom nobody knows: %v", len(s.Mails()), err)
	}
}

func TestAPasswordIsAskedForEachMailAndNeverSaid(t *testing.T) {
	for _, scheme := range []string{"smtp", "smtps"} {
		s := (&mailtest.Server{Encrypted: scheme == "smtp", Implicit: scheme == "smtps", User: "usher", Password: "s3cret-2"}).Start(t)
		out := named(scheme, s)
		out.Settings.User = "usher"
		secrets := config.NewSecrets(&config.Operator{}, t.TempDir())
		out.Password = func() (config.Secret, error) {
			return secrets.Read("the password of mail", "${env:MAIL_PASSWORD_OF_TESTS}")
		}
		err := out.Send(t.Context(), hello())
		if err == nil || !mail.Temporary(err) || !strings.Contains(err.Error(), "MAIL_PASSWORD_OF_TESTS") {
			t.Errorf("without a password: %v", err)
		}
		t.Setenv("MAIL_PASSWORD_OF_TESTS", "s3cret-1")
		if err = out.Send(t.Context(), hello()); err == nil || !mail.Temporary(err) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("with a wrong password: %v", err)
		}
		t.Setenv("MAIL_PASSWORD_OF_TESTS", "s3cret-2")
		if err = out.Send(t.Context(), hello()); err != nil || one(t, s).User != "usher" {
			t.Errorf("with the right password: %v", err)
		}
		t.Setenv("MAIL_PASSWORD_OF_TESTS", "")
	}
}

func TestOnThisMachineAPasswordNeedsNoEncryption(t *testing.T) {
	s := (&mailtest.Server{User: "usher", Password: "s3cret"}).Start(t)
	t.Setenv("MAIL_PASSWORD_OF_TESTS", "s3cret")
	out := senderTo("smtp://" + s.Address)
	out.Settings.User = "usher"
	out.Password = func() (config.Secret, error) {
		return config.NewSecrets(&config.Operator{}, "").Read("the password of mail", "${env:MAIL_PASSWORD_OF_TESTS}")
	}
	if err := out.Send(t.Context(), hello()); err != nil || one(t, s).User != "usher" {
		t.Error(err)
	}
}

func TestWhatIsForGoodAndWhatIsForNow(t *testing.T) {
	for code, temporary := range map[int]bool{450: true, 421: true, 452: true, 550: false, 553: false} {
		s := (&mailtest.Server{Refuse: func(string) error { return mailtest.Answer(code, "no") }}).Start(t)
		err := senderTo("smtp://"+s.Address).Send(t.Context(), hello())
		if err == nil || mail.Temporary(err) != temporary || len(s.Mails()) > 0 {
			t.Errorf("%d: temporary %v, want %v: %v", code, mail.Temporary(err), temporary, err)
		}
		var public *directory.Error
		if !errors.As(err, &public) || strings.Contains(public.Message, "ann@") || !strings.Contains(public.Message, s.Address) {
			t.Errorf("%d is told as %v", code, err)
		}
	}
	s := (&mailtest.Server{}).Start(t)
	s.Stop()
	if err := senderTo("smtp://"+s.Address).Send(t.Context(), hello()); err == nil || !mail.Temporary(err) {
		t.Errorf("a server that is down: %v", err)
	}
}

func TestAServerThatSaysNothingIsNotWaitedForLong(t *testing.T) {
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	out := senderTo("smtp://" + silent.Addr().String())
	out.Settings.Timeout = 200 * time.Millisecond
	began := time.Now()
	if err := out.Send(t.Context(), hello()); err == nil || !mail.Temporary(err) || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestNothingBecomesASecondHeaderOrRecipient(t *testing.T) {
	s := (&mailtest.Server{}).Start(t)
	for name, change := range map[string]func(*mail.Message){
		"a subject of two lines":  func(m *mail.Message) { m.Subject = "Hello\r\nBcc: all@acme.com" },
		"a subject with a return": func(m *mail.Message) { m.Subject = "Hello\rBcc: all@acme.com" },
		"no subject":              func(m *mail.Message) { m.Subject = "" },
		"two recipients":          func(m *mail.Message) { m.To = "ann@acme.com, bob@acme.com" },
		"a recipient's line":      func(m *mail.Message) { m.To = "ann@acme.com\r\nBcc: all@acme.com" },
		"a recipient's name":      func(m *mail.Message) { m.To = "Ann <ann@acme.com>" },
		"a quoted recipient":      func(m *mail.Message) { m.To = "\"ann\r\nRCPT TO:<all@acme.com>\"@acme.com" },
		"an id of two lines":      func(m *mail.Message) { m.ID = "a>\r\nBcc: all@acme.com" },
		"no id":                   func(m *mail.Message) { m.ID = "" },
	} {
		m := hello()
		change(m)
		if err := senderTo("smtp://"+s.Address).Send(t.Context(), m); directory.KindOf(err) != directory.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.Mails()); n > 0 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestAServerWithAnAddressForAHostIsGreetedInBrackets(t *testing.T) {
	s := (&mailtest.Server{}).Start(t)
	for url, want := range map[string]string{"http://127.0.0.1:8080": "[127.0.0.1]", "http://[::1]:8080": "[IPv6:::1]", "http://localhost": "localhost"} {
		out := senderTo("smtp://" + s.Address)
		out.PublicURL = url
		if err := out.Send(t.Context(), hello()); err != nil {
			t.Fatal(err)
		}
		if got := s.Mails()[len(s.Mails())-1].Hello; got != want {
			t.Errorf("%s: greeted by %q, want %q", url, got, want)
		}
	}
}

// Who waits for the answer to a whole mail as short as for any other makes the server get it twice.
func TestTheAnswerToAWholeMailHasItsOwnTime(t *testing.T) {
	s := (&mailtest.Server{SlowEnd: 600 * time.Millisecond}).Start(t)
	out := senderTo("smtp://" + s.Address)
	out.Settings.Timeout = 300 * time.Millisecond
	if err := out.Send(t.Context(), hello()); err != nil {
		t.Errorf("with ten minutes: %v", err)
	}
	out.Answer = 200 * time.Millisecond
	err := out.Send(t.Context(), hello())
	if err == nil || mail.Temporary(err) || mail.Unreachable(err) || !mail.Unanswered(err) || !strings.Contains(mail.Words(err), "may have arrived") {
		t.Errorf("with less than it takes: %v", err)
	}
}

// Only where the server has the whole mail nobody knows.
func TestWhetherAMailMayHaveArrived(t *testing.T) {
	for at, unknown := range map[mailtest.Point]bool{
		mailtest.AtSender: false, mailtest.AtRecipient: false, mailtest.AtData: false, mailtest.AtBody: false, mailtest.AtAnswer: true,
	} {
		s := (&mailtest.Server{Drop: func(now mailtest.Point) bool { return now == at }}).Start(t)
		err := senderTo("smtp://"+s.Address).Send(t.Context(), hello())
		if err == nil || mail.Unanswered(err) != unknown || mail.Temporary(err) == unknown || len(s.Mails()) > 0 != unknown {
			t.Errorf("hanging up at the %s: %d mails were taken: %v", at, len(s.Mails()), err)
		}
	}
}

func TestAMailIsHandedOverOnlyOnceItsSenderIsReady(t *testing.T) {
	s := (&mailtest.Server{}).Start(t)
	m := hello()
	m.Handing = func() error { return errors.New("not now") }
	if err := senderTo("smtp://"+s.Address).Send(t.Context(), m); err == nil || !mail.Temporary(err) || mail.Unanswered(err) {
		t.Errorf("a sender that is not ready: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	m.Handing = func() error { stop(); return nil }
	if err := senderTo("smtp://"+s.Address).Send(ctx, m); err == nil || !mail.Temporary(err) || mail.Unanswered(err) {
		t.Errorf("a sender that is stopped: %v", err)
	}
	m.Handing = func() error {
		if n := len(s.Mails()); n > 0 {
			t.Errorf("the server has %d mails before", n)
		}
		return nil
	}
	if err := senderTo("smtp://"+s.Address).Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	one(t, s)
}
