package provision

import (
	"encoding/json"
	"slices"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

// alert has those told who have to know: the support address, and everybody else who may break glass.
func (s *settlement) alert(email, agent string, used bool) error {
	letter, err := json.Marshal(mail.Alert{Who: glassAddress(s.policy, email), Used: used, Agent: agent})
	if err != nil {
		return err
	}
	told := []string{email}
	people := []string{s.policy.Organization.Support.Email}
	for _, b := range s.policy.Organization.BreakGlass {
		people = append(people, b.Email)
	}
	about := s.engine.ids.New(s.now) // each asking and each use is worth an alert
	for _, to := range people {
		if to == "" || slices.Contains(told, directory.Fold(to)) {
			continue
		}
		told = append(told, directory.Fold(to))
		if err := s.mail(&directory.Mail{Kind: mail.KindAlert, To: to, About: about, Data: letter}); err != nil {
			return err
		}
	}
	return nil
}
