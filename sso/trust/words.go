package trust

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/oidc"
)

// placed puts the place of a connection's settings before what is wrong with them, as a *directory.Error in words for an
// admin; nil for nil.
func placed(settings *config.Connection, err error) error {
	if err == nil {
		return nil
	}
	key := "saml"
	if settings.OIDC != nil {
		key = "oidc"
	}
	kind := directory.KindOf(err)
	if kind == directory.Internal {
		kind = directory.Unavailable
	}
	at := settings.Places.Of(key, settings.At)
	return &directory.Error{Kind: kind, Message: at.Rule() + ": " + sentence(words(err)), Err: err}
}

// words says what went wrong, for an admin: what a library says only where it is known to be in words.
func words(err error) string {
	var public *directory.Error
	var refusal *identity.Refusal
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	var certificate x509.CertificateInvalidError
	var hostname x509.HostnameError
	var bad *oidc.AnswerError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &public):
		return public.Message
	case errors.As(err, &refusal):
		return refusal.Reason
	case errors.As(err, &bad):
		return bad.Text
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("there is no host %s in the DNS; compare the spelling", clip(name.Name))
	case errors.As(err, &name):
		return fmt.Sprintf("the address of %s could not be looked up; check this server's DNS", clip(name.Name))
	case errors.As(err, &authority):
		return "its TLS certificate is not from an authority that this server trusts; let the provider send the whole chain, or install the authority's certificate"
	case errors.As(err, &hostname):
		return "its TLS certificate is for another host; compare the spelling"
	case errors.As(err, &certificate):
		return "its TLS certificate is not valid; look at its dates, and at this server's clock"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at its address; see whether it runs, and compare the port"
	}
	return "it could not be reached; see whether it runs, and whether this server may reach it"
}

// sentence begins a text with a capital letter, unless it begins with our own name, and ends it with one full stop.
func sentence(text string) string {
	text = strings.TrimRight(text, ". ")
	if text == "" {
		return text
	}
	if strings.HasPrefix(text, "usher") {
		return text + "."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// clip makes a text from outside fit for a line of a log or a terminal.
func clip(text string) string {
	const most = 200
	out := make([]rune, 0, min(len(text), most))
	for _, r := range text {
		if len(out) == most {
			return string(out) + "…"
		}
		if r < ' ' || 0x7f <= r && r < 0xa0 || 0x2028 <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069 {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
