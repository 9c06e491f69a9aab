package httpx

import (
	"net/netip"
	"sync"
	"time"
)

// Limits of a Limiter.
const (
	LimitWindow = time.Minute
	mostTracked = 4096
)

// Limiter counts what happens by key, such as the address of a client, in bounded memory. The zero value is ready, and
// counts by the minute. What is too much is for its user to say.
type Limiter[K comparable] struct {
	Window time.Duration // 0 means LimitWindow

	mu    sync.Mutex
	table map[K]counted
	swept time.Time
}

// counted is how often something happened since an instant.
type counted struct {
	since time.Time
	count int
}

// Count counts one more. It returns how many there were in this window, and how long the window still lasts.
func (l *Limiter[K]) Count(key K, now time.Time) (count int, left time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.table == nil {
		l.table = map[K]counted{}
	}
	c, known := l.table[key]
	if !known && len(l.table) >= mostTracked {
		l.makeRoom(now)
	}
	window := orElse(l.Window, LimitWindow)
	if !known || now.Sub(c.since) >= window || now.Before(c.since) {
		c = counted{since: now}
	}
	c.count++
	l.table[key] = c
	return c.count, window - now.Sub(c.since)
}

// makeRoom forgets windows that have ended, looking at most once a second, and else any one key.
func (l *Limiter[K]) makeRoom(now time.Time) {
	if now.Sub(l.swept) >= time.Second {
		l.swept = now
		for key, c := range l.table {
			if now.Sub(c.since) >= orElse(l.Window, LimitWindow) {
				delete(l.table, key)
			}
		}
	}
	for key := range l.table {
		if len(l.table) < mostTracked {
			return
		}
		delete(l.table, key)
	}
}

// Host returns what is counted together of clients' addresses: an IPv4 address, or the /64 that one IPv6 host can choose
// from. What is not an address is counted together too.
func Host(address string) netip.Prefix {
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
