package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
)

// Invitations says how people are invited.
type Invitations struct {
	At              directory.Position
	RequireApproval bool            // an admin approves each before it is sent
	Expires         time.Duration   // how long a link works
	Reminders       []time.Duration // after the mail with the link, in ascending order
	RemindAt        Cron            // when reminders that are due go out
	MaxResends      int             // how often a new link may be sent
	MaxPerDay       int             // letters that are sent on a day, in UTC, to addresses of the organization's domains
	MaxOutside      int             // letters that are sent on a day to all other addresses
}

// The limits of invitations where a file says nothing, and the longest that it may ask for.
const (
	DefaultInvitation = 7 * 24 * time.Hour
	MostInvitation    = 90 * 24 * time.Hour
	DefaultResends    = 5
	DefaultPerDay     = 200_000
	DefaultOutside    = 500
	MostReminders     = 5
)

// invitationsTable is the table of the key "invitations".
func invitationsTable() *object[Invitations] {
	return &object[Invitations]{
		name: "invitations", noun: `"invitations"`, doc: "How people are invited.",
		keys: []key[Invitations]{
			in("require_approval", boolean(), func(i *Invitations) *bool { return &i.RequireApproval },
				"Whether an admin approves each invitation before it is sent.", "true"),
			in("expires", duration(), func(i *Invitations) *time.Duration { return &i.Expires },
				"How long the link in the mail works; 7d without it.", "7d"),
			in("reminders", listOf(duration(), "a list of durations"), func(i *Invitations) *[]time.Duration { return &i.Reminders },
				"How long after the mail with the link somebody who has not answered is reminded.", "[2d, 5d]"),
			in("remind_at", cronSchedule(), func(i *Invitations) *Cron { return &i.RemindAt },
				"At what times reminders that are due go out, as in a crontab: minute, hour, day, month, weekday; in UTC, or in the zone that CRON_TZ= before it names. Without it, at once.", "CRON_TZ=Europe/Berlin 0 9 * * 1-5"),
			in("max_resends", count(0), func(i *Invitations) *int { return &i.MaxResends },
				"How often one invitation may be sent again with a new link; 5 without it.", "5"),
			in("max_per_day", count(0), func(i *Invitations) *int { return &i.MaxPerDay },
				"How many letters with invitations may be sent on one day, in UTC, to addresses of the organization's own, proven domains; 200,000 without it.", "1000"),
			in("max_outside_per_day", count(0), func(i *Invitations) *int { return &i.MaxOutside },
				"The same for all other addresses; 500 without it, and 0 invites nobody from outside.", "50"),
		},
		start: func(at directory.Position) Invitations {
			return Invitations{At: at, Expires: DefaultInvitation, MaxResends: DefaultResends, MaxPerDay: DefaultPerDay, MaxOutside: DefaultOutside}
		},
		finish: func(d *decoder, n *node, i *Invitations) {
			slices.Sort(i.Reminders)
			if i.Expires > MostInvitation {
				d.fail(n.get("expires").at, "expires: a link would work for "+FormatDuration(i.Expires), "write at most "+FormatDuration(MostInvitation))
			}
			switch last := len(i.Reminders); {
			case last > MostReminders:
				d.fail(n.get("reminders").at, fmt.Sprintf("reminders: %d mails to somebody who does not answer", last), fmt.Sprintf("write at most %d", MostReminders))
			case last > 0 && i.Reminders[last-1] >= i.Expires:
				d.fail(n.get("reminders").at, fmt.Sprintf("reminders: after %s the link has expired, which works for %s", FormatDuration(i.Reminders[last-1]), FormatDuration(i.Expires)),
					"remind earlier, or write a longer expires")
			}
		},
	}
}

// fill puts the limits in place of a file without the key.
func (i *Invitations) fill() {
	if i.Expires == 0 {
		i.Expires, i.MaxResends, i.MaxPerDay, i.MaxOutside = DefaultInvitation, DefaultResends, DefaultPerDay, DefaultOutside
	}
}
