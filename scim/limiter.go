package scim

import (
	"net/netip"
	"sync"
	"time"
)

// Limits on refused tokens.
const (
	failuresAllowed  = 20 // per address and window; the next one is answered 429
	failureWindow    = time.Minute
	addressesTracked = 4096
)

// limiter counts refused tokens by client address, in bounded memory. The zero value is ready.
//
// It slows guessing and the log lines that guessing makes; it never shuts out a valid token, because a provider may share
// its address with whoever guesses, and a token of 128 random bits needs no other protection.
type limiter struct {
	mu    sync.Mutex
	table map[netip.Prefix]failures
	swept time.Time
}

// failures is how often an address was refused since an instant.
type failures struct {
	since time.Time
	count int
}

// fail counts a refusal. It returns how many there were in this window, and how long the window still lasts.
func (l *limiter) fail(address string, now time.Time) (count int, left time.Duration) {
	key := addressKey(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.table == nil {
		l.table = map[netip.Prefix]failures{}
	}
	f, known := l.table[key]
	if !known && len(l.table) >= addressesTracked {
		l.makeRoom(now)
	}
	if !known || now.Sub(f.since) >= failureWindow || now.Before(f.since) {
		f = failures{since: now}
	}
	f.count++
	l.table[key] = f
	return f.count, failureWindow - now.Sub(f.since)
}

// makeRoom forgets windows that have ended, looking at most once a second, and else any one address.
func (l *limiter) makeRoom(now time.Time) {
	if now.Sub(l.swept) >= time.Second {
		l.swept = now
		for key, f := range l.table {
			if now.Sub(f.since) >= failureWindow {
				delete(l.table, key)
			}
		}
	}
	for key := range l.table {
		if len(l.table) < addressesTracked {
			return
		}
		delete(l.table, key)
	}
}

// addressKey returns what is counted together: an IPv4 address, or the /64 that one IPv6 host can choose from. What is
// not an address is counted together too.
func addressKey(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return netip.Prefix{}
		}
		a = ap.Addr()
	}
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
