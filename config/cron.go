package config

import (
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"github.com/robfig/cron/v3"
)

// Cron is a schedule in the five fields of crontab(5), in UTC unless it begins with CRON_TZ=Europe/Berlin or another zone.
// The empty one is every instant.
type Cron string

// From returns the first instant of the schedule that is not before another.
func (c Cron) From(t time.Time) time.Time {
	schedule, err := cron.ParseStandard(string(c))
	if err != nil { // it is empty: others are checked where they are read
		return t
	}
	return schedule.Next(t.UTC().Add(-time.Nanosecond)).UTC()
}

// cronSchedule is a schedule that comes round.
func cronSchedule() value[Cron] {
	const fix = "write minute, hour, day, month and weekday, such as 0 9 * * 1-5 for nine o'clock on working days"
	text := checked("a cron schedule", noPlaceholder, jsonschema.Schema{MinLength: &one}, func(s string) (string, string, string) {
		if strings.Contains(s, "@every") { // it would count from whenever the program was started
			return "", "which is no cron schedule", fix
		}
		schedule, err := cron.ParseStandard(s)
		if err != nil {
			return "", "which is no cron schedule", fix
		}
		if schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
			return "", "which never comes", "write a day that the month has"
		}
		return s, "", ""
	})
	return value[Cron]{schema: text.schema, read: func(d *decoder, n *node, s spot) (Cron, bool) {
		kept, ok := text.read(d, n, s)
		return Cron(kept), ok
	}}
}
