package main

import (
	"testing"
	"time"
)

func TestUntilWhen(t *testing.T) {
	now := time.Date(2026, 11, 2, 14, 30, 20, 500, time.FixedZone("CET", 3600))
	for text, want := range map[string]string{
		"2027-01-31T18:00:00Z": "2027-01-31T18:00:00Z",
		"18:00":                "2026-11-02T18:00:00+01:00",
		"09:15":                "2026-11-03T09:15:00+01:00",
		"8h":                   "2026-11-02T22:30:20+01:00",
		"2d":                   "2026-11-04T14:30:20+01:00",
	} {
		at, err := untilWhen(text, now)
		if err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("--until %s is %s (%v), want %s", text, at.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"", "soon", "25:00", "-1h", "2027-01-31"} {
		if at, err := untilWhen(text, now); err == nil {
			t.Errorf("--until %q was taken for %s", text, at)
		}
	}
}
