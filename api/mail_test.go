package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

func TestMailIsListedRetriedAndDroppedInItsOrganizationAlone(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	for _, org := range []string{"acme", "beta"} {
		w.hire(org, "boss", "Boss")
		w.must(w.engine.TellAdmins(t.Context(), w.orgs[org], "token/1", mail.Notice{About: "the token expires", Text: "It does."}))
	}
	w.engine.Mail = func(context.Context, *mail.Message) error {
		return directory.Errorf(directory.Invalid, "550 no such mailbox")
	}
	if _, err := w.engine.SendMail(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := w.with("acme", api.ScopeMembersRead, api.ScopeMembersWrite)
	var page api.Page[api.Mail]
	c.get("/organizations/acme/mails?state=failed", &page)
	if len(page.Items) != 1 || page.Items[0].To != "boss@acme.com" || page.Items[0].Error != "550 no such mailbox" || page.Items[0].Kind != mail.KindSecret {
		t.Fatalf("the failed mails are %+v", page.Items)
	}
	id := page.Items[0].ID
	c.get("/organizations/acme/mails?state=queued", &page)
	if len(page.Items) != 0 {
		t.Errorf("waiting: %+v", page.Items)
	}
	c.refused(http.MethodGet, "/organizations/acme/mails?state=lost", nil, http.StatusUnprocessableEntity)
	retry := "/organizations/acme/mails/" + id + "/retry"
	w.with("acme", api.ScopeMembersRead).refused(http.MethodPost, retry, api.ReasonBody{Reason: "x"}, http.StatusForbidden)
	w.with("beta", api.ScopeMembersWrite).refused(http.MethodPost, "/organizations/beta/mails/"+id+"/retry", api.ReasonBody{Reason: "x"}, http.StatusNotFound)
	c.refused(http.MethodPost, "/organizations/acme/mails/nosuch/retry", api.ReasonBody{Reason: "x"}, http.StatusNotFound)
	var one api.Mail
	c.post(retry, api.ReasonBody{Reason: "the mailbox is there now"}, http.StatusOK, &one)
	if one.State != "queued" || one.Tries != 0 {
		t.Errorf("retried: %+v", one)
	}
	c.refused(http.MethodPost, retry, api.ReasonBody{Reason: "again"}, http.StatusConflict)

	drop := "/organizations/acme/mails/" + id + "/drop"
	w.with("acme", api.ScopeMembersRead).refused(http.MethodPost, drop, api.ReasonBody{Reason: "x"}, http.StatusForbidden)
	w.with("beta", api.ScopeMembersWrite).refused(http.MethodPost, "/organizations/beta/mails/"+id+"/drop", api.ReasonBody{Reason: "x"}, http.StatusNotFound)
	c.refused(http.MethodPost, drop, api.ReasonBody{}, http.StatusUnprocessableEntity)
	c.post(drop, api.ReasonBody{Reason: "there never was such a mailbox"}, http.StatusOK, &one)
	if one.ID != id || one.To != "boss@acme.com" {
		t.Errorf("dropped: %+v", one)
	}
	c.refused(http.MethodPost, drop, api.ReasonBody{Reason: "again"}, http.StatusNotFound)
	c.get("/organizations/acme/mails", &page)
	if len(page.Items) != 0 {
		t.Errorf("after it was dropped there are %+v", page.Items)
	}
}

func TestALetterIsPreviewed(t *testing.T) {
	w := newWorld(t, "acme")
	w.engine.PublicURL = "https://usher.acme.com"
	var l api.Letter
	c := w.with("acme", api.ScopePolicyRead)
	c.get("/organizations/acme/letters/invitation", &l)
	if !strings.Contains(l.Subject, "acme Inc.") || !strings.Contains(l.Text, "https://usher.acme.com/invitations/") || !strings.Contains(l.HTML, "<html") {
		t.Errorf("the letter is %+v", l)
	}
	c.refused(http.MethodGet, "/organizations/acme/letters/nosuch", nil, http.StatusNotFound)
}
