package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// Sender hands mail to the mail server of usher.yaml. It keeps no connection, and may be used by several at once.
type Sender struct {
	Settings  *config.Mail
	PublicURL string // under whose host mail is sent: the server is greeted with it, and each Message-ID ends in it

	// Password returns the present password. It is asked for each mail, so that one that was rotated is used at once. Nil
	// where the server asks for none.
	Password func() (config.Secret, error)

	Roots *x509.CertPool // who may vouch for the server; the system's when nil

	// Answer is how long the server has to say whether it takes a mail once it has the whole of it; ten minutes when zero. The
	// timeout of the settings is for everything before.
	Answer time.Duration

	dial gomail.DialContextFunc // net's when nil; tests reach this machine under another name
}

// Send hands a mail over, and returns nil once the server has taken it. Temporary says of an error whether trying again can
// help, and Unanswered whether the server may have taken the mail all the same. When the context ends, Send breaks off.
func (s *Sender) Send(ctx context.Context, m *Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	dialing, cancel := context.WithTimeout(ctx, s.Settings.Timeout)
	defer cancel()
	line, err := client.DialToSMTPClientWithContext(dialing)
	if err != nil {
		return s.problem(unreached(err), directory.Unavailable, &unreachable{err})
	}
	if err := s.hand(ctx, line, m, msg); err != nil {
		_ = line.Text.Close()
		return err
	}
	if line.UpdateDeadline(goodbye) == nil { // what was taken is taken, however they part
		_ = client.CloseWithSMTPClient(line)
	}
	_ = line.Text.Close()
	return nil
}

// Temporary reports whether an error of Send may be another one later. What is not temporary is a mail that the server
// refuses for good.
func Temporary(err error) bool { return directory.KindOf(err) == directory.Unavailable }

// unreachable is why no mail at all can be handed over.
type unreachable struct{ cause error }

func (u *unreachable) Error() string { return u.cause.Error() }
func (u *unreachable) Unwrap() error { return u.cause }

// Unreachable reports whether an error of Send is about the server as a whole, so that no other mail would fare better now.
func Unreachable(err error) bool {
	var u *unreachable
	return errors.As(err, &u)
}

// longestWords is how much of a server's answer is kept.
const longestWords = 500

// Words returns what a server said when it did not take a mail, in one line; where it said nothing, what Send makes of it.
// They are for admins: they may hold the address.
func Words(err error) string {
	text := "The mail could not be sent."
	var answer *textproto.Error
	var known *directory.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &answer) && !Unreachable(err) && !Unanswered(err):
		text = fmt.Sprintf("%d %s", answer.Code, answer.Msg)
	case errors.As(err, &known):
		text = known.Message
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = oneLine(text)
	if runes := []rune(text); len(runes) > longestWords {
		text = string(runes[:longestWords])
	}
	return text
}

func (s *Sender) problem(what string, kind directory.Kind, cause error) error {
	return &directory.Error{Kind: kind, Message: fmt.Sprintf("The mail server %s %s.", s.Settings.SMTP, what), Err: cause}
}

// client makes the client of one mail. Encryption is never given up for want of it, except towards this machine.
func (s *Sender) client() (*gomail.Client, error) {
	at, err := url.Parse(s.Settings.SMTP)
	if err != nil {
		return nil, s.problem("is no address", directory.Invalid, err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		return nil, s.problem("has no port", directory.Invalid, err)
	}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(s.Settings.Timeout), gomail.WithHELO(s.greeting()), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithTLSConfig(&tls.Config{ServerName: at.Hostname(), RootCAs: s.Roots, MinVersion: tls.VersionTLS12}),
	}
	if s.dial != nil {
		options = append(options, gomail.WithDialContextFunc(s.dial))
	}
	switch {
	case at.Scheme == "smtps":
		options = append(options, gomail.WithSSL())
	case loopback(at.Hostname()):
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Settings.User != "" && s.Password != nil {
		password, err := s.Password()
		if err != nil {
			return nil, s.problem("cannot be signed in to: its password is not there", directory.Unavailable, err)
		}
		auth := gomail.SMTPAuthAutoDiscover
		if at.Scheme != "smtps" && loopback(at.Hostname()) {
			auth = gomail.SMTPAuthPlainNoEnc // nobody listens in between
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.Settings.User), gomail.WithPassword(password.Reveal()))
	}
	client, err := gomail.NewClient(at.Hostname(), options...)
	if err != nil {
		return nil, s.problem("cannot be used as usher.yaml has it", directory.Invalid, err)
	}
	return client, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// host is the host of the public URL, without a port.
func (s *Sender) host() string {
	if u, err := url.Parse(s.PublicURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// greeting is what the server is greeted with: a name, or an address in brackets (RFC 5321, section 4.1.3).
func (s *Sender) greeting() string {
	host := s.host()
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return host
	case ip.To4() == nil:
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}
