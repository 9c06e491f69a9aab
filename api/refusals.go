package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// Refusal is a sign-in that was refused, found again by the reference that the person was shown.
type Refusal struct {
	Reference    string     `json:"reference"`
	At           time.Time  `json:"at"`
	Organization string     `json:"organization"`
	Connection   string     `json:"connection,omitempty"`
	Method       string     `json:"method,omitempty" doc:"How the person wanted to sign in: saml, oidc, code, password or passkey."`
	Request      string     `json:"request,omitempty" doc:"The id of the HTTP request, for the log."`
	Entry        uint64     `json:"entry" doc:"The number of the journal entry."`
	Code         string     `json:"code" doc:"Why, in a word that programs can rely on, such as suspended or not_pushed."`
	Because      string     `json:"because" doc:"Why, in words."`
	Help         string     `json:"help" doc:"What helps."`
	Commands     []string   `json:"commands" nullable:"false" doc:"The commands that look closer, or mend it."`
	Member       string     `json:"member,omitempty" doc:"The id of the member whom the sign-in meant; absent where nobody is known."`
	Email        string     `json:"email,omitempty" doc:"The member's address."`
	Status       string     `json:"status,omitempty" doc:"Where the member stands now."`
	Said         *SaidOfWho `json:"said,omitempty" doc:"What the provider said of the person, where it was new; absent where it was erased or nobody is known by it."`
	Notes        []string   `json:"notes" nullable:"false" doc:"What else was found."`
}

// SaidOfWho is what a provider said of somebody who did not get in.
type SaidOfWho struct {
	Subject   string   `json:"subject,omitempty" doc:"The provider's own name of the person."`
	Name      string   `json:"name,omitempty"`
	Addresses []string `json:"addresses,omitempty" nullable:"false"`
	Groups    []string `json:"groups,omitempty" nullable:"false"`
}

type oneRefusal struct {
	Reference string `path:"reference" maxLength:"64" doc:"The reference that the page showed, such as 2P4-K7QD. Case and hyphens do not matter."`
}

func (s *Server) refusals(api huma.API) {
	handle(s, api, get("/refusals/{reference}", "get-refusal", ScopeJournalRead, "Explain a refused sign-in",
		"Says why somebody did not get in, by the reference that they were shown: when, by which connection, who as far as is known, and what helps."),
		func(ctx context.Context, in *oneRefusal) (*answer[Refusal], error) {
			return found(s.refusal(ctx, in.Reference))
		})
}

// refusal looks for a reference in the organizations that the caller may know of.
func (s *Server) refusal(ctx context.Context, reference string) (Refusal, error) {
	var n *names
	err := s.Store.View(ctx, func(tx store.Tx) (err error) {
		n, err = readNames(tx)
		return err
	})
	if err != nil {
		return Refusal{}, err
	}
	missing := directory.Errorf(directory.NotFound, "There is no refused sign-in %q; a reference looks like 2P4-K7QD.", reference)
	for name, num := range n.orgs {
		if !callerOf(ctx).Sees(num) {
			continue
		}
		line, err := s.Engine.Refusal(ctx, num, reference)
		switch {
		case directory.KindOf(err) == directory.NotFound:
			if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(reference)), "LOG-") {
				errors.As(err, &missing) // it says where to look
			}
		case err != nil:
			return Refusal{}, err
		default:
			return s.refusalView(ctx, n, name, line)
		}
	}
	return Refusal{}, missing
}

func (s *Server) refusalView(ctx context.Context, n *names, organization string, line *provision.JournalLine) (Refusal, error) {
	view := Refusal{
		Reference: provision.Reference(&line.Entry), At: line.At, Organization: organization, Connection: n.conn[line.Conn],
		Method: line.Cause.Actor, Request: line.Cause.ID, Entry: line.Seq, Notes: []string{}, Commands: []string{},
	}
	view.reason(line.Notes)
	if err := view.values(line.Values); err != nil {
		return view, err
	}
	err := s.view(ctx, organization, func(tx store.Tx, _ *names, org directory.OrgNum) error {
		for _, subject := range line.Subjects {
			if subject.Kind != directory.SubjectMember {
				continue
			}
			view.Member = subject.ID.String()
			members, err := tx.Members(org, []directory.ID{subject.ID})
			if err != nil {
				return err
			}
			if m := members[0]; m != nil {
				view.Email, view.Status = m.Decision.Email, string(m.Status)
			}
		}
		return nil
	})
	view.remedy()
	return view, err
}

// reason tells the note that says why from the others.
func (r *Refusal) reason(notes []string) {
	for _, note := range notes {
		text, is := strings.CutPrefix(note, "refused: ")
		if !is || r.Code != "" {
			r.Notes = append(r.Notes, note)
			continue
		}
		r.Code, r.Because, _ = strings.Cut(text, ": ")
	}
	if r.Because == "" {
		r.Because = provision.LoginCode(r.Code).Because()
	}
}

// values reads the personal values of the entry, as far as they were not erased.
func (r *Refusal) values(values []directory.DetailValue) error {
	for _, v := range values {
		if len(v.After) == 0 {
			continue
		}
		switch v.Attribute {
		case "reason": // what was wrong with the message
			var text string
			if err := json.Unmarshal(v.After, &text); err != nil {
				return err
			}
			if text != "" {
				r.Because = text
			}
		case "login":
			var said struct {
				Subject   string            `json:"subject"`
				Profile   directory.Profile `json:"profile"`
				Groups    []string          `json:"groups"`
				Addresses []string          `json:"addresses"`
			}
			if err := json.Unmarshal(v.After, &said); err != nil {
				return err
			}
			r.Said = &SaidOfWho{Subject: said.Subject, Name: said.Profile.DisplayName, Addresses: said.Addresses, Groups: said.Groups}
			for _, e := range said.Profile.Emails {
				r.Said.Addresses = append(r.Said.Addresses, e.Value)
			}
		}
	}
	return nil
}
