package config

import (
	"fmt"
	"time"

	"github.com/mixus/usher/directory"
)

// The limits of sessions where a file says nothing, and the longest that it may ask for.
const (
	DefaultIdle     = 12 * time.Hour
	DefaultAbsolute = 7 * 24 * time.Hour
	MostAbsolute    = 90 * 24 * time.Hour
)

// sessionsTable is the table of the key "sessions".
func sessionsTable() *object[Sessions] {
	return &object[Sessions]{
		name: "sessions", noun: `"sessions"`, doc: "How long people stay signed in.",
		keys: []key[Sessions]{
			in("idle", duration(), func(s *Sessions) *time.Duration { return &s.Idle }, "How long without doing anything; 12h without it.", "12h"),
			in("absolute", duration(), func(s *Sessions) *time.Duration { return &s.Absolute }, "How long at the most, until the provider is asked again; 7d without it.", "7d"),
		},
		start: func(at directory.Position) Sessions { return Sessions{At: at} },
		finish: func(d *decoder, n *node, s *Sessions) {
			if s.Absolute > MostAbsolute {
				d.fail(n.get("absolute").at, fmt.Sprintf("absolute: people would stay signed in for %s", FormatDuration(s.Absolute)), "write at most "+FormatDuration(MostAbsolute))
			}
			if s.Absolute > 0 && s.Idle > s.Absolute {
				d.fail(n.get("idle").at, fmt.Sprintf("idle: %s is longer than absolute, which is %s", FormatDuration(s.Idle), FormatDuration(s.Absolute)), "write at most "+FormatDuration(s.Absolute))
			}
		},
	}
}

// fill puts the limits in place that the file does not have.
func (s *Sessions) fill() {
	if s.Absolute == 0 {
		s.Absolute = max(DefaultAbsolute, s.Idle)
	}
	if s.Idle == 0 {
		s.Idle = min(DefaultIdle, s.Absolute)
	}
}
