package provision_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

// What was asked for is approved while the file still lets an admin approve it, and of whom it can be used by.
func TestARequestIsApprovedWhileItCouldStillBeAskedFor(t *testing.T) {
	for name, change := range map[string]func(*world){
		"the policy offers it no more": func(w *world) { w.activate(strings.Replace(permitted, "agent_creation: admin_approval, ", "", 1)) },
		"the policy refuses it": func(w *world) {
			w.activate(strings.Replace(permitted, "agent_creation: admin_approval", "agent_creation: false", 1))
		},
		"the member has it by now": func(w *world) {
			w.activate(strings.Replace(permitted, "agent_creation: admin_approval", "agent_creation: true", 1))
		},
		"the member is suspended": func(w *world) { w.act(w.engine.Suspend, w.of("okta", "ann")) },
		"the member is removed":   func(w *world) { w.act(w.engine.Remove, w.of("okta", "ann")) },
		"the directory has let the member go": func(w *world) {
			w.replace("okta", "ann", person("ann").with(attrs{"active": false}))
		},
		"the member is elsewhere by now": func(w *world) {
			w.remove("Marketing", "ann")
			w.add("Sales", "ann")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := permittedWorld(t)
			r, err := w.ask("ann", "agents.create")
			w.must(err)
			change(w)
			w.idle()
			before := w.lastLine().Seq
			_, err = w.engine.ApproveRequest(t.Context(), w.org, r.ID, 30*day, rootCause())
			if directory.KindOf(err) != directory.Conflict || !strings.Contains(err.Error(), "efuse it") {
				t.Errorf("approved: %v", err)
			}
			if w.lastLine().Seq != before || w.of("okta", "ann").Permitted {
				t.Errorf("something was given, and told as %+v", w.lastLine())
			}
			if _, err := w.engine.RefuseRequest(t.Context(), w.org, r.ID, rootCause()); err != nil {
				t.Errorf("it cannot be refused: %v", err)
			}
		})
	}
}

// One update that is sent twice at once, as by a client that did not wait for its answer, is applied once.
func TestAMassUpdateThatIsSentTwiceAtOnceIsAppliedOnce(t *testing.T) {
	w := permittedWorld(t)
	var mu sync.Mutex
	var group sync.WaitGroup
	applied := 0
	for range 8 {
		u := w.permissionUpdate(marketingUpdate, time.Time{})
		group.Go(func() {
			_, _, err := w.engine.ApplyPermissions(t.Context(), u, "")
			mu.Lock()
			defer mu.Unlock()
			switch kind := directory.KindOf(err); {
			case err == nil:
				applied++
			case kind != directory.Conflict && kind != directory.Precondition:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if applied != 1 {
		t.Errorf("applied %d times", applied)
	}
}

// Who becomes another, on whom the undoing has passed by already, keeps nothing of what is undone.
func TestAMergeDoesNotSaveWhatIsBeingUndone(t *testing.T) {
	w := newWorld(t, permitted)
	names := make([]string, 620)
	for i := range names {
		names[i] = fmt.Sprintf("p%03d", i)
		w.create("okta", names[i], person(names[i]))
	}
	w.group("okta", "Marketing", names[1:]...)
	w.idle()
	u, _, err := w.engine.ApplyPermissions(t.Context(), w.permissionUpdate(marketingUpdate, time.Time{}), "")
	w.must(err)
	w.idle()
	_, err = w.engine.UndoPermissions(t.Context(), w.org, u.ID, rootCause())
	w.must(err)
	if w.jobs() == 0 || !w.may("p619", "integrations.use", "integration", "tiktok").Allowed {
		t.Fatal("nothing is left to undo")
	}
	first := w.of("okta", "p000")
	_, err = w.engine.Merge(t.Context(), provision.Act{Org: w.org, Member: first.ID, Cause: rootCause()}, w.of("okta", "p619").ID)
	w.must(err)
	w.idle()
	if a := w.may("p000", "integrations.use", "integration", "tiktok"); a.Allowed || w.of("okta", "p000").Permitted {
		t.Errorf("after the undoing: %+v", a)
	}
}

// A year that no date in the store can have is refused where it is read.
func TestAMassUpdateEndsWithinAHundredYears(t *testing.T) {
	w := permittedWorld(t)
	for _, until := range []time.Time{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600)), w.now.AddDate(101, 0, 0)} {
		u := w.permissionUpdate(marketingUpdate, until)
		if _, err := w.engine.PlanPermissions(t.Context(), u); directory.KindOf(err) != directory.Invalid {
			t.Errorf("planned until %s: %v", until, err)
		}
		if _, _, err := w.engine.ApplyPermissions(t.Context(), u, ""); directory.KindOf(err) != directory.Invalid {
			t.Errorf("applied until %s: %v", until, err)
		}
	}
}
