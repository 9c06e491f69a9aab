package provision

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Refused is a sign-in, or a sign-out, that was turned away before anybody could say whom it is about: a message that does
// not hold, or a provider's own no.
type Refused struct {
	Org     directory.OrgNum
	Conn    directory.ConnNum
	Request string // the id of the HTTP request
	Method  string // "saml", "oidc"
	Code    string // the kind of refusal, in a word
	Reason  string // what was wrong, in words; it may hold what the message said
}

// attributeReason is the value of an entry that tells what was wrong. It stands beside the entry and not in it, since a
// provider's own words can name a person.
const attributeReason = "reason"

// Refuse journals a refusal, and returns the reference by which the helpdesk finds it again.
func (e *Engine) Refuse(ctx context.Context, in Refused) (string, error) {
	reference := ""
	reason, err := json.Marshal(in.Reason)
	if err != nil {
		return "", err
	}
	cause := directory.Cause{Kind: directory.CauseLogin, ID: in.Request, Actor: in.Method}
	err = e.update(ctx, in.Org, cause, func(s *settlement) error {
		entry := s.newEntry(kindRefused)
		entry.Conn, entry.Notes = in.Conn, []string{"refused: " + in.Code}
		p := &pending{entry: entry}
		p.say([]directory.DetailValue{{Attribute: attributeReason, After: reason}})
		if err := s.append([]*pending{p}); err != nil {
			return err
		}
		reference = Reference(entry)
		return nil
	})
	return reference, err
}

// logged begins a reference to a line of the log alone: of refusals that came too fast to be journalled, or that concern no
// organization.
const logged = "LOG-"

// LogReference returns a reference to the lines of the log about a request.
func LogReference(request string) string {
	return logged + strings.ToUpper(request[:min(8, len(request))])
}

// Refusal finds a sign-in that was refused by the reference that the person was shown. It is a NotFound error for what is
// no reference of the organization.
func (e *Engine) Refusal(ctx context.Context, org directory.OrgNum, reference string) (*JournalLine, error) {
	if request, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(reference)), logged); ok {
		return nil, directory.Errorf(directory.NotFound, "The reference %s is in the log alone: look for a request_id that begins with %s.", logged+request, strings.ToLower(request))
	}
	var found *JournalLine
	err := e.Store.View(ctx, func(tx store.Tx) (err error) {
		found = nil
		seq, check, ok := referenceNumber(reference)
		if !ok {
			return nil
		}
		line, err := lineOf(tx, seq)
		if err != nil || line == nil || line.Org != org || line.Kind != kindRefused && line.Kind != kindAwaiting || referenceCheck(&line.Entry) != check {
			return err
		}
		found = line
		return nil
	})
	if err == nil && found == nil {
		err = directory.Errorf(directory.NotFound, "There is no refused sign-in %q in this organization; a reference looks like 2P4-K7QD.", reference)
	}
	return found, err
}

// LooksLikeReference reports whether a text has the form of a reference, of which there need not be an entry.
func LooksLikeReference(text string) bool {
	if request, ok := strings.CutPrefix(text, logged); ok {
		return request != "" && len(request) <= 8 && !strings.ContainsFunc(request, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
		})
	}
	digits, check, found := strings.Cut(text, "-")
	_, _, ok := referenceNumber(text)
	return found && ok && len(check) == 4 && strings.Trim(digits+check, referenceDigits) == ""
}
