package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// enrollText is enroll with a file of the test's own, whose connection is called after the organization.
func (w *world) enrollText(name, text string) {
	w.t.Helper()
	organization, problems := config.ParseOrganization(name+".yaml", []byte(text), config.Options{})
	compiled, more := mapping.Compile(organization)
	if problems = append(problems, more...); directory.Failed(problems) {
		w.t.Fatal(problems)
	}
	w.must(w.store.Update(w.t.Context(), func(tx store.Tx) (err error) {
		if w.orgs[name], err = tx.PutOrganization(name); err != nil {
			return err
		}
		w.conns[name+"-okta"], err = tx.PutConnection(w.orgs[name], name+"-okta")
		return err
	}))
	_, err := w.engine.Activate(w.t.Context(), w.orgs[name], compiled, []directory.PolicyFile{{Name: name + ".yaml", Text: []byte(text)}}, "test")
	w.must(err)
}

// application is a program that asks by AuthZEN.
type application struct {
	t       testing.TB
	handler http.Handler
	secret  string
}

func (w *world) application(organization string, scopes ...string) application {
	w.t.Helper()
	if len(scopes) == 0 {
		scopes = []string{api.ScopeAccessRead}
	}
	return application{t: w.t, handler: w.edge(w.server.AccessHandler("https://usher.example")), secret: w.with(organization, scopes...).secret}
}

func (a application) send(path string, body []byte, header ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), http.MethodPost, api.AccessPrefix+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+a.secret)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w
}

// ask sends a question and reads the answer.
func (a application) ask(path string, body any, status int) map[string]any {
	a.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	w := a.send(path, text)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); w.Code != status || err != nil {
		a.t.Fatalf("%s %s answered %d %s, want %d", path, text, w.Code, w.Body, status)
	}
	return out
}

func (a application) decisions(answer map[string]any) []bool {
	a.t.Helper()
	var out []bool
	list, _ := answer["evaluations"].([]any)
	for _, one := range list {
		out = append(out, one.(map[string]any)["decision"] == true)
	}
	return out
}

// found returns what a search found, by id or name, and the token of the next page.
func (a application) found(answer map[string]any) (found []string, next string) {
	a.t.Helper()
	for _, one := range answer["results"].([]any) {
		entity := one.(map[string]any)
		if name, ok := entity["name"].(string); ok {
			found = append(found, name)
		} else if properties, ok := entity["properties"].(map[string]any); ok {
			found = append(found, properties["email"].(string))
		} else {
			found = append(found, entity["id"].(string))
		}
	}
	return found, answer["page"].(map[string]any)["next_token"].(string)
}

// factory is a policy with a role, a permission set, a project and a shared agent.
const factory = `
organization: {id: acme}
domains: [{domain: acme.com}]
connections: [{id: acme-okta, provider: okta, default_role: viewer}]
departments: [{name: engineering}, {name: sales}]
roles: [{name: viewer, permissions: [conversations.view.shared]}, {name: member, includes: [viewer], permissions: [agents.edit.own]}]
rules:
  - {name: engineers, when: user.title == "Engineer", role: member, department: engineering, permission_sets: [tools]}
  - {name: sellers, when: user.title == "Seller", department: sales}
permission_sets: {tools: {ai_models: [gpt-4, claude-4, claude-3], agent_creation: admin_approval}}
projects: [{name: alpha, members: {departments: [engineering]}, files: [specs], ends: 2026-12-01}]
shared_agents: {bot: {access: [engineering, sales], permissions: {engineering: full, sales: run_only}}}
`

func newFactory(t *testing.T) *world {
	w := newWorld(t)
	w.enrollText("acme", factory)
	w.hire("acme", "ann", "Engineer")
	w.hire("acme", "bob", "Seller")
	w.hire("acme", "eve", "Engineer")
	w.must(w.engine.Idle(t.Context()))
	return w
}

func TestAnAnswerNamesTheRule(t *testing.T) {
	app := newFactory(t).application("acme")
	got := app.ask("/evaluation", question("ann@acme.com", "run", "agent", "bot", ""), http.StatusOK)
	context := got["context"].(map[string]any)
	source := context["source"].(map[string]any)
	if got["decision"] != true || source["kind"] != "shared_agent" || source["name"] != "bot" || source["at"] != "acme.yaml:12" ||
		context["rule"] != "engineers" || context["rule_at"] != "acme.yaml:8" || context["reason"] == "" {
		t.Errorf("answer %v", got)
	}
	got = app.ask("/evaluation", question("ann@acme.com", "agents.create", "organization", "acme", ""), http.StatusOK)
	if context := got["context"].(map[string]any); got["decision"] != false || context["approval"] != true {
		t.Errorf("answer %v; want no, unless an admin approves", got)
	}
	got = app.ask("/evaluation", question("ann@acme.com", "files.view", "file", "specs", ""), http.StatusOK)
	if context := got["context"].(map[string]any); got["decision"] != true || context["until"] != "2026-12-01T00:00:00Z" {
		t.Errorf("answer %v; want yes, until the project ends", got)
	}
	for _, subject := range []map[string]any{{"type": "user", "id": "nobody@acme.com"}, {"type": "spaceship", "id": "ann@acme.com"}} {
		q := question("", "run", "agent", "bot", "")
		q["subject"] = subject
		if got := app.ask("/evaluation", q, http.StatusOK); got["decision"] != false {
			t.Errorf("%v: answer %v", subject, got)
		}
	}
}

func TestSeveralQuestions(t *testing.T) {
	app := newFactory(t).application("acme")
	bob := question("bob@acme.com", "agents.run", "agent", "bot", "")
	ask := func(semantic string, evaluations ...any) map[string]any {
		bob["evaluations"] = evaluations
		bob["options"] = map[string]any{"evaluations_semantic": semantic}
		return app.ask("/evaluations", bob, http.StatusOK)
	}
	run, edit := map[string]any{}, map[string]any{"action": map[string]any{"name": "agents.edit"}}
	unknown := map[string]any{"resource": map[string]any{"id": "bat"}}
	for semantic, want := range map[string][]bool{
		"execute_all": {true, false, true, false}, "": {true, false, true, false},
		"deny_on_first_deny": {true, false}, "permit_on_first_permit": {true},
	} {
		if got := app.decisions(ask(semantic, run, edit, run, unknown)); !slices.Equal(got, want) {
			t.Errorf("%q answers %v, want %v", semantic, got, want)
		}
	}
	// One that makes no sense is its own answer.
	got := ask("", run, map[string]any{"resource": map[string]any{"type": "file", "id": "x", "properties": map[string]any{"size": "large"}}}, run)
	if d := app.decisions(got); !slices.Equal(d, []bool{true, false, true}) || !strings.Contains(fmt.Sprint(got), "status:400") {
		t.Errorf("answer %v", got)
	}
	delete(bob, "evaluations")
	if got := app.ask("/evaluations", bob, http.StatusOK); got["decision"] != true {
		t.Errorf("one question alone: %v", got)
	}
	delete(bob, "action")
	bob["evaluations"] = []any{run, edit}
	bob["options"] = map[string]any{}
	if d := app.decisions(app.ask("/evaluations", bob, http.StatusOK)); !slices.Equal(d, []bool{false, false}) {
		t.Errorf("answer %v", d)
	}
	bob["options"] = map[string]any{"evaluations_semantic": "at_random"}
	app.ask("/evaluations", bob, http.StatusBadRequest)
}

func TestSearches(t *testing.T) {
	app := newFactory(t).application("acme")
	page := func(path string, q map[string]any, limit int) [][]string {
		var pages [][]string
		for token := ""; ; {
			q["page"] = map[string]any{"limit": limit, "token": token}
			found, next := app.found(app.ask("/search/"+path, q, http.StatusOK))
			pages = append(pages, found)
			if token = next; token == "" {
				return pages
			}
		}
	}
	q := question("ann@acme.com", "models.use", "model", "any", "")
	delete(q["resource"].(map[string]any), "id")
	if got := page("resource", q, 2); fmt.Sprint(got) != "[[claude-3 claude-4] [gpt-4]]" {
		t.Errorf("models: %v", got)
	}
	q = question("", "agents.edit", "agent", "bot", "")
	delete(q["subject"].(map[string]any), "id")
	if got := page("subject", q, 1); fmt.Sprint(got) != "[[ann@acme.com] [eve@acme.com]]" {
		t.Errorf("subjects: %v", got)
	}
	q = question("bob@acme.com", "", "agent", "bot", "")
	delete(q, "action")
	if got := page("action", q, 10); fmt.Sprint(got) != "[[agents.run]]" {
		t.Errorf("actions: %v", got)
	}
	for path, q := range map[string]map[string]any{
		"resource": question("nobody@acme.com", "models.use", "model", "any", ""), "subject": question("", "models.use", "model", "gpt-9", ""),
		"action": question("ann@acme.com", "", "rocket", "1", ""),
	} {
		if got := page(path, q, 10); len(got) != 1 || len(got[0]) > 0 {
			t.Errorf("%s: %v, want nothing", path, got)
		}
	}
	q["subject"] = map[string]any{"type": "spaceship"}
	if got := page("subject", question("", "models.use", "model", "gpt-4", ""), 10); len(got[0]) != 2 {
		t.Errorf("subjects: %v", got)
	}
}

func TestQuestionsThatMakeNoSense(t *testing.T) {
	w := newFactory(t)
	app := w.application("acme")
	whole := `"subject":{"type":"user","id":"ann@acme.com"},"action":{"name":"run"},"resource":{"type":"agent","id":"bot"}`
	for _, body := range []string{
		``, `{`, `[]`, `{"subject":"ann"}`, `{"action":{"name":"run"},"resource":{"type":"agent","id":"bot"}}`, strings.Replace("{"+whole+"}", `"name":"run"`, `"name":7`, 1),
		strings.Replace("{"+whole+"}", `"id":"bot"`, `"id":""`, 1), strings.Replace("{"+whole+"}", `"id":"ann@acme.com"`, `"x":1`, 1), strings.Replace("{"+whole+"}", `"name":"run"`, ``, 1),
	} {
		if got := app.send("/evaluation", []byte(body)); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), `"detail"`) {
			t.Errorf("%s answered %d %s", body, got.Code, got.Body)
		}
	}
	for path, body := range map[string]string{
		"/search/subject": `{"subject":{"type":"user"},"resource":{"type":"agent","id":"bot"}}`, "/search/resource": `{"action":{"name":"run"},"resource":{"type":"agent"}}`,
		"/search/action": `{"subject":{"type":"user","id":"ann@acme.com"}}`, "/search/action?": `{` + whole + `,"page":{"token":"*"}}`, "/search/action?x": `{` + whole + `,"page":{"limit":0}}`,
	} {
		if got := app.send(path, []byte(body)); got.Code != http.StatusBadRequest {
			t.Errorf("%s %s answered %d %s", path, body, got.Code, got.Body)
		}
	}
	got := app.send("/evaluation", []byte("{"+whole+`,"foo":{"bar":1}}`), "X-Request-ID", "from the caller")
	if got.Code != http.StatusOK || got.Header().Get("X-Request-Id") != "from the caller" || got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answered %d %s with %v", got.Code, got.Body, got.Header())
	}
	if got := app.send("/evaluation", []byte("{"+whole+"}"), "Content-Type", "text/plain"); got.Code != http.StatusBadRequest {
		t.Errorf("plain text answered %d", got.Code)
	}
	if got := app.send("/evaluation", []byte("{"+whole+"}"), "Authorization", "Bearer nonsense"); got.Code != http.StatusUnauthorized {
		t.Errorf("no token answered %d", got.Code)
	}
	if got := w.application("acme", api.ScopeMembersRead).send("/evaluation", []byte("{"+whole+"}")); got.Code != http.StatusForbidden {
		t.Errorf("another scope answered %d", got.Code)
	}
}

func TestATokenOfEveryOrganizationSaysWhich(t *testing.T) {
	w := newFactory(t)
	app := w.application("")
	q := question("ann@acme.com", "run", "agent", "bot", "")
	if got := app.ask("/evaluation", q, http.StatusOK); got["decision"] != true {
		t.Errorf("with one organization: %v", got)
	}
	w.enroll("globex")
	app.ask("/evaluation", q, http.StatusBadRequest)
	q["context"] = map[string]any{"organization": "acme"}
	if got := app.ask("/evaluation", q, http.StatusOK); got["decision"] != true {
		t.Errorf("of acme: %v", got)
	}
	q["context"] = map[string]any{"organization": "globex"}
	if got := app.ask("/evaluation", q, http.StatusOK); got["decision"] != false {
		t.Errorf("of globex: %v", got)
	}
	if got := w.application("globex").ask("/evaluation", question("ann@acme.com", "run", "agent", "bot", ""), http.StatusOK); got["decision"] != false {
		t.Errorf("by a token of globex: %v", got)
	}
}

func TestAuthZENMetadata(t *testing.T) {
	w := newFactory(t)
	rec := httptest.NewRecorder()
	w.edge(w.server.AccessHandler("https://usher.example")).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.MetadataPath, nil))
	var got map[string]string
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusOK || got["policy_decision_point"] != "https://usher.example" {
		t.Fatalf("%d %s %v", rec.Code, rec.Body, err)
	}
	app := w.application("acme")
	for name, address := range got {
		path, ok := strings.CutPrefix(address, "https://usher.example"+api.AccessPrefix)
		if name == "policy_decision_point" {
			continue
		}
		if code := app.send(path, []byte("{}")).Code; !ok || code != http.StatusBadRequest {
			t.Errorf("%s at %s answers %d", name, address, code)
		}
	}
}

func TestAccessOfAMember(t *testing.T) {
	w := newFactory(t)
	var got api.MemberAccess
	w.local().get(acme+"/members/ann@acme.com/access", &got)
	if len(got.Permissions) != 2 || len(got.Values) != 2 || len(got.Values[1].Items) != 3 || got.Values[1].Items[0].From[0].Name != "tools" || len(got.Withheld) != 1 || !got.Withheld[0].Approval {
		t.Errorf("access %+v", got)
	}
	var things []string
	for _, h := range got.Things {
		things = append(things, h.Type+" "+h.ID+" "+h.Level)
	}
	if want := "[agent bot full file specs full model claude-3 use model claude-4 use model gpt-4 use project alpha full]"; fmt.Sprint(things) != want {
		t.Errorf("things %v, want %v", things, want)
	}
	w.refuse("acme", "ann")
	w.local().get(acme+"/members/ann@acme.com/access", &got)
	if len(got.Permissions)+len(got.Values)+len(got.Things)+len(got.Withheld) > 0 || got.Status != "suspended" {
		t.Errorf("access of somebody suspended: %+v", got)
	}
	if p := w.local().refused(http.MethodPost, acme+"/members/ann@acme.com/can", map[string]any{"action": ""}, http.StatusUnprocessableEntity); p.Detail == "" {
		t.Error("an empty action is taken")
	}
}

// refuse suspends somebody by hand.
func (w *world) refuse(organization, name string) {
	w.t.Helper()
	w.local().post("/organizations/"+organization+"/members/"+name+"@"+organization+".com/suspend", map[string]any{"reason": "leave"}, http.StatusOK, nil)
}

// What was read for a question is used again, and never after anything was written.
func TestAnswersFollowEveryWrite(t *testing.T) {
	w := newWorld(t)
	w.enrollText("acme", manyAgents(1))
	program := w.application("acme")
	q := map[string]any{
		"subject": map[string]any{"type": "user", "id": "ann@acme.com"}, "action": map[string]any{"name": "run"},
		"resource": map[string]any{"type": "agent", "id": "bot0"},
	}
	want := func(when string, allowed bool) {
		t.Helper()
		for range 2 {
			if got := program.ask("/evaluation", q, http.StatusOK)["decision"]; got != allowed {
				t.Errorf("%s: %v, want %t", when, got, allowed)
			}
		}
	}
	want("before she is there", false)
	id := w.hire("acme", "ann", "Engineer")
	want("without a department", false)
	put := func(department string, active bool) {
		t.Helper()
		w.push("acme", func(f *facts.Writer) error {
			_, err := f.ReplaceUser(id, facts.Match{}, facts.UserInput{
				UserName: "ann@acme.com", ExternalID: "x-ann", Active: active, Attributes: []string{"userName"},
				Body: fmt.Appendf(nil, `{"userName":"ann@acme.com","active":%t,"emails":[{"value":"ann@acme.com","primary":true}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":%q}}`, active, department),
			})
			return err
		})
	}
	put("d0", true)
	want("in d0", true)
	put("d1", true)
	want("in d1", false)
	put("d0", true)
	want("in d0 again", true)
	put("d0", false)
	want("suspended", false)
	put("d0", true)
	want("back", true)
	var tokens api.Page[api.Token]
	w.local().get("/tokens", &tokens)
	if got := w.local().do(http.MethodDelete, "/tokens/"+tokens.Items[0].ID, nil); got.Code >= http.StatusMultipleChoices {
		t.Fatal(got.Body)
	}
	program.ask("/evaluation", q, http.StatusUnauthorized)
}
