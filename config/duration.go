package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
)

// The units of a duration in files, largest first. A day is 24 hours and a week is seven days, whatever the calendar.
var durationUnits = [...]struct {
	letter byte
	length time.Duration
}{
	{'w', 7 * 24 * time.Hour},
	{'d', 24 * time.Hour},
	{'h', time.Hour},
	{'m', time.Minute},
	{'s', time.Second},
}

// maxDuration is the longest duration that a file may ask for: a hundred years.
const maxDuration = 100 * 365 * 24 * time.Hour

// ParseDuration reads "90d", "2w", "12h30m" or "7d12h": whole numbers of weeks, days, hours, minutes and seconds, from
// large to small, each unit at most once.
func ParseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration such as 90d, 2w or 12h30m", text)
	var total time.Duration
	unit, rest := 0, text
	for rest != "" {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 9 || digits == len(rest) {
			return 0, bad
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return 0, bad
		}
		for unit < len(durationUnits) && durationUnits[unit].letter != rest[digits] {
			unit++
		}
		if unit == len(durationUnits) {
			return 0, bad
		}
		length := durationUnits[unit].length
		if time.Duration(n) > (maxDuration-total)/length {
			return 0, fmt.Errorf("%q is longer than a hundred years", text)
		}
		total += time.Duration(n) * length
		rest = rest[digits+1:]
		unit++
	}
	if total <= 0 {
		return 0, bad
	}
	return total, nil
}

// FormatDuration writes a duration as ParseDuration reads it, to the second, in days and smaller units.
func FormatDuration(d time.Duration) string {
	var b strings.Builder
	for _, u := range durationUnits[1:] {
		if n := d / u.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(u.letter)
			d -= n * u.length
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// duration is the value of keys such as grant_for.
func duration() value[time.Duration] {
	return value[time.Duration]{
		schema: func(*definitions) *jsonschema.Schema {
			return &jsonschema.Schema{Type: "string", Pattern: `^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$`, MinLength: &one}
		},
		read: func(d *decoder, n *node, s spot) (time.Duration, bool) {
			if n.kind == isNumber {
				d.fail(n.at, fmt.Sprintf("%s is a number without a unit", s), fmt.Sprintf("write %sd for days, %sh for hours", short(n.text), short(n.text)))
				return 0, false
			}
			text, ok := d.text(n, s, "a duration such as 90d", noPlaceholder)
			if !ok {
				return 0, false
			}
			v, err := ParseDuration(text)
			if err != nil {
				d.fail(n.at, fmt.Sprintf("%s: %v", s, err), "write weeks, days, hours, minutes and seconds as in 2w, 90d, 12h30m")
				return 0, false
			}
			return v, true
		},
	}
}
