package config

import (
	"testing"
	"time"
)

func TestCronFromIsTheFirstInstantNotBefore(t *testing.T) {
	friday := time.Date(2026, 10, 23, 18, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		cron     Cron
		at, want time.Time
	}{
		{"", friday, friday},
		{"0 9 * * 1-5", friday, time.Date(2026, 10, 26, 9, 0, 0, 0, time.UTC)},
		{"30 18 * * *", friday, friday},
		{"CRON_TZ=Europe/Berlin 0 9 * * 1-5", friday, time.Date(2026, 10, 26, 8, 0, 0, 0, time.UTC)},                    // winter time began on Sunday
		{"CRON_TZ=Europe/Berlin 0 9 * * *", friday.Add(-24 * time.Hour), time.Date(2026, 10, 23, 7, 0, 0, 0, time.UTC)}, // summer time
		{"@weekly", friday, time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC)},                                              // Sunday
		{"0 0 29 2 *", friday, time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC)},                                            // a leap year
	} {
		if got := c.cron.From(c.at); !got.Equal(c.want) {
			t.Errorf("%q from %s: %s, want %s", c.cron, c.at, got, c.want)
		}
	}
}
