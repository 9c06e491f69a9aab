package config_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d":      90 * 24 * time.Hour,
		"2w":       14 * 24 * time.Hour,
		"12h30m":   12*time.Hour + 30*time.Minute,
		"7d":       7 * 24 * time.Hour,
		"1w2d3h4s": (9*24+3)*time.Hour + 4*time.Second,
		"1s":       time.Second,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "-1d", "1.5h", "7 d", "1h1d", "1d1d", "0s", "7x", "99999999999d", "1000000000w", "٣d"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q was taken as %v", text, got)
		}
	}
}

func TestDurationsSurviveTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(1, 100*365*24*3600).Draw(t, "seconds")) * time.Second
		got, err := config.ParseDuration(config.FormatDuration(want))
		if err != nil || got != want {
			t.Fatalf("%v was written as %q and read as %v, %v", want, config.FormatDuration(want), got, err)
		}
	})
}
