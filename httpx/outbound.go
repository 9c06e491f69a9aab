package httpx

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/mixus/usher/directory"
)

// Outbound makes clients for addresses that customers configure, such as a provider's metadata: what they read is bounded,
// and they do not lead into the network that this server stands in.
//
// Where a connection leads is judged when it is dialed, by the address that the name resolved to, so that a name which
// resolves differently the second time, and a redirect, are judged too. Proxies of the environment are not used: behind
// one, nobody here would see where a connection leads.
type Outbound struct {
	// Allowed are networks that may be dialed although they are not public, such as that of a provider in one's own house.
	Allowed []netip.Prefix

	Timeout   time.Duration // of one request with its redirects and its body; 10 s when zero
	MostBytes int64         // of one answer's body; 1 MiB when zero
	Redirects int           // followed; 3 when zero, none when negative

	resolver *net.Resolver // the system's when nil; tests have one that lies
}

const (
	outboundTimeout   = 10 * time.Second
	outboundBytes     = 1 << 20
	outboundRedirects = 3
)

// Client returns a client of its own, with connections of its own. Its errors hold a *directory.Error where a limit or an
// address was the reason: Forbidden for an address, TooLarge for a body.
func (o Outbound) Client() *http.Client {
	if o.Timeout == 0 {
		o.Timeout = outboundTimeout
	}
	if o.MostBytes == 0 {
		o.MostBytes = outboundBytes
	}
	if o.Redirects == 0 {
		o.Redirects = outboundRedirects
	}
	dialer := &net.Dialer{Timeout: o.Timeout / 2, KeepAlive: 30 * time.Second, Control: o.control, Resolver: o.resolver}
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: o.redirect,
		Transport: &bounded{most: o.MostBytes, next: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    o.Timeout / 2,
			ResponseHeaderTimeout:  o.Timeout,
			IdleConnTimeout:        time.Minute,
			MaxIdleConns:           100,
			MaxIdleConnsPerHost:    4,
			MaxConnsPerHost:        32,
			MaxResponseHeaderBytes: 64 << 10,
		}},
	}
}

// control is called with each address that a name resolved to, before it is connected to.
func (o Outbound) control(_, address string, _ syscall.RawConn) error {
	port, err := netip.ParseAddrPort(address)
	if err != nil {
		return directory.Errorf(directory.Forbidden, "The address %q cannot be judged.", address)
	}
	addr := port.Addr().WithZone("").Unmap()
	for _, allowed := range o.Allowed {
		if allowed.Contains(addr) {
			return nil
		}
	}
	if !Public(addr) {
		return directory.Errorf(directory.Forbidden,
			"The name leads to %s, which is not an address of the public internet; if that is meant, the operator allows its network.", addr)
	}
	return nil
}

// redirect bounds how far a request is led, and never out of HTTPS.
func (o Outbound) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) > max(o.Redirects, 0):
		return errors.New("too many redirects")
	case r.URL.Scheme != "https" && via[0].URL.Scheme == "https":
		return errors.New("a redirect leads from HTTPS to " + r.URL.Scheme)
	}
	return nil
}

// bounded bounds what is read of an answer's body.
type bounded struct {
	next *http.Transport
	most int64
}

// RoundTrip sends a request, and refuses an answer that announces too much.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	w, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if w.ContentLength > b.most {
		_ = w.Body.Close()
		return nil, b.tooLarge(r.URL)
	}
	w.Body = &boundedBody{ReadCloser: w.Body, left: b.most, err: b.tooLarge(r.URL)}
	return w, nil
}

// CloseIdleConnections closes what http.Client.CloseIdleConnections means.
func (b *bounded) CloseIdleConnections() { b.next.CloseIdleConnections() }

func (b *bounded) tooLarge(u *url.URL) error {
	return directory.Errorf(directory.TooLarge, "What %s answers is larger than %d KiB.", u.Host, b.most>>10)
}

// boundedBody ends with an error, and not as if it were whole, when there is more than may be read.
type boundedBody struct {
	io.ReadCloser
	left int64
	err  error
}

// Read reads up to the bound.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n - 1, b.err
	}
	return n, err
}
