package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

func TestDomainVerifyPrintsTheRecordAndLooksForIt(t *testing.T) {
	unproven := api.Domain{
		Domain: "acme.net", State: "unproven", Joining: "no", Problem: "Nobody joins by acme.net.",
		Record: api.DomainRecord{Name: "_usher.acme.net", Type: "TXT", Value: "usher-domain-verification=00ff"},
	}
	list := api.Page[api.Domain]{Items: []api.Domain{
		{Domain: "acme.com", State: "declared", Owned: true, Joining: "at once", Record: api.DomainRecord{Name: "_usher.acme.com", Type: "TXT", Value: "x"}}, unproven,
	}}
	const domains = " /organizations/acme/domains"
	flags, _ := elsewhere(t, map[string]any{"GET" + domains: list})
	line := func(words ...string) []string { return append(words, append(flags, "--organization", "acme")...) }

	out, errs, code := typed(t, line("domain", "list")...)
	if !strings.Contains(out, "acme.com  declared  at once") || !strings.Contains(out, "_usher.acme.net TXT usher-domain-verification=00ff") ||
		!strings.Contains(errs, unproven.Problem) || code != exitDone {
		t.Errorf("domain list: exit code %d, %s\n%s", code, errs, out)
	}
	if out, _, _ = typed(t, line("domain", "list", "--json")...); !strings.Contains(out, `"state": "unproven"`) {
		t.Errorf("domain list --json:\n%s", out)
	}
	out, errs, code = typed(t, line("domain", "verify", "ACME.net")...)
	if out != "" || !strings.Contains(errs, "name   _usher.acme.net\n  type   TXT\n  value  usher-domain-verification=00ff\n") || code != exitFailed {
		t.Errorf("while the record is missing: exit code %d, %s\n%s", code, errs, out)
	}

	now := time.Now()
	proven := unproven
	proven.State, proven.Owned, proven.Proven, proven.Problem = "proven", true, &now, ""
	flags, _ = elsewhere(t, map[string]any{"GET" + domains: list, "POST" + domains + "/acme.net/verify": proven, "POST" + domains + "/acme.com/verify": list.Items[0]})
	if out, errs, code = typed(t, line("domain", "verify", "acme.net")...); !strings.HasPrefix(out, "acme.net is proven.") || code != exitDone {
		t.Errorf("once it is there: exit code %d, %s\n%s", code, errs, out)
	}
	if out, errs, code = typed(t, line("domain", "verify", "acme.com")...); out != "acme.com is declared in usher.yaml, and needs no proof.\n" || errs != "" || code != exitDone {
		t.Errorf("of a declared one: exit code %d, %s\n%s", code, errs, out)
	}
	if _, errs, code = typed(t, line("domain", "verify")...); code != exitFailed || !strings.Contains(errs, "needs the domain") {
		t.Errorf("without one: exit code %d, %s", code, errs)
	}
}
