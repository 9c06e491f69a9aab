package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// employee is a made-up person, what Okta says about them, and what the mapping file of examples/acme must make of it.
type employee struct {
	given, family string
	title         string
	department    string // as the directory spells it
	groups        []string
	head          bool // the department's manager

	userName   string
	externalID string

	status, role, place string // expected
	scim                string // the id that the server gave
}

// unit is a part of the company: how many people, what the directory says of them, what they are expected to become.
type unit struct {
	size        int
	department  string
	titles      []string
	groups      []string
	role, place string
}

// companySize is how many people the demonstration makes up.
const companySize = 500

// units are the parts of the company. The sizes and the few people that are written out make companySize.
func units() []unit {
	return []unit{
		{195, "Product Engineering", []string{"Engineer", "Senior Engineer", "Staff Engineer", "Engineering Manager", "Designer"}, []string{"Engineering"}, "member", "engineering"},
		{40, "Platform Engineering", []string{"Site Reliability Engineer", "Platform Engineer"}, []string{"Platform"}, "member", "engineering"},
		{110, "Sales & Accounts", []string{"Account Executive", "Account Manager", "Sales Engineer"}, []string{"Sales"}, "member", "sales"},
		{60, "Helpdesk", []string{"Support Engineer", "Support Specialist"}, []string{"Support"}, "member", "support"},
		{40, "Marketing", []string{"Content Lead", "Campaign Manager"}, nil, "member", "marketing"},
		{25, "Accounting", []string{"Accountant", "Controller"}, []string{"Finance"}, "member", "finance"},
		{10, "Internship", []string{"Intern"}, nil, "viewer", "interns"},
		{12, "R&D", []string{"Contract Engineer"}, []string{"Engineering", "Contractors"}, "viewer", "engineering"},
	}
}

// characters are people whom the demonstration tells about.
func characters() []employee {
	return []employee{
		{given: "Dora", family: "Lindqvist", title: "Director of Platform", department: "Eng", groups: []string{"Engineering"}, role: "admin", place: "engineering"},
		{given: "Carl", family: "Novak", title: "Director, on contract", department: "Eng", groups: []string{"Contractors", "IT Admins"}, role: "member", place: "engineering"},
		{given: "Otto", family: "Okafor", title: "Engineer", department: "R&D", groups: []string{"Engineering", "On-Call Admins"}, role: "admin", place: "engineering"},
		{given: "Leila", family: "Haddad", title: "Chief Executive", department: "Executive", role: "admin", place: "leadership"},
		{given: "Nina", family: "Sato", title: "Office Manager", department: "Facilities", role: "member"},
		{given: "Priya", family: "Raman", title: "Account Executive", department: "Sales", groups: []string{"Sales"}, role: "member", place: "sales"},
		{given: "Ingrid", family: "Berg", title: "Intern", department: "Internship", role: "viewer", place: "interns"},
		{given: "svc-backup", title: "", department: "", groups: []string{"IT Admins"}, status: "none"},
	}
}

func givenNames() []string {
	return strings.Fields(`Aisha Akira Alba Amara Andrei Anika Arjun Beatriz Bilal Bruno Camille Chen Clara Dario Dilan Elif Emeka Emil Esra Farah
		Felix Freya Gabriel Hanna Hugo Ida Ines Isabel Ivan Jana Jonas Julia Karim Katja Kenji Lars Laura Leon Lucia Luis Maja Marco Maria Mei Milan
		Mina Mohamed Nadia Nico Noor Olga Omar Paula Pedro Rana Ravi Sara Sofia Theo Tomas Uma Viktor Yara Yusuf Zoe`)
}

func familyNames() []string {
	return strings.Fields(`Abebe Alvarez Andersson Aydin Bauer Bianchi Carvalho Castillo Chang Costa Demir Dubois Eriksen Fernandez Fischer Fontaine
		Garcia Gupta Haas Hansen Horvat Ibrahim Ito Ivanova Jansen Jovanovic Kaya Keller Khan Kim Kowalski Kumar Larsson Lopez Marino Martins Meyer
		Mohr Moreau Nakamura Nguyen Nowak Okoye Olsen Ortiz Pereira Petrov Popescu Reyes Ricci Rossi Santos Schmidt Silva Singh Suzuki Tanaka Torres
		Varga Vogel Wagner Weber Yilmaz Zhang`)
}

// company makes up the people. It is the same company every time.
func company() []employee {
	people := characters()
	given, family := givenNames(), familyNames()
	order := rand.New(rand.NewPCG(7, 500)).Perm(len(given) * len(family))
	next := 0
	for _, u := range units() {
		for i := range u.size {
			n := order[next]
			next++
			people = append(people, employee{
				given: given[n%len(given)], family: family[n/len(given)], title: u.titles[i%len(u.titles)], department: u.department,
				groups: u.groups, head: i == 0, role: u.role, place: u.place,
			})
		}
	}
	for i := range people {
		e := &people[i]
		e.userName = strings.ToLower(strings.Trim(e.given+"."+e.family, ".")) + "@acme.com"
		e.externalID = fmt.Sprintf("00udemo%013d", i)
		if e.status == "" {
			e.status = "active"
		}
	}
	return people
}

// resource is the user as Okta would push it.
func (e *employee) resource(manager string) map[string]any {
	const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	r := map[string]any{
		"schemas":     []string{"urn:ietf:params:scim:schemas:core:2.0:User", enterprise},
		"userName":    e.userName,
		"externalId":  e.externalID,
		"name":        map[string]string{"givenName": e.given, "familyName": e.family},
		"displayName": strings.TrimSpace(e.given + " " + e.family),
		"emails":      []map[string]any{{"value": e.userName, "type": "work", "primary": true}},
		"active":      true,
		"groups":      []any{},
	}
	if e.title != "" {
		r["title"] = e.title
	}
	extension := map[string]any{}
	if e.department != "" {
		extension["department"] = e.department
	}
	if manager != "" {
		extension["manager"] = map[string]string{"value": manager}
	}
	if len(extension) > 0 {
		r[enterprise] = extension
	} else {
		r["schemas"] = []string{"urn:ietf:params:scim:schemas:core:2.0:User"}
	}
	return r
}
