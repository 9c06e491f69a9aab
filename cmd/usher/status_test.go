package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

// TestStatusNamesTheOrganizationInItsCommands: with several organizations what it says to type would not work otherwise.
func TestStatusNamesTheOrganizationInItsCommands(t *testing.T) {
	o := api.OrganizationStatus{
		Organization: api.Organization{ID: "acme", Holds: 1}, Approvals: 1, Requests: 2, Mail: api.MailCount{Failed: 1, Late: 1, Waiting: 1},
		Waiting: &api.Waiting{Since: time.Now(), Why: "The file has changed. `usher plan` shows what applying it would do, and `usher apply` does it."},
	}
	for _, several := range []bool{false, true} {
		commands := 0
		for _, line := range organizationLines(&o, several) {
			for _, command := range strings.Split(line, "usher ")[1:] {
				commands++
				named := strings.Contains(strings.FieldsFunc(command, func(r rune) bool { return r == ',' || r == ':' || r == '`' })[0], "--organization acme")
				if named != several {
					t.Errorf("of several %v: %q", several, line)
				}
			}
		}
		if commands != 11 {
			t.Errorf("%d commands", commands)
		}
	}
}
