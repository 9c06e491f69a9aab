package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

// Wherever somebody gives a reason it is one line, and shows as it was written.
func TestReasonsThatWouldNotShowAsTheyAreAreRefused(t *testing.T) {
	w := newWorld(t, "acme")
	w.hire("acme", "ann", "Engineer")
	ann := acme + "/members/ann@acme.com"
	for reason, says := range map[string]string{
		"one\ntwo":               "line break",
		"one\r\ntwo":             "line break",
		"one\u2028two":           "line break",
		"tab\tbed":               "control character",
		"red \x1b[31m":           "control character",
		"\u202edesrever":         "control character",
		strings.Repeat("ä", 501): "501 characters; at most 500",
		" \n ":                   "Say why",
		"":                       "Say why",
	} {
		body := api.ReasonBody{Reason: reason}
		until := w.now.Add(time.Hour)
		for path, it := range map[string]any{
			ann + "/suspend":             body,
			ann + "/pin":                 api.PinBody{ReasonBody: body, Role: "admin"},
			acme + "/holds/expect":       api.ExpectBody{ReasonBody: body, Kind: "suspensions", Count: 1, Until: until},
			acme + "/holds/none/approve": api.ApproveBody{ReasonBody: body, Set: "none"},
			acme + "/holds/none/dismiss": body,
			acme + "/holds/none/undo":    body,
			acme + "/groups/none/rebind": api.RebindBody{ReasonBody: body},
		} {
			p := w.local().refused(http.MethodPost, path, it, http.StatusUnprocessableEntity)
			if p.Field != "reason" || !strings.Contains(p.Detail, says) {
				t.Errorf("%s with %q: %+v; want it to say %q", path, reason, p, says)
			}
		}
	}
	var m api.Member
	w.local().post(ann+"/suspend", api.ReasonBody{Reason: " " + strings.Repeat("ä", 500) + "\n"}, http.StatusOK, &m)
	if m.Status != "suspended" {
		t.Errorf("a reason of 500 characters, with a line break after it: %+v", m)
	}
}

func TestWhatIsExpectedIsWithdrawnByTheNumberZero(t *testing.T) {
	w := newWorld(t, "acme")
	reason := api.ReasonBody{Reason: "layoff"}
	path := acme + "/holds/expect"
	var x api.Expected
	w.local().post(path, api.ExpectBody{ReasonBody: reason, Kind: "suspensions", Count: 7, Until: w.now.Add(time.Hour)}, http.StatusOK, &x)
	var all api.Holds
	w.local().get(acme+"/holds", &all)
	if len(all.Expected) != 1 || all.Expected[0].ID != x.ID || all.Expected[0].Count != 7 {
		t.Fatalf("expected %+v", all.Expected)
	}
	w.local().post(path, api.ExpectBody{ReasonBody: reason, Kind: "suspensions"}, http.StatusOK, &x)
	if x.Count != 0 || x.Kind != "suspensions" {
		t.Errorf("the answer is %+v", x)
	}
	w.local().get(acme+"/holds", &all)
	if len(all.Expected) != 0 {
		t.Errorf("still expected: %+v", all.Expected)
	}
	w.local().refused(http.MethodPost, path, api.ExpectBody{ReasonBody: reason, Kind: "suspensions"}, http.StatusConflict)
	w.local().refused(http.MethodPost, path, map[string]any{"reason": "x", "kind": "suspensions"}, http.StatusUnprocessableEntity) // no count is not 0
	p := w.local().refused(http.MethodPost, path, api.ExpectBody{ReasonBody: reason, Kind: "suspensions", Count: 1_000_001, Until: w.now.Add(time.Hour)}, http.StatusUnprocessableEntity)
	if !strings.Contains(p.Detail, "1000000") {
		t.Errorf("too many: %+v", p)
	}
	p = w.local().refused(http.MethodPost, path, api.ExpectBody{ReasonBody: reason, Kind: "suspensions", Count: 1, Until: w.now.Add(32 * 24 * time.Hour)}, http.StatusUnprocessableEntity)
	if !strings.Contains(p.Detail, "31 days") {
		t.Errorf("too far ahead: %+v", p)
	}
}
