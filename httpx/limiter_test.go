package httpx

import (
	"net/netip"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func TestLimiterCountsByKeyAndMinute(t *testing.T) {
	var l Limiter[string]
	for i := 1; i <= 25; i++ {
		if n, left := l.Count("192.0.2.1", noon.Add(time.Duration(i)*time.Second)); n != i || left <= 0 || left > time.Minute {
			t.Fatalf("number %d counted as %d, %s left", i, n, left)
		}
	}
	if n, _ := l.Count("192.0.2.2", noon); n != 1 {
		t.Errorf("another key starts at %d", n)
	}
	if n, _ := l.Count("192.0.2.1", noon.Add(2*time.Minute)); n != 1 {
		t.Errorf("the next window starts at %d", n)
	}
	longer := Limiter[string]{Window: time.Hour}
	longer.Count("a", noon)
	if n, left := longer.Count("a", noon.Add(2*time.Minute)); n != 2 || left != 58*time.Minute {
		t.Errorf("in a window of an hour: %d, %s left", n, left)
	}
}

func TestLimiterCountsWhatOneHostCanChooseFromTogether(t *testing.T) {
	var l Limiter[netip.Prefix]
	count := func(address string) int {
		n, _ := l.Count(Host(address), noon)
		return n
	}
	count("2001:db8:1:2::1")
	if n := count("2001:db8:1:2:ffff::9"); n != 2 {
		t.Errorf("two addresses of one /64 are counted apart: %d", n)
	}
	if n := count("2001:db8:1:3::1"); n != 1 {
		t.Errorf("two /64 are counted together: %d", n)
	}
	count("::ffff:192.0.2.1")
	if n := count("192.0.2.1:4711"); n != 2 {
		t.Errorf("a mapped address, or one with a port, is counted apart: %d", n)
	}
	count("garbage")
	if n := count("other garbage"); n != 2 {
		t.Errorf("what is not an address is counted apart: %d", n)
	}
}

func TestLimiterForgetsInTimeAndStaysBounded(t *testing.T) {
	var l Limiter[int]
	for i := range 3 * mostTracked {
		l.Count(i, noon)
		if len(l.table) > mostTracked {
			t.Fatalf("%d keys are tracked", len(l.table))
		}
	}
	for i := 3 * mostTracked; len(l.table) < mostTracked; i++ {
		l.Count(i, noon)
	}
	l.Count(-1, noon.Add(2*time.Minute))
	if len(l.table) != 1 {
		t.Errorf("%d keys are left of windows that have ended", len(l.table))
	}
}

// TestLimiterKeepsWhoIsLimited: whoever has many addresses cannot have the count of one of them forgotten, nor that of
// somebody else.
func TestLimiterKeepsWhoIsLimited(t *testing.T) {
	var l Limiter[int]
	for range 20 {
		l.Count(-1, noon)
	}
	for i := range 100_000 {
		l.Count(i, noon)
		l.Count(i, noon)
	}
	if n, _ := l.Count(-1, noon); n != 21 {
		t.Errorf("the 21st is counted as %d", n)
	}
}

// BenchmarkLimiter counts keys that are always new, so that there is never room.
func BenchmarkLimiter(b *testing.B) {
	var l Limiter[int]
	i := 0
	for b.Loop() {
		l.Count(i, noon)
		i++
	}
}
