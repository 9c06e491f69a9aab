package examples_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/provision"
)

// welcome is the text of the letter that greets a member.
func (c *company) welcome(m *directory.Member) string {
	c.Helper()
	o := c.policy.Organization
	progress := onboarding.Compile(o).Progress(&m.Decision, &directory.Onboarding{})
	letter := provision.WelcomeOf(c.policy, m, c.access.Of(m, c.now), progress)
	message, err := letter.Message(mail.Letter{ID: "m-1", To: "ann@company.com", Organization: o.Name, PublicURL: "https://usher.company.com"}, o.Letters.Templates)
	if err != nil {
		c.Fatal(err)
	}
	return message.Text
}

// lines wants lines in a letter, and each of the words once in it.
func (c *company) lines(letter string, want []string, once ...string) {
	c.Helper()
	for _, line := range want {
		if !strings.Contains(letter, "\n"+line+"\n") {
			c.Errorf("the letter does not say %q:\n%s", line, letter)
		}
	}
	for _, words := range once {
		if n := strings.Count(letter, words); n != 1 {
			c.Errorf("the letter says %q %d times:\n%s", words, n, letter)
		}
	}
}

func TestCompanyWelcomesMarketingToItsSpace(t *testing.T) {
	c := newCompany(t)
	letter := c.welcome(c.hire("Content Creator", "", "Marketing"))
	c.lines(letter, []string{
		"- use these models: claude-3, gpt-4",
		"- use these integrations: analytics, email, social_media",
		"- read these knowledge bases: marketing, public",
		"- upload files of up to 100MB",
		"- create agents, as you need them",
		"Your team space",
		"- marketing: agents content_creator and social_media_manager; conversations analytics, campaigns and strategy; " +
			"files brand guidelines and campaign assets; integrations email_tools and social_platforms; knowledge bases marketing playbooks and templates",
		"- integration salesforce (read leads)",
		"- Complete your profile (3 min)",
		"- Team playbook: https://company.com/playbook",
	}, "models", "upload", "create agents", "team space")
}

func TestCompanyWelcomesFinanceWithoutContradictingItself(t *testing.T) {
	c := newCompany(t)
	letter := c.welcome(c.hire("Controller", "", "Finance"))
	c.lines(letter, []string{
		"- use these models: claude-4, gpt-4",
		"- use these integrations: quickbooks, salesforce",
		"- upload files of up to 500MB",
		"- create agents, each after an admin's approval",
		"- create conversations",
	}, "models", "upload", "- create agents")
	if strings.Contains(letter, "team space") {
		t.Errorf("finance has no space:\n%s", letter)
	}
}

func TestCompanyWelcomesEngineeringToProjectAlpha(t *testing.T) {
	c := newCompany(t)
	c.lines(c.welcome(c.hire("Junior Engineer", "", "Engineering")), []string{
		"Your project",
		"- project alpha, until 3 May 2027: agents code_reviewer and development_assistant; files designs, project docs and specs; integrations figma, github and slack",
		"- create agents and conversations",
	}, "project alpha")
}

// Of a space to which one does not belong, one has what its line names; whose role gives every model is told of no list.
func TestCompanyWelcomesWithoutASpace(t *testing.T) {
	c := newCompany(t)
	c.lines(c.welcome(c.hire("", "sales")), []string{"Shared with you", "- file campaign assets (to view), from marketing"}, "campaign assets")
	c.lines(c.welcome(c.hire("CEO", "", "Marketing")), []string{"- use integrations, models and tools"}, "- use ")
}
