package provision_test

import (
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// Of several reports the earliest counts, so that one of an impossible date would stand for good.
func TestAStepIsNotDoneBeforeThereWereSteps(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	for _, at := range []time.Time{
		time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 14*3600)), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Unix(1, 0), time.UnixMilli(1_762_000_000),
		w.now.AddDate(8000, 0, 0),
	} {
		_, err := w.engine.ReportStep(t.Context(), provision.Act{Org: w.org, Member: ann.ID, Cause: appCause()}, "profile", at)
		if directory.KindOf(err) != directory.Invalid {
			t.Errorf("done at %s: %v", at, err)
		}
	}
	w.wantSteps(ann, "not_begun 0/3 |account,profile,github,deploy")
	_, err := w.engine.ReportStep(t.Context(), provision.Act{Org: w.org, Member: ann.ID, Cause: appCause()}, "profile", w.now.AddDate(-3, 0, 0))
	w.must(err)
}

// However many report the last steps at once, what follows from them is told once.
func TestTheLastStepsReportedAtOnceAreCompletedOnce(t *testing.T) {
	w := newWorld(t, newcomers)
	ann := w.engineer("ann")
	w.login("okta", "ann")
	var group sync.WaitGroup
	for range 8 {
		for _, step := range []string{"profile", "github", "deploy"} {
			group.Go(func() {
				if _, err := w.report(ann, step); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	for kind, want := range map[string]int{"onboarding.completed": 1, "onboarding.step_done": 4} {
		if n := w.told(kind); n != want {
			t.Errorf("%s is told %d times, want %d", kind, n, want)
		}
	}
}
