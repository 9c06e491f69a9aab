package api_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/provision"
)

func TestDomainsAreListedAndProven(t *testing.T) {
	w := newWorld(t, "acme", "beta")
	w.adopt(joining("acme", ""))
	const list, verify = "/organizations/acme/domains", "/organizations/acme/domains/acme.net/verify"
	w.engine.Declared = nil
	w.local().refused(http.MethodGet, list, nil, http.StatusServiceUnavailable) // nobody knows what is declared
	records := map[string][]string{}
	w.engine.Declared = func(domain string) string { return map[string]string{"acme.com": "acme"}[domain] }
	w.engine.Verified = w.engine.OwnsDomain
	w.engine.TXT = func(_ context.Context, name string) ([]string, error) {
		if found, ok := records[name]; ok {
			return found, nil
		}
		return nil, &net.DNSError{IsNotFound: true, Name: name}
	}
	w.must(w.engine.LoadDomains(t.Context()))

	var page api.Page[api.Domain]
	w.with("acme", api.ScopePolicyRead).get(list, &page)
	if len(page.Items) != 2 {
		t.Fatalf("listed %+v", page.Items)
	}
	com, other := page.Items[0], page.Items[1]
	if com.State != "declared" || !com.Owned || com.Joining != "after approval" || com.Problem != "" {
		t.Errorf("the declared domain is shown as %+v", com)
	}
	if other.State != "unproven" || other.Owned || other.Joining != "no" || other.Record.Name != "_usher.acme.net" || other.Record.Type != "TXT" || other.Problem == "" {
		t.Errorf("the other domain is shown as %+v", other)
	}
	w.with("beta", api.ScopePolicyRead).refused(http.MethodGet, list, nil, http.StatusNotFound)

	w.with("acme", api.ScopePolicyRead).refused(http.MethodPost, verify, nil, http.StatusForbidden)
	w.with("beta", api.ScopePolicyWrite).refused(http.MethodPost, verify, nil, http.StatusNotFound)
	w.local().refused(http.MethodPost, strings.Replace(verify, "acme.net", "other.net", 1), nil, http.StatusNotFound)
	if p := w.local().refused(http.MethodPost, verify, nil, http.StatusPreconditionFailed); !strings.Contains(p.Detail, other.Record.Value) {
		t.Errorf("without the record: %q", p.Detail)
	}
	records[other.Record.Name] = []string{"something else", other.Record.Value}
	var proven api.Domain
	w.with("acme", api.ScopePolicyWrite).post(verify, nil, http.StatusOK, &proven)
	if proven.State != "proven" || !proven.Owned || proven.Proven == nil || !proven.Proven.Equal(w.now) {
		t.Errorf("the proven domain is shown as %+v", proven)
	}
	w.local().post(strings.Replace(verify, "acme.net", "ACME.com", 1), nil, http.StatusOK, &proven)
	if proven.State != "declared" {
		t.Errorf("the declared domain is %s after a look", proven.State)
	}
	var journal api.Page[api.Entry]
	w.local().get("/organizations/acme/journal?kind=domain.verified", &journal)
	if len(journal.Items) != 1 || journal.Items[0].Cause.Actor != "program" || !slices.Contains(journal.Items[0].Notes, "acme.net") {
		t.Errorf("the journal tells %+v", journal.Items)
	}
	in := w.loginOf("acme", "ann")
	in.Addresses = []provision.LoginAddress{{Value: "ann@acme.net", Vouched: true}}
	if r := w.login(in); r.Code != provision.LoginNotPushed { // rather than an unknown domain
		t.Errorf("somebody of the proven domain is %s", r.Code)
	}
}
