package sso

import (
	"net/http"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/web"
)

// welcome is GET /welcome: what a person got.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) error {
	held, member, err := s.live(r)
	if err != nil {
		return err
	}
	if held == nil {
		return s.signInFirst(w, r)
	}
	d := &member.Decision
	back := local(r.URL.Query().Get("return"))
	asked, err := s.Engine.Onboarding(r.Context(), held.Org, member.ID)
	if err != nil {
		return err
	}
	page := &web.Welcome{
		Frame: s.frame(s.organization(held.Org), ""), Name: d.Name, Role: d.Role, Department: d.Department, Teams: d.Teams,
		Onboarding: checklist(asked), Continue: s.onward(back),
	}
	if page.Continue == welcomePath {
		page.Continue = "" // there is nowhere else to go
	}
	return s.Pages.Render(w, http.StatusOK, page)
}

// checklist shows how far somebody is with what is asked of them, nil where nothing is.
func checklist(p *onboarding.Progress) *web.Onboarding {
	if len(p.Steps) == 0 && p.Badge == nil {
		return nil
	}
	list := &web.Onboarding{Done: p.Done, Total: p.Total, MinutesLeft: p.MinutesLeft, Complete: p.State == onboarding.Complete}
	if p.Badge != nil {
		list.Badge, list.BadgeImage = p.Badge.Name, p.Badge.Image
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		list.Steps = append(list.Steps, web.Step{Title: s.Title, Minutes: s.Minutes, Link: s.Link, Items: s.Items, Done: s.Done, New: s.New, Optional: !s.Required})
	}
	return list
}

// signInFirst answers somebody who is not signed in with the login page, which leads back here.
func (s *Server) signInFirst(w http.ResponseWriter, r *http.Request) error {
	return s.loginPage(w, http.StatusUnauthorized, wish{Return: local(r.URL.RequestURI())}, web.NoProblem)
}

// organization returns the file in force of an organization, nil when there is none.
func (s *Server) organization(org directory.OrgNum) *config.Organization {
	for _, o := range s.Lines.Organizations() {
		if o.Num == org {
			return o.Config
		}
	}
	return nil
}
