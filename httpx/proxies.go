package httpx

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/mixus/usher/directory"
)

// Proxies are the networks whose X-Forwarded-For and X-Request-Id are believed.
type Proxies []netip.Prefix

// ParseProxies reads addresses and prefixes in CIDR notation.
func ParseProxies(texts []string) (Proxies, error) {
	proxies := make(Proxies, 0, len(texts))
	for _, text := range texts {
		if prefix, err := netip.ParsePrefix(text); err == nil {
			proxies = append(proxies, prefix.Masked())
			continue
		}
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, directory.Errorf(directory.Invalid,
				"The trusted proxy %q is neither an address nor a prefix; write it like 10.0.0.0/8 or 192.0.2.7.", text)
		}
		addr = addr.Unmap()
		proxies = append(proxies, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return proxies, nil
}

// Trusts reports whether an address belongs to a trusted proxy.
func (p Proxies) Trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// client returns the address of the peer, whether it is a trusted proxy, and the address of the client: the rightmost
// of X-Forwarded-For that no trusted proxy has. What stands further left is the client's own claim.
func (p Proxies) client(r *http.Request) (client netip.Addr, proxied bool) {
	peer := peerAddr(r.RemoteAddr)
	if len(p) == 0 || !p.Trusts(peer) {
		return peer, false
	}
	client = peer
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; rest != ""; {
			comma := strings.LastIndexByte(rest, ',')
			addr, ok := forwarded(rest[comma+1:])
			if !ok {
				return client, true // what a trusted proxy wrote, and we cannot read, says nothing about its left
			}
			client = addr
			if !p.Trusts(addr) {
				return client, true
			}
			rest = rest[:max(comma, 0)]
		}
	}
	return client, true
}

func peerAddr(remote string) netip.Addr {
	port, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return port.Addr().Unmap().WithZone("")
}

// forwarded reads one item of X-Forwarded-For; some proxies add the port.
func forwarded(item string) (netip.Addr, bool) {
	item = strings.TrimSpace(item)
	if addr, err := netip.ParseAddr(item); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if port, err := netip.ParseAddrPort(item); err == nil {
		return port.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}
