package web_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/web"
)

// onboardingSamples are the pages with a checklist.
func onboardingSamples() map[string]web.Page {
	return map[string]web.Page{
		"welcome-onboarding": &web.Welcome{Frame: acme(), Name: "Ann", Role: "member", Continue: "/continue", Onboarding: &web.Onboarding{
			Done: 1, Total: 3, MinutesLeft: 8, BadgeImage: "/badges/onboarded.svg", Badge: "Onboarded",
			Steps: []web.Step{
				{Title: "Set up your account", Minutes: 2, Done: true, Items: []string{"Verify your address", "Accept the terms"}},
				{Title: "Complete your profile", Minutes: 3, Link: "https://app.acme.com/profile", Items: []string{"Add a photo"}},
				{Title: "Working with GitHub", Minutes: 5, Link: "/learn/github"},
				{Title: "Monitoring agents", Optional: true},
			},
		}},
		"welcome-onboarded": &web.Welcome{Frame: acme(), Name: "Ann", Continue: "/continue", Onboarding: &web.Onboarding{
			Done: 1, Total: 1, Complete: true, Badge: "Onboarded", BadgeImage: "/badges/onboarded.svg",
			Steps: []web.Step{{Title: "Set up your account", Minutes: 2, Done: true}},
		}},
		"welcome-more-asked": &web.Welcome{Frame: acme(), Name: "Ann", Continue: "/continue", Onboarding: &web.Onboarding{
			Done: 1, Total: 2, Complete: true, Badge: "Onboarded",
			Steps: []web.Step{{Title: "Set up your account", Done: true}, {Title: "Working with GitHub", New: true}},
		}},
		"welcome-offered": &web.Welcome{Frame: acme(), Continue: "/continue", Onboarding: &web.Onboarding{
			Steps: []web.Step{{Title: "Monitoring agents", Optional: true, Minutes: 10}},
		}},
	}
}

func TestChecklistsSayWhatIsLeft(t *testing.T) {
	for name, want := range map[string][]string{
		"welcome-onboarding": {"1 of 3 steps done, about 8 min left.", `<progress max="3" value="1"`, `<a href="https://app.acme.com/profile">Complete your profile</a> <small>3 min</small>`, "<small>optional</small>"},
		"welcome-onboarded":  {"All steps done.", "You have earned the badge Onboarded.", `<img src="/badges/onboarded.svg" alt=""`},
		"welcome-more-asked": {"1 of 2 steps done.", "You have earned the badge Onboarded.", "<small>new</small>"},
		"welcome-offered":    {"Nothing that you have to do."},
	} {
		got := body(t, samples()[name])
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
	if got := body(t, samples()["welcome-onboarding"]); strings.Contains(got, "badge Onboarded") || strings.Contains(got, "/badges/") {
		t.Error("the badge is shown before everything is done")
	}
	if got := body(t, samples()["welcome-offered"]); strings.Contains(got, "<progress") {
		t.Error("there is progress where nothing is required")
	}
}

// The picture of a badge may come from elsewhere, which the policy allows; a link that leads nowhere good is text.
func TestChecklistsLoadNothingElse(t *testing.T) {
	page := &web.Welcome{Continue: "/continue", Onboarding: &web.Onboarding{
		Done: 1, Total: 1, Complete: true, Badge: "Onboarded", BadgeImage: "https://cdn.acme.com/badge.svg",
		Steps: []web.Step{{Title: "One", Done: true, Link: "javascript:alert(1)"}, {Title: "Two", Link: "http://app.acme.com/"}},
	}}
	w := rendered(t, web.New(nil), page)
	if got := directives(t, w.Header().Get("Content-Security-Policy"))["img-src"]; got != "'self' https://cdn.acme.com" {
		t.Errorf("img-src is %q", got)
	}
	if got := w.Body.String(); strings.Contains(got, "javascript:") || strings.Contains(got, "http://app") {
		t.Error("a link leads where it must not")
	}
	page.Onboarding.BadgeImage = "http://cdn.acme.com/badge.svg"
	if got := body(t, page); strings.Contains(got, "cdn.acme.com") || !strings.Contains(got, "badge Onboarded") {
		t.Error("a picture that is not safe to load")
	}
}
