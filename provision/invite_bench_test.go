package provision_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/provision"
)

// TestWhatInvitingManyCosts invites the people of a large file, and logs the CPU time of each.
func TestWhatInvitingManyCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	const batches = 25
	w := newInviteWorld(t, invites)
	cpu := func() time.Duration {
		var u syscall.Rusage
		w.must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	begun := cpu()
	for n := range batches {
		people := make([]provision.Invite, provision.InvitesMost)
		for i := range people {
			people[i] = provision.Invite{Email: fmt.Sprintf("p%d-%d@acme.com", n, i), Role: "member", Department: "Eng", FirstName: "P", Message: "Welcome"}
		}
		for _, r := range w.inviteAll(provision.Invites{People: people}) {
			if r.Code != provision.InviteSent {
				t.Fatal(r.Problem)
			}
		}
	}
	each := (cpu() - begun) / (batches * provision.InvitesMost)
	t.Logf("%s of CPU time each", each)
	if each > 5*time.Millisecond {
		t.Errorf("one invitation costs %s of CPU time", each)
	}
}
