package httpx

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Limits of a Limiter.
const (
	LimitWindow = time.Minute
	mostTracked = 4096
	roomMade    = mostTracked / 4
)

// Limiter counts what happens by key, such as the address of a client, in bounded memory. The zero value is ready, and
// counts by the minute. What is too much is for its user to say. Where there is no room for another key, those are
// forgotten that happened least: to have the count of one forgotten, somebody needs thousands of others that count as much.
type Limiter[K comparable] struct {
	Window time.Duration // 0 means LimitWindow

	mu    sync.Mutex
	table map[K]counted
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

// makeRoom forgets windows that have ended and, as far as that is not enough, the quarter of the keys with the lowest counts.
// It looks at every key, which takes less than a millisecond, and not again before there are a quarter as many new ones.
func (l *Limiter[K]) makeRoom(now time.Time) {
	counts := make([]int, 0, len(l.table))
	for key, c := range l.table {
		if now.Sub(c.since) >= orElse(l.Window, LimitWindow) {
			delete(l.table, key)
			continue
		}
		counts = append(counts, c.count)
	}
	excess := len(counts) - (mostTracked - roomMade)
	if excess <= 0 {
		return
	}
	slices.Sort(counts)
	most := counts[excess-1]
	below, _ := slices.BinarySearch(counts, most)
	alike := excess - below // so many of those with the highest count that goes
	for key, c := range l.table {
		switch {
		case c.count < most:
			delete(l.table, key)
		case c.count == most && alike > 0:
			alike--
			delete(l.table, key)
		}
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
