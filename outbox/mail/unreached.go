package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"syscall"

	gomail "github.com/wneessen/go-mail"
)

// unreached says why the mail server could not be spoken to, and what to do about it. What the server or a library said is
// repeated only as a code.
func unreached(err error) string {
	var name *net.DNSError
	var answer *textproto.Error
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var certificate x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var garbage textproto.ProtocolError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "is not in the DNS; compare the spelling in usher.yaml"
	case errors.As(err, &name):
		return "could not be looked up; check the DNS of usher's machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses connections: nothing listens there; see whether it runs, and compare the port in usher.yaml"
	case errors.As(err, &authority):
		return "has a TLS certificate of an authority that usher's machine does not trust; let the server send the whole chain, or install the authority's certificate"
	case errors.As(err, &hostname):
		return "has a TLS certificate for another host; write the host of the certificate into usher.yaml"
	case errors.As(err, &certificate):
		return "has a TLS certificate that is not valid; look at its dates, and at the clock of usher's machine"
	case errors.As(err, &record):
		return "does not speak TLS from the start; write smtp:// into usher.yaml, where it offers STARTTLS"
	case errors.As(err, &answer) && (answer.Code == 530 || answer.Code == 534 || answer.Code == 535 || answer.Code == 538): // RFC 4954, section 6
		return fmt.Sprintf("does not accept the user and password (%d); compare user and password of mail in usher.yaml", answer.Code)
	case errors.As(err, &answer):
		return fmt.Sprintf("answers, and turns usher away (%d); ask who runs it whether usher's machine may send", answer.Code)
	case errors.As(err, &garbage):
		return "answers with something else than SMTP; compare host and port in usher.yaml"
	case errors.Is(err, gomail.ErrNoSupportedAuthDiscovered), errors.Is(err, gomail.ErrPlainAuthNotSupported), strings.Contains(err.Error(), "does not support SMTP AUTH"):
		return "offers no way of signing in that usher knows; leave out user and password of mail in usher.yaml, or use a port that asks for them, such as 587"
	case strings.Contains(err.Error(), "STARTTLS"):
		return "offers no encryption (STARTTLS), and mail does not leave this machine without; use another port, such as 587, or smtps:// in usher.yaml"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time; see whether a firewall is in between, and whether smtp:// or smtps:// fits the port"
	}
	return "broke off before it took mail; see what its log says"
}
