package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
)

// update is what a mass update gives, an hour later than the one with the number before.
func update(n byte, p directory.Permission) *directory.Grant {
	p.Update = directory.ID{15: n}
	return &directory.Grant{ID: directory.ID{15: n}, Kind: directory.GrantPermission, Actor: "bo", Created: noon.Add(time.Duration(n)*time.Hour - day), Permission: &p}
}

func values(name string, v directory.Value) map[string]directory.Value {
	return map[string]directory.Value{name: v}
}

func TestWhatIsGivenByHand(t *testing.T) {
	p := access.Compile(parse(t))
	ann := person([2]string{"role", "viewer"}, [2]string{"department", "marketing"}, [2]string{"permission_sets", "marketing_team"})
	admin := person([2]string{"role", "admin"}, [2]string{"permission_sets", "finance_team"})
	asks := person([2]string{"role", "viewer"}, [2]string{"permission_sets", "finance_team"})
	adds := update(1, directory.Permission{Add: values("integrations", directory.ListValue("instagram"))})
	removes := update(2, directory.Permission{Remove: values("ai_models", directory.ListValue("gpt-4"))})
	sets := update(3, directory.Permission{Set: values("ai_models", directory.ListValue("claude-3", "claude-5"))})
	smaller := update(4, directory.Permission{Set: values("file_upload_limit", directory.SizeValue(50e6))})
	approved := &directory.Grant{
		ID: directory.ID{15: 9}, Kind: directory.GrantPermission, Actor: "bo", Created: noon.Add(-time.Hour), Ends: noon.Add(time.Hour),
		Permission: &directory.Permission{Request: directory.ID{15: 8}, Set: values("agent_creation", directory.LevelValue("true"))},
	}
	upload := on("files.upload", "file", "f")
	upload.Resource.Size = 80e6
	for _, tt := range []struct {
		name   string
		member *directory.Member
		asks   access.Question
		given  []*directory.Grant
		may    bool
		why    string
	}{
		{"nothing was added", ann, on("integrations.use", "integration", "instagram"), nil, false, "nothing gives"},
		{"what the file does not know is added", ann, on("integrations.use", "integration", "instagram"), []*directory.Grant{adds}, true, "update 2026-03-01 by bo ("},
		{"what is added leaves the rest", ann, on("integrations.use", "integration", "email"), []*directory.Grant{adds}, true, "permission set marketing_team"},
		{"what is removed", ann, on("models.use", "model", "gpt-4"), []*directory.Grant{removes}, false, "takes model gpt-4 away"},
		{"from whoever gives it", admin, on("models.use", "model", "gpt-4"), []*directory.Grant{removes}, false, "takes model gpt-4 away"},
		{"a list in place of another gives", ann, on("models.use", "model", "claude-5"), []*directory.Grant{sets}, true, "update"},
		{"and takes", ann, on("models.use", "model", "gpt-4"), []*directory.Grant{sets}, false, "leaves ai_models at claude-3, claude-5"},
		{"from permission sets alone", admin, on("models.use", "model", "gpt-4"), []*directory.Grant{sets}, true, "role admin"},
		{"the newest word counts", ann, on("models.use", "model", "gpt-4"), []*directory.Grant{sets, removes, update(5, directory.Permission{Add: values("ai_models", directory.ListValue("gpt-4"))})}, true, "update"},
		{"a limit can be lower", ann, upload, []*directory.Grant{smaller}, false, "allows 50MB at the most"},
		{"what waits for an approval", admin, on("agents.create", "", ""), nil, false, "says admin_approval"},
		{"what was approved", asks, on("agents.create", "", ""), []*directory.Grant{approved}, true, "approval by bo until 2026-03-02T13:00:00Z"},
		{"what was approved, and the role gives", admin, on("agents.create", "", ""), []*directory.Grant{approved}, true, "approval by bo until 2026-03-02T13:00:00Z ("},
		{"what the file closes stays closed", person([2]string{"department", "interns"}), on("agents.run", "agent", "customer_support_bot"), []*directory.Grant{
			update(6, directory.Permission{Add: values("agent", directory.ListValue("customer_support_bot"))}),
		}, false, "closed to interns"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := p.Can(tt.member, tt.asks, noon, tt.given...)
			if got.Allowed != tt.may || !strings.Contains(got.Why, tt.why) {
				t.Errorf("%v: %s", got.Allowed, got.Why)
			}
		})
	}
	for at, may := range map[time.Time]bool{
		noon.Add(-time.Hour - 1): false, noon.Add(-time.Hour): true, noon.Add(time.Hour - 1): true, noon.Add(time.Hour): false, noon.Add(day): false,
	} {
		if got := p.Can(asks, on("agents.create", "", ""), at, approved); got.Allowed != may || may && !got.Until.Equal(noon.Add(time.Hour)) {
			t.Errorf("at %v: %+v", at, got)
		}
	}
}

func TestWhatIsGivenByHandIsListed(t *testing.T) {
	p := access.Compile(parse(t))
	ann := person([2]string{"role", "viewer"}, [2]string{"permission_sets", "marketing_team"})
	given := update(1, directory.Permission{
		Add: values("integrations", directory.ListValue("instagram")), Remove: values("ai_models", directory.ListValue("gpt-4")),
		Set: values("file_upload_limit", directory.SizeValue(200e6)),
	})
	all := p.Of(ann, noon, given)
	merged := map[string]access.Value{}
	for _, v := range all.Values {
		merged[v.Name] = v
	}
	if v := merged["integrations"]; !slices.Equal(v.Value.List, []string{"email", "instagram", "salesforce"}) || len(v.From) != 2 {
		t.Errorf("integrations %+v", v)
	}
	if v := merged["ai_models"]; !slices.Equal(v.Value.List, []string{"claude-3"}) {
		t.Errorf("models %+v", v)
	}
	if v := merged["file_upload_limit"]; v.Value.Size != 200e6 || v.From[0].Kind != access.KindUpdate {
		t.Errorf("limit %+v", v)
	}
	var held, withheld bool
	for _, h := range all.Things {
		held = held || h.ID == "instagram" && h.Source.Kind == access.KindUpdate && slices.Contains(h.Actions, "integrations.use")
		if h.ID == "gpt-4" {
			t.Errorf("what was removed is listed: %+v", h)
		}
	}
	for _, w := range all.Withheld {
		withheld = withheld || w.Thing.ID == "gpt-4"
	}
	if !held || !withheld {
		t.Errorf("held %v, withheld %v", held, withheld)
	}
	if things := p.Resources(access.TypeIntegration, given); !slices.Contains(things, access.Thing{Type: access.TypeIntegration, ID: "instagram"}) {
		t.Errorf("a search finds %v", things)
	}
}

func TestProjectWhoseEndWasMoved(t *testing.T) {
	ann := person([2]string{"department", "engineering"})
	q := on("projects.view", "project", "alpha")
	later := access.CompileWith(parse(t), map[string]access.End{"alpha": {At: noon.Add(30 * day), By: "whose end bo has moved to 2026-04-01"}})
	got := later.Can(ann, q, noon.Add(20*day))
	if !got.Allowed || !strings.Contains(got.Why, "project alpha (acme.yaml:") || !strings.Contains(got.Why, "whose end bo has moved") {
		t.Errorf("extended: %+v", got)
	}
	if got := later.Can(ann, q, noon.Add(30*day)); got.Allowed {
		t.Errorf("after the new end: %+v", got)
	}
	early := access.CompileWith(parse(t), map[string]access.End{"alpha": {At: noon, By: "x"}})
	if early.Can(ann, q, noon).Allowed || !early.Can(ann, q, noon.Add(-1)).Allowed {
		t.Error("ended early")
	}
}
