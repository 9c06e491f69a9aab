package provision

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
)

func closedNote(h *directory.Hold) string {
	switch h.State {
	case directory.HoldApproved:
		return "everybody who waited was let pass"
	case directory.HoldDismissed:
		return "everybody who waited stays as they are"
	case directory.HoldOpen:
	}
	return "nobody waits any more: the facts moved back, or were overtaken"
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return strconv.Itoa(n) + " people"
}

// HoldMessage says what waits, how many and against what, from what cause, and what was already done.
func HoldMessage(h *directory.Hold) string {
	if h.Kind == directory.HoldLastAdmin {
		return "The last active admin would go, and stays until there is another."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: beyond %d within %s, usually %s. ", people(h.Waiting), waitWords(h), h.Limit, ShortDuration(h.Window), usually(h.Usual))
	fmt.Fprintf(&b, "Cause: %s. ", causeWords(h.Cause))
	if h.Passed == 0 {
		b.WriteString("Before the brake it took effect for nobody in that time.")
	} else {
		fmt.Fprintf(&b, "Before the brake it took effect for %s in that time.", people(h.Passed))
	}
	if h.Kind == BrakeSuspensions {
		b.WriteString(" Who waits signs in as far as their provider lets them.")
	}
	switch h.State {
	case directory.HoldApproved:
		fmt.Fprintf(&b, " %s approved it; that is being carried out.", h.Decided.Actor)
	case directory.HoldDismissed:
		fmt.Fprintf(&b, " %s dismissed it; that is being carried out.", h.Decided.Actor)
	case directory.HoldOpen:
	}
	return b.String()
}

// HoldAdvice says what to do about a hold, in a line for each case.
func HoldAdvice(h *directory.Hold) []string {
	id := h.ID.String()
	switch {
	case h.Kind == directory.HoldLastAdmin:
		return []string{"Make somebody else admin: it then takes effect by itself."}
	case h.State != directory.HoldOpen:
		return nil
	}
	return []string{
		fmt.Sprintf("Who they are: `usher holds show %s`.", id),
		fmt.Sprintf("If it is meant, as when people left: `usher holds approve %s --reason WHY`.", id),
		fmt.Sprintf("If it is an accident: mend it at the provider, and who is mended leaves the hold; `usher holds undo %s --reason WHY` puts back who was done already (all but those whom --except names).", id),
		fmt.Sprintf("If they shall stay as they are now: `usher holds dismiss %s --reason WHY`.", id),
	}
}

// holdLog is all of it in one line.
func holdLog(h *directory.Hold) string {
	return strings.Join(append([]string{HoldMessage(h)}, HoldAdvice(h)...), " ")
}

func waitWords(h *directory.Hold) string {
	verb := "wait"
	if h.Waiting == 1 {
		verb = "waits"
	}
	switch h.Kind {
	case BrakeSuspensions:
		return verb + " to be suspended"
	case BrakeRoleLosses:
		return verb + " to lose their role"
	case BrakeTopRoleGains:
		return verb + " to get the top role"
	}
	return fmt.Sprintf("%s to lose what the group %q gave them", verb, h.Name)
}

// usually says how many there are in a window on average.
func usually(rate float64) string {
	switch {
	case rate == 0:
		return "none"
	case rate < 1:
		return "less than one"
	}
	return fmt.Sprintf("%.0f", rate)
}

// causeWords names the cause of a hold for people.
func causeWords(c directory.Cause) string {
	switch c.Kind {
	case directory.CauseSCIM:
		return strings.TrimSpace("a push of " + c.Actor + request(c.ID))
	case directory.CauseAdmin:
		return "an act of " + c.Actor
	case directory.CausePolicy:
		return "revision " + c.ID + " of the policy, by " + c.Actor
	case directory.CauseTime:
		return "time that ran out"
	case directory.CauseLogin:
		return "a sign-in" + request(c.ID)
	case directory.CauseJob:
	}
	return "a job" + request(c.ID)
}

func request(id string) string {
	if id == "" {
		return ""
	}
	return " (" + id + ")"
}

// ShortDuration writes a duration as files do: 1h, 24h, 1h30m.
func ShortDuration(d time.Duration) string {
	text := d.String()
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if text == "" || text == "1" {
		return d.String()
	}
	return text
}
