package sso

import (
	"net/http"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
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
	page := &web.Welcome{
		Frame: s.frame(s.organization(held.Org), ""), Name: d.Name, Role: d.Role, Department: d.Department, Teams: d.Teams,
		Continue: s.onward(back),
	}
	return s.Pages.Render(w, http.StatusOK, page)
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
