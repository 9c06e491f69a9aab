package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mixus/usher/facts"
)

// todo is the policy of AuthZEN's interop scenario "Todo", as its working group describes it: who may read, create,
// update and delete on a list of things to do that people share. A member has one role, so that of Rick is made of two.
const todo = `
organization: {id: citadel}
domains: [{domain: the-citadel.com}, {domain: the-smiths.com}]
connections: [{id: citadel-okta, provider: okta, default_role: viewer}]
roles:
  - {name: viewer, permissions: [can_read_user, can_read_todos]}
  - {name: editor, includes: [viewer], permissions: [can_create_todo, can_update_todo.own, can_delete_todo.own]}
  - {name: admin, includes: [editor], permissions: [can_delete_todo]}
  - {name: evil_genius, includes: [editor], permissions: [can_update_todo]}
  - {name: admin and evil_genius, includes: [admin, evil_genius]}
rules:
  - {name: editors, when: user.title == "Editor", role: editor}
  - {name: rick, when: user.title == "Scientist", role: admin and evil_genius}
`

// citizens are the people of the scenario, by the subject of their tokens.
var citizens = []struct{ name, subject, address, title string }{
	{"rick", "CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "rick@the-citadel.com", "Scientist"},
	{"morty", "CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "morty@the-citadel.com", "Editor"},
	{"summer", "CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "summer@the-smiths.com", "Editor"},
	{"beth", "CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "beth@the-smiths.com", ""},
	{"jerry", "CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "jerry@the-smiths.com", ""},
}

// citadel is a world with the people of the scenario, whose provider knows them by the subjects of their tokens.
func citadel(t *testing.T) *world {
	w := newWorld(t)
	w.enrollText("citadel", todo)
	w.push("citadel", func(f *facts.Writer) error {
		for _, c := range citizens {
			_, err := f.CreateUser(facts.UserInput{
				UserName: c.subject, ExternalID: "x-" + c.name, Active: true, Attributes: []string{"userName", "title"},
				Body: fmt.Appendf(nil, `{"userName":%q,"active":true,"title":%q,"emails":[{"value":%q,"primary":true}]}`, c.subject, c.title, c.address),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.must(w.engine.Idle(t.Context()))
	return w
}

const todoID = "7240d0db-8ff0-41ec-98b2-34a096273b9f"

func question(subject, action, kind, id, owner string) map[string]any {
	resource := map[string]any{"type": kind, "id": id}
	if owner != "" {
		resource["properties"] = map[string]any{"ownerID": owner}
	}
	return map[string]any{
		"subject": map[string]any{"type": "user", "id": subject}, "action": map[string]any{"name": action}, "resource": resource,
	}
}

// The decisions that the scenario publishes: 40 evaluations, and three requests of several.
func TestAuthZENTodo(t *testing.T) {
	w := citadel(t)
	app := w.application("citadel")
	ricks, own := citizens[0].address, ""
	for _, c := range citizens {
		own = c.address
		rick, editor := c.name == "rick", c.title == "Editor"
		for _, tt := range []struct {
			action, kind, id, owner string
			want                    bool
		}{
			{"can_read_user", "user", "beth@the-smiths.com", "", true},
			{"can_read_user", "user", own, "", true},
			{"can_read_todos", "todo", "todo-1", "", true},
			{"can_create_todo", "todo", "todo-1", "", rick || editor},
			{"can_update_todo", "todo", todoID, ricks, rick},
			{"can_update_todo", "todo", todoID, own, rick || editor},
			{"can_delete_todo", "todo", todoID, ricks, rick},
			{"can_delete_todo", "todo", todoID, own, rick || editor},
		} {
			got := app.ask("/evaluation", question(c.subject, tt.action, tt.kind, tt.id, tt.owner), http.StatusOK)
			if got["decision"] != tt.want {
				t.Errorf("%s: %s on %s of %q answers %v, want %v", c.name, tt.action, tt.kind, tt.owner, got, tt.want)
			}
		}
		both := question(c.subject, "can_update_todo", "todo", "", "")
		both["resource"] = map[string]any{} // as the scenario writes it
		both["evaluations"] = []any{
			map[string]any{"resource": map[string]any{"type": "todo", "id": todoID, "properties": map[string]any{"ownerID": "jerry@the-smiths.com"}}},
			map[string]any{"resource": map[string]any{"type": "todo", "id": todoID, "properties": map[string]any{"ownerID": own}}},
		}
		got := app.decisions(app.ask("/evaluations", both, http.StatusOK))
		if len(got) != 2 || got[0] != rick || got[1] != (rick || editor) {
			t.Errorf("%s: of two todos, %v may be updated", c.name, got)
		}
	}
}
