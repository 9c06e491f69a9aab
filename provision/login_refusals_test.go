package provision_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

func TestAMessageThatIsNotBelievedIsJournalled(t *testing.T) {
	w := newWorld(t, open)
	reference, err := w.engine.Refuse(t.Context(), provision.Refused{
		Org: w.org, Conn: w.conns["okta"], Request: "request-1", Method: "saml", Code: "invalid", Reason: "The answer is for bob@acme.com.",
	})
	w.must(err)
	line, err := w.engine.Refusal(t.Context(), w.org, reference)
	w.must(err)
	if line.Kind != "login.refused" || line.Conn != w.conns["okta"] || line.Cause.Actor != "saml" || line.Cause.ID != "request-1" || len(line.Subjects) != 0 {
		t.Errorf("it is told as %+v", line)
	}
	if len(line.Values) != 1 || line.Values[0].Attribute != "reason" || string(line.Values[0].After) != `"The answer is for bob@acme.com."` {
		t.Errorf("the reason is told as %+v", line.Values)
	}
	if strings.Contains(strings.Join(line.Notes, " "), "bob") {
		t.Errorf("the entry itself names a person: %q", line.Notes)
	}
	if !provision.LooksLikeReference(reference) {
		t.Errorf("%s does not look like a reference", reference)
	}
}

func TestAReferenceToTheLogSaysSo(t *testing.T) {
	w := newWorld(t, open)
	reference := provision.LogReference("0123abcd4567")
	_, err := w.engine.Refusal(t.Context(), w.org, " "+strings.ToLower(reference))
	if reference != "LOG-0123ABCD" || directory.KindOf(err) != directory.NotFound || !strings.Contains(err.Error(), "begins with 0123abcd") {
		t.Errorf("%s is explained as %v", reference, err)
	}
	for text, want := range map[string]bool{
		reference: true, "2P4-K7QD": true, "": false, "LOG-": false, "LOG-123456789": false, "LOG-<b>": false, "2P4": false, "2p4-k7qd": false, "2P4-K7Q D": false, "2P4-K7QD<b>": false,
	} {
		if got := provision.LooksLikeReference(text); got != want {
			t.Errorf("%q looks like a reference: %v", text, got)
		}
	}
}
