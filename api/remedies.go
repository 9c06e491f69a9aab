package api

import (
	"cmp"
	"strings"

	"github.com/mixus/usher/provision"
)

// remedy says what helps against a refusal, and with which commands.
func (r *Refusal) remedy() {
	code := provision.LoginCode(r.Code)
	if code == provision.LoginReplayed || code == provision.LoginExpired { // of a message, as of a sign-in
		r.Help = "Nothing has to be mended. The person starts again at the sign-in page; an old bookmark or the back button leads here."
		return
	}
	r.Help = helpFor(code)
	if r.Help == "" {
		r.Help = helpForMessage(r.Code)
	}
	for _, command := range commandsFor(r.Code) {
		if text, ok := r.fill(command); ok {
			r.Commands = append(r.Commands, text)
		}
	}
}

// helpFor says what helps against what the engine decided about a person; "" for what is no such decision.
func helpFor(code provision.LoginCode) string {
	switch code {
	case provision.LoginAwaiting:
		return "Let the person in, or tell them that they do not get in."
	case provision.LoginNotPushed:
		return "Assign the person to the application at the provider, wait until it has pushed them, and let them try again. To let people of the domain join by signing in, set auto_invite: true on it in the organization's file."
	case provision.LoginUnknownDomain:
		return "The domain has to be in the organization's file and proven to be its own; or the person used a private account, and has to choose the other one."
	case provision.LoginUnvouched:
		return "The provider has to say that it has verified the address: the claim email_verified, or xms_edov at Entra. Where the provider keeps the addresses itself, set trust_email: true under oidc."
	case provision.LoginAmbiguous:
		return "Find out which of the members is the person, and merge the others into that one."
	case provision.LoginNoRule:
		return "Give the person a role by a rule, by the domain's or the connection's default_role, or put them into a group at the provider that a rule names."
	case provision.LoginWaits:
		return "The person comes in when their phase of the rollout begins; a phase of its own can let them in earlier."
	case provision.LoginHeld:
		return "Somebody has to decide about the hold."
	case provision.LoginSuspended:
		return "The explanation says whether the provider, a rule or an admin did it. An admin's suspension is lifted by hand, anything else where it came from."
	case provision.LoginRemoved:
		return "If the person is to come back, lift the removal."
	case provision.LoginObserved:
		return "The pilot is over when the connection's state in the organization's file is active."
	case provision.LoginPaused:
		return "Set the connection's state to active in the organization's file."
	case provision.LoginRetired:
		return "The person has to use another connection; take the old link out of the provider's dashboard."
	case provision.LoginLockdown:
		return "Members sign in while a lockdown is on; whoever is none yet joins when it is over."
	case provision.LoginElsewhere:
		return "The person signs in at the provider of their domain or record. Only who came by an invitation, and is known to no provider, signs in by a code, a password or a passkey."
	case provision.LoginJoined, provision.LoginLinked, provision.LoginKnown, provision.LoginReplayed, provision.LoginExpired:
	}
	return ""
}

// helpForMessage says what helps against a message that was turned away before anybody could say whom it is about.
func helpForMessage(code string) string {
	switch code {
	case "denied":
		return "The provider itself did not let the person in. Its sign-in log says why; usually the person is not assigned to the application."
	case "unavailable":
		return "The provider did not answer, or answered nonsense. Try again; if it stays, test the connection."
	case "misconfigured":
		return "Our settings and the provider's do not fit; compare them."
	}
	return "The message was not one that this connection may believe. One alone may be an attack or a broken page; if everybody gets it, compare the settings with the provider's."
}

// commandsFor returns the commands that go with a refusal. WHO, ADDRESS, ORG and CONNECTION stand for what is filled in; one
// whose value is not known is left out.
func commandsFor(code string) []string {
	switch provision.LoginCode(code) {
	case provision.LoginAwaiting:
		return []string{`usher members approve WHO --organization ORG --reason "…"`}
	case provision.LoginUnknownDomain:
		return []string{"usher domain list --organization ORG"}
	case provision.LoginUnvouched:
		return []string{"usher connections show CONNECTION"}
	case provision.LoginAmbiguous:
		return []string{"usher members list --organization ORG --all --email ADDRESS"}
	case provision.LoginHeld:
		return []string{"usher holds list --organization ORG", "usher explain WHO --organization ORG"}
	case provision.LoginRemoved:
		return []string{"usher explain WHO --organization ORG", `usher members reactivate WHO --organization ORG --reason "…"`}
	case provision.LoginSuspended, provision.LoginNoRule, provision.LoginWaits, provision.LoginObserved, provision.LoginPaused, provision.LoginElsewhere:
		return []string{"usher explain WHO --organization ORG"}
	case provision.LoginLockdown:
		return []string{`usher lockdown ORG --off --reason "…"`}
	case provision.LoginRetired, provision.LoginNotPushed:
		return []string{"usher connections list --organization ORG"}
	case provision.LoginJoined, provision.LoginLinked, provision.LoginKnown, provision.LoginReplayed, provision.LoginExpired:
	}
	if code == "denied" {
		return nil
	}
	return []string{"usher connections test CONNECTION", "usher connections show CONNECTION"}
}

// fill puts the values of a refusal into a command. It reports false for a command that needs one which is not known.
func (r *Refusal) fill(command string) (string, bool) {
	address := r.Email
	if address == "" && r.Said != nil && len(r.Said.Addresses) > 0 {
		address = r.Said.Addresses[0]
	}
	values := map[string]string{
		"ORG": r.Organization, "CONNECTION": r.Connection, "ADDRESS": address, "WHO": "",
	}
	if r.Member != "" {
		values["WHO"] = cmp.Or(r.Email, r.Member)
	}
	words := strings.Fields(command)
	for i, word := range words {
		value, placeholder := values[word]
		if !placeholder {
			continue
		}
		if value == "" {
			return "", false
		}
		words[i] = quoteWord(value)
	}
	return strings.Join(words, " "), true
}

// quoteWord makes a word of a command line of what a provider sent.
func quoteWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@.-_+", r)
	}
	if text != "" && text[0] != '-' && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
