package app

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/store"
)

func TestWhatAdminsAreToldOf(t *testing.T) {
	conns := map[string]store.ConnectionRow{"acme-okta": {Num: 7, Org: 3}, "acme-entra": {Num: 8, Org: 3}}
	list := connectionNotices(conns, []trust.Finding{
		{Connection: "acme-okta", Weight: trust.Warning, Text: "The certificate ends on 2027-01-31."},
		{Connection: "acme-okta", Weight: trust.Problem, Text: "Sign-in does not work."},
		{Connection: "acme-entra", Weight: trust.OK, Text: "All is well."},
		{Connection: "retired", Weight: trust.Problem, Text: "Nobody's."},
	})
	if len(list) != 1 || list[0].org != 3 || len(list[0].letter.Advice) != 2 || !strings.Contains(list[0].letter.About, "acme-okta") {
		t.Errorf("of the connections: %+v", list)
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	token := func(name string, org directory.OrgNum, conn directory.ConnNum, ends time.Time) *directory.Token {
		return &directory.Token{Name: name, Org: org, Conn: conn, Expires: ends}
	}
	list = tokenNotices(conns, []*directory.Token{
		token("soon", 3, 7, now.Add(48*time.Hour)), token("script", 3, 0, now.Add(7*24*time.Hour)), token("later", 3, 7, now.Add(8*24*time.Hour)),
		token("gone", 3, 7, now.Add(-time.Hour)), token("for good", 3, 7, time.Time{}), token("the operator's", 0, 0, now.Add(time.Hour)),
	}, now)
	if len(list) != 2 || !strings.Contains(list[0].letter.Text, "the provider of acme-okta pushes with it") || !strings.Contains(list[1].letter.Text, "a program uses it") ||
		list[0].letter.About != "the token soon expires on 4 November 2026" {
		t.Errorf("of the tokens: %+v", list)
	}
}
