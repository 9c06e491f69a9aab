package mapping

import (
	"strings"
	"testing"

	"github.com/mixus/usher/config"
)

// TestExplainNamesAGroupThatOnlyHasTheName: a group that was deleted and made again is called what the rule asks for, and
// the explanation must not say that somebody is in what the rule asks for.
func TestExplainNamesAGroupThatOnlyHasTheName(t *testing.T) {
	asked := (&selectors{}).add(config.Selector{Name: "Engineering"})
	got := seenGroups([]selector{asked}, []Group{{Name: "Engineering"}})
	if !strings.Contains(got, "usher groups rebind") {
		t.Errorf("it says: %s", got)
	}
	if got := seenGroups([]selector{asked}, []Group{{Name: "Engineering", Names: []string{"engineering"}}}); got != `is in "Engineering"` {
		t.Errorf("of the group that rules mean it says: %s", got)
	}
}
