package mapping_test

import (
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// A space may be open to a department by itself. A rule that denies it has to be heard though no rule gives it.
func TestADeniedSpaceThatADepartmentOpens(t *testing.T) {
	org := acme(
		config.Rule{Name: "staff", Groups: groups("Staff"), Role: "member", Department: "engineering"},
		config.Rule{Name: "contractors", Groups: groups("Contractors"), Deny: config.Deny{Spaces: []string{"lounge", "cellar"}}},
	)
	org.Spaces = []config.Space{{At: at(90), Name: "lounge", Access: []config.SpaceAccess{{At: at(91), Of: "engineering", Level: config.LevelFull}}}, {At: at(92), Name: "cellar"}}
	p := compile(t, org)
	got := p.Evaluate(ann("Staff", "Contractors"), noon).Decision
	if r := reasonFor(t, got, "spaces", "lounge"); r.Source != directory.SourceDeny || r.Rule != "contractors" || got.Spaces != nil {
		t.Errorf("reason %+v, spaces %q; want the lounge denied by contractors", r, got.Spaces)
	}
	for _, r := range got.Reasons {
		if r.Value == "cellar" {
			t.Errorf("a denial of what nobody gives is a reason: %+v", r)
		}
	}
	if trace := p.Explain(ann("Staff", "Contractors"), noon); !trace.Result.Decision.Equal(&got) {
		t.Error("explained otherwise than decided")
	}
}
