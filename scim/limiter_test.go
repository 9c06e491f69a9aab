package scim

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiterCountsByAddressAndMinute(t *testing.T) {
	var l limiter
	for i := 1; i <= 25; i++ {
		if n, left := l.fail("192.0.2.1", noon.Add(time.Duration(i)*time.Second)); n != i || left <= 0 || left > time.Minute {
			t.Fatalf("failure %d counted as %d, %s left", i, n, left)
		}
	}
	if n, _ := l.fail("192.0.2.2", noon); n != 1 {
		t.Errorf("another address starts at %d", n)
	}
	if n, _ := l.fail("192.0.2.1", noon.Add(2*time.Minute)); n != 1 {
		t.Errorf("the next window starts at %d", n)
	}
}

func TestLimiterCountsWhatOneHostCanChooseFromTogether(t *testing.T) {
	var l limiter
	l.fail("2001:db8:1:2::1", noon)
	if n, _ := l.fail("2001:db8:1:2:ffff::9", noon); n != 2 {
		t.Errorf("two addresses of one /64 are counted apart: %d", n)
	}
	if n, _ := l.fail("2001:db8:1:3::1", noon); n != 1 {
		t.Errorf("two /64 are counted together: %d", n)
	}
	l.fail("::ffff:192.0.2.1", noon)
	if n, _ := l.fail("192.0.2.1:4711", noon); n != 2 {
		t.Errorf("a mapped address, or one with a port, is counted apart: %d", n)
	}
	l.fail("garbage", noon)
	if n, _ := l.fail("other garbage", noon); n != 2 {
		t.Errorf("what is not an address is counted apart: %d", n)
	}
}

func TestLimiterForgetsInTimeAndStaysBounded(t *testing.T) {
	var l limiter
	for i := range 3 * addressesTracked {
		l.fail(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), noon)
		if len(l.table) > addressesTracked {
			t.Fatalf("%d addresses are tracked", len(l.table))
		}
	}
	l.fail("192.0.2.1", noon.Add(2*time.Minute))
	if len(l.table) != 1 {
		t.Errorf("%d addresses are left of windows that have ended", len(l.table))
	}
}
