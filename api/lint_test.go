package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

// reading is a world whose server can read policies.
func reading(t *testing.T) *world {
	w := newWorld(t, "acme")
	w.server.Compile = func(files []directory.PolicyFile) (*mapping.Policy, []directory.Problem) {
		org, problems := config.ParseFiles(files)
		if directory.Failed(problems) {
			return nil, problems
		}
		return mapping.Compile(org)
	}
	return w
}

func checkBody(text string) api.CheckBody {
	return api.CheckBody{Files: []api.PolicyFile{{Name: "acme.yaml", Text: text}}}
}

func TestCheckComparesAFileWithWhatWasPushed(t *testing.T) {
	w := reading(t)
	ann := w.hire("acme", "ann", "Engineer")
	w.group("Engineering", ann.String())
	text := strings.Replace(fmt.Sprintf(policy, "acme"), "groups: [Engineering]", "groups: [Enginering]", 1) +
		"tests: [{name: everybody looks, expect: {role: member}}]\n"

	var got api.Checked
	w.local().post(acme+"/policy/check", checkBody(text), http.StatusOK, &got)
	var said []string
	for i := range got.Problems {
		p := got.Problems[i].Problem()
		said = append(said, fmt.Sprintf("%s %s %s | %s", p.Position, p.Severity, p.Message, p.Fix))
		if p.Excerpt == "" {
			t.Errorf("%s has no excerpt", p.Position)
		}
	}
	all := strings.Join(said, "\n")
	for _, want := range []string{
		`acme.yaml:9:14 warning rule engineers: no provider has pushed a group "Enginering" | did you mean "Engineering"?`,
		`error test "everybody looks" fails: role is viewer, not member`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the check does not say %q:\n%s", want, all)
		}
	}
}

func TestCheckTellsWhatKeepsAFileFromCompiling(t *testing.T) {
	w := reading(t)
	var got api.Checked
	w.local().post(acme+"/policy/check", checkBody("organization: {id: acme}\nrules: [{name: a, groups: [A], role: nobody}]\n"), http.StatusOK, &got)
	if len(got.Problems) != 1 || got.Problems[0].Severity != directory.SeverityError || got.Problems[0].Line != 2 || got.Problems[0].Column != 38 {
		t.Errorf("problems %v; want the unknown role", got.Problems)
	}
}

func TestCheckRefusesWhatItCannotCheck(t *testing.T) {
	w := reading(t)
	w.local().refused(http.MethodPost, "/organizations/globex/policy/check", checkBody("organization: {id: globex}"), http.StatusNotFound)
	problem := w.local().refused(http.MethodPost, acme+"/policy/check", checkBody("organization: {id: globex}"), http.StatusUnprocessableEntity)
	if problem.Field != "files" || !strings.Contains(problem.Detail, "globex") {
		t.Errorf("another organization's file: %+v", problem)
	}
	w.local().refused(http.MethodPost, acme+"/policy/check", api.CheckBody{}, http.StatusUnprocessableEntity)
	w.server.Compile = nil
	w.local().refused(http.MethodPost, acme+"/policy/check", checkBody("organization: {id: acme}"), http.StatusServiceUnavailable)
}
