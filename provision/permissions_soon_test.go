package provision_test

import (
	"strings"
	"testing"
	"time"
)

// An end that was mistyped, an hour for a day, shows in the plan.
func TestAMassUpdateThatEndsWithinTheHourIsWarnedOf(t *testing.T) {
	w := permittedWorld(t)
	for in, warned := range map[time.Duration]bool{59 * time.Minute: true, time.Hour: false, 24 * time.Hour: false} {
		plan, err := w.engine.PlanPermissions(t.Context(), w.permissionUpdate(marketingUpdate, w.now.Add(in)))
		w.must(err)
		if got := strings.Contains(strings.Join(plan.Warnings, " "), "ends within the hour"); got != warned {
			t.Errorf("an end in %s: warned %t, want %t: %v", in, got, warned, plan.Warnings)
		}
	}
	plan, err := w.engine.PlanPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}))
	w.must(err)
	if len(plan.Warnings) > 0 {
		t.Errorf("one for good: %v", plan.Warnings)
	}
	if _, err := w.engine.PlanPermissions(t.Context(), w.permissionUpdate(marketingUpdate, w.now)); err == nil || !strings.Contains(err.Error(), "which is past") {
		t.Errorf("one that ends now: %v", err)
	}
}
