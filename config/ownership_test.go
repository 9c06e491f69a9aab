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

// TestWhatCouldNotBeReadMayBeTheOrganization: beside the true error nobody is told that the organization is not there.
func TestWhatCouldNotBeReadMayBeTheOrganization(t *testing.T) {
	const operator = "organizations: [acme.yaml]\ndomains: {acme: [acme.com]}\nsecrets: {acme: {okta: \"${env:OKTA}\"}}\n"
	for what, c := range map[string]struct{ operator, acme, want string }{
		"a tab":      {operator, "\torganization: {id: acme}\n", "acme.yaml:1:13: error: this cannot be read"},
		"empty":      {operator, "", "acme.yaml:1:1: error: the file is empty"},
		"no id":      {operator, "organization: {name: Acme}\n", "acme.yaml:1:15: error: \"organization\" needs \"id\""},
		"not there":  {strings.Replace(operator, "[acme.yaml]", "[acne.yaml]", 1), "", "there is no organization file"},
		"by default": {strings.Replace(operator, "organizations: [acme.yaml]\n", "", 1), "", "there is no organization file"},
	} {
		_, problems := loadWith(t, c.operator, c.acme)
		if got := render(problems); !strings.Contains(got, c.want) || strings.Contains(got, "there is no organization \"acme\"") {
			t.Errorf("%s: want %q and nothing of an organization that is not there, got\n%s", what, c.want, got)
		}
	}
	const sets = "basic: {ai_models: [gpt-4]}\n"
	_, problems := loadWith(t, operator, sets)
	if got := render(problems); strings.Count(got, "there is none yet: put its file into organizations") != 2 || strings.Contains(got, "the organizations are") {
		t.Errorf("with a file that is no organization's:\n%s", got)
	}
	_, problems = loadWith(t, strings.ReplaceAll(operator, "{acme: ", "{acmi: "), acmeAlone)
	for _, what := range []string{"usher.yaml:2:18: warning: there is no organization \"acmi\" for this domain", "usher.yaml:3:11: warning: there is no organization \"acmi\" for these secrets"} {
		if got := render(problems); !strings.Contains(got, what) || strings.Count(got, "fix: write acme") != 2 {
			t.Errorf("misspelt: want %q, got\n%s", what, got)
		}
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
