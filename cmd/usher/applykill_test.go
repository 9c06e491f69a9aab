package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// crowd is how many people the apply that is killed concerns.
const crowd = 20_000

// crowdFile is an organization in which everybody has one role and one team, by one rule.
func crowdFile(role, team string) string {
	return fmt.Sprintf(`organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com}]
connections: [{id: acme-okta, provider: okta}]
roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]
rules:
  - {name: staff, when: user.userName.endsWith("@acme.com"), role: %s, teams: [%s]}
  - {name: root, when: user.userName == "root@acme.com", role: admin}
brakes:
  - {of: suspensions, window: 1h, floor: 1000000}
  - {of: role_losses, window: 1h, floor: 1000000}
`, role, team)
}

// TestKilledInTheMiddleOfAnApply: an apply to 20,000 people is killed again and again while a provider pushes. It ends
// complete, each change is journalled once, and nobody is settled under the policy of before.
func TestKilledInTheMiddleOfAnApply(t *testing.T) {
	program, data, folder := built(t), t.TempDir(), t.TempDir()
	config, file := filepath.Join(folder, "usher.yaml"), filepath.Join(folder, "organizations", "acme.yaml")
	put := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(config, "log: {access: false}\n")
	put(file, crowdFile("member", "red"))
	p := servingConfig(t, program, config, data)
	w := &writer{name: "late", token: token(t, program, data), acked: map[string]*ackedUser{}}
	first := pushCrowd(t, w, p.url)

	put(file, crowdFile("viewer", "blue"))
	command(t, program, "apply", "--data", data, "--yes", "--reason", "test", file)
	applied := lastEntry(t, program, data)
	const kills = 4
	for kill := range kills {
		var wg sync.WaitGroup
		var failed error
		wg.Go(func() { failed = w.touch(p.url, first) })
		time.Sleep(150 * time.Millisecond)
		p.kill(t)
		wg.Wait()
		if failed != nil {
			t.Fatal(failed)
		}
		http.DefaultClient.CloseIdleConnections()
		if kill == 0 && !underWay(t, data) {
			t.Error("the apply was over before the first kill")
		}
		p = servingConfig(t, program, config, data)
	}
	awaitJobs(t, program, data)
	p.kill(t)
	checkApplied(t, data, applied)
}

// pushCrowd creates everybody by Bulk requests, and returns the SCIM ids.
func pushCrowd(t *testing.T, w *writer, url string) []string {
	t.Helper()
	var ids []string
	for from := 0; from < crowd; from += 1000 {
		var ops []map[string]any
		for i := from; i < from+1000; i++ {
			userName := fmt.Sprintf("p%d@acme.com", i)
			if i == 0 {
				userName = "root@acme.com"
			}
			ops = append(ops, map[string]any{"method": "POST", "path": "/Users", "bulkId": fmt.Sprint("b", i), "data": map[string]any{
				"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": userName, "externalId": fmt.Sprint("e", i), "active": true,
			}})
		}
		body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": ops}
		var answer struct {
			Operations []struct{ Location, Status string }
		}
		status, err := w.send(http.MethodPost, url+"/scim/v2/acme-okta/Bulk", body, &answer)
		if err != nil || status != http.StatusOK {
			t.Fatalf("POST /Bulk answered %d, %v", status, err)
		}
		for _, op := range answer.Operations {
			if op.Status != "201" {
				t.Fatalf("an operation answered %s", op.Status)
			}
			ids = append(ids, op.Location[strings.LastIndexByte(op.Location, '/')+1:])
		}
	}
	return ids
}

// touch changes people, and creates new ones, until the program is gone.
func (w *writer) touch(url string, ids []string) error {
	for {
		w.n++
		op := map[string]any{"op": "replace", "value": map[string]any{"title": fmt.Sprint("Title ", w.n)}}
		if done, err := w.patch(url+"/scim/v2/acme-okta/Users/"+ids[w.n*37%len(ids)], op); done || err != nil {
			return err
		}
		body := map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": fmt.Sprintf("late%d@acme.com", w.n), "externalId": fmt.Sprint("late", w.n), "active": true,
		}
		status, err := w.send(http.MethodPost, url+"/scim/v2/acme-okta/Users", body, nil)
		if err != nil {
			return nil // it was killed; that is the test
		}
		if status != http.StatusCreated && status != http.StatusConflict {
			return fmt.Errorf("POST answered %d", status)
		}
	}
}

func command(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("usher %s: %v\n%s", args[0], err, failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// lastEntry returns the number of the entry of the policy that was activated last.
func lastEntry(t *testing.T, program, data string) uint64 {
	t.Helper()
	var entries []struct{ Seq uint64 }
	if err := json.Unmarshal(command(t, program, "journal", "--data", data, "--kind", "policy.activated", "--json"), &entries); err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, e := range entries {
		last = max(last, e.Seq)
	}
	return last
}

// underWay reports whether a killed program left a job.
func underWay(t *testing.T, data string) bool {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "usher.db"), bolt.Options{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	var jobs []*directory.Job
	if err := s.View(t.Context(), func(tx store.Tx) (err error) {
		jobs, err = tx.ListJobs(1)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return len(jobs) > 0
}

// awaitJobs waits until nothing is under way.
func awaitJobs(t *testing.T, program, data string) {
	t.Helper()
	for range 600 {
		var status struct {
			Organizations []struct{ Jobs int }
		}
		if err := json.Unmarshal(command(t, program, "status", "--data", data, "--json"), &status); err != nil {
			t.Fatal(err)
		}
		if status.Organizations[0].Jobs == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the job does not end")
}

// checkApplied holds the store against what the apply, which has an entry of its own, must have done.
func checkApplied(t *testing.T, data string, applied uint64) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "usher.db"), bolt.Options{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	changes := map[directory.ID]int{}
	err = s.View(t.Context(), func(tx store.Tx) error {
		for after := applied; ; {
			entries, err := tx.ListEntries(after, 1000, false)
			if err != nil || len(entries) == 0 {
				return err
			}
			for _, e := range entries {
				after = e.Seq
				for _, f := range e.Effects {
					if f.Field == "role" && f.After == "member" {
						t.Errorf("entry %d gives a role of the policy of before: %+v", e.Seq, f)
					}
					if f.Field == "role" && f.Before == "member" && f.After == "viewer" {
						changes[memberOf(e)]++
					}
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	err = s.View(t.Context(), func(tx store.Tx) error {
		org := directory.OrgNum(1)
		for page := (store.Page{Limit: 1000}); ; {
			members, err := tx.ListMembers(org, page)
			if err != nil || len(members) == 0 {
				return err
			}
			for _, m := range members {
				people++
				page.After = m.ID
				d := m.Decision
				if root := d.Role == "admin"; !root && d.Role != "viewer" || len(d.Teams) != 1 || d.Teams[0] != "blue" {
					t.Errorf("%s has role %s and teams %v", d.Email, d.Role, d.Teams)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, n := range changes {
		if n != 1 {
			t.Errorf("the change of %s was journalled %d times", id, n)
		}
	}
	if len(changes) != crowd-1 || people <= crowd {
		t.Errorf("%d people changed, want %d; there are %d", len(changes), crowd-1, people)
	}
	t.Logf("%d people, %d changed, each once", people, len(changes))
}

func memberOf(e *directory.Entry) directory.ID {
	for _, s := range e.Subjects {
		if s.Kind == directory.SubjectMember {
			return s.ID
		}
	}
	return directory.NoID
}
