package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// loadWith loads an operator's file beside the file of acme.
func loadWith(t *testing.T, operator, acme string) (*config.Loaded, []directory.Problem) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"usher.yaml": operator, "acme.yaml": acme} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load(filepath.Join(dir, "usher.yaml"), config.Options{})
}

const acmeAlone = "organization: {id: acme, support: {email: it@acme.com}}\ndomains: [{domain: acme.com}]\n"

func TestTheOperatorSaysWhoseADomainIs(t *testing.T) {
	loaded, problems := loadWith(t, "organizations: [acme.yaml]\ndomains: {acme: [ACME.com]}\n", acmeAlone)
	if len(problems) > 0 {
		t.Error(render(problems))
	}
	for domain, want := range map[string]string{"acme.com": "acme", "acme.org": "", "": ""} {
		if got := loaded.Operator.DomainOwner(domain); got != want {
			t.Errorf("%q is of %q, want %q", domain, got, want)
		}
	}
}

func TestWhereThereIsNoOrganizationTheFixNamesNone(t *testing.T) {
	_, problems := loadWith(t, "domains: {acme: [acme.com]}\nsecrets: {acme: {okta: \"${env:OKTA}\"}}\n", "")
	got := render(problems)
	if n := strings.Count(got, "there is none yet: put its file into organizations"); n != 2 || strings.Contains(got, "the organizations are") {
		t.Errorf("got\n%s", got)
	}
}

func TestADomainThatIsDeclaredForNobodysUseIsWarnedOf(t *testing.T) {
	for domains, want := range map[string]string{
		"{acme: [acme.com, acme.org]}":          "usher.yaml:2:28: warning: nobody joins by acme.org: the file of \"acme\" does not have it",
		"{acmee: [acme.com]}":                   "there is no organization \"acmee\" for this domain",
		"{acme: [acme.com], other: [acme.com]}": "usher.yaml:2:37: error: the domain \"acme.com\" is there already, in usher.yaml:2",
		"{acme: [gmail.com]}":                   "usher.yaml:2:18: error: anybody can have an address at gmail.com",
	} {
		_, problems := loadWith(t, "organizations: [acme.yaml]\ndomains: "+domains+"\n", acmeAlone)
		if got := render(problems); !strings.Contains(got, want) {
			t.Errorf("%s: want %q, got\n%s", domains, want, got)
		}
	}
}

func TestGlassThatNobodyCouldBreakOrHearIsWarnedOf(t *testing.T) {
	const mail = "organizations: [acme.yaml]\npublic_url: https://usher.acme.com\nmail: {smtp: \"smtp://mail.acme.com\", from: usher@acme.com}\n"
	for name, c := range map[string]struct{ operator, acme, want string }{
		"all is well":     {mail, acmeAlone + "break_glass: [{email: root@acme.com}]\n", ""},
		"no mail server":  {"organizations: [acme.yaml]\n", acmeAlone + "break_glass: [{email: root@acme.com}]\n", "acme.yaml:3:15: warning: nobody can break glass"},
		"nobody to hear":  {mail, "organization: {id: acme}\nbreak_glass: [{email: root@acme.com}]\n", "acme.yaml:2:15: warning: nobody would hear of it"},
		"the same person": {mail, acmeAlone + "break_glass: [{email: IT@acme.com}]\n", "nobody would hear of it"},
		"two people":      {mail, "organization: {id: acme}\nbreak_glass: [{email: root@acme.com}, {email: second@acme.com}]\n", ""},
	} {
		loaded, problems := loadWith(t, c.operator, c.acme)
		if got := render(problems); got != c.want && (c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%s: want %q, got\n%s", name, c.want, got)
		}
		if m := loaded.Operator.Mail; m != nil && (m.SMTP != "smtp://mail.acme.com:587" || m.From != "<usher@acme.com>" || m.Timeout != config.DefaultMailTimeout) {
			t.Errorf("the mail server is %+v", m)
		}
	}
}
