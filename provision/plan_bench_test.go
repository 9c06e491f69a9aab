package provision_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// largePolicy has so many rules, half of them with conditions, over so many groups.
func largePolicy(rules int) string {
	var b strings.Builder
	b.WriteString(`organization: {id: acme, name: Acme Inc.}
domains: [{domain: acme.com}]
connections: [{id: okta, provider: okta, default_role: viewer}]
roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]
rules:
`)
	for i := range rules {
		if i%2 == 0 {
			fmt.Fprintf(&b, "  - {name: group %d, groups: [\"Group %d\"], teams: [team%d]}\n", i, i, i)
			continue
		}
		condition := []string{
			`user.title.startsWith("Title %d ")`, `user.department == "Department %d" && user.active`, `user.email.endsWith("@d%d.acme.com")`,
			`user.costCenter in ["%[1]d", "x%[1]d"]`, `user.userType == "Contractor %d" || inGroup("Group %[1]d")`,
		}[i/2%5]
		fmt.Fprintf(&b, "  - {name: condition %d, when: '%s', role: member}\n", i, fmt.Sprintf(condition, i))
	}
	b.WriteString("  - {name: staff, groups: [Staff], role: member}\n")
	return b.String()
}

// BenchmarkPlan evaluates a candidate of 100 rules over everybody. USHER_BENCH_PEOPLE says over how many; 20,000 without
// it. It reports the processor time for each person, and the memory of the process that is no file.
func BenchmarkPlan(b *testing.B) {
	people := benchPeople(b, 20_000)
	s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing is read from the store afterwards
	e := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	org := fillForPlan(b, e, people)
	text := strings.Replace(largePolicy(100), "teams: [team0]", "teams: [team0, more]", 1) // for one in 50
	c := provision.Candidate{Policy: compile(&testing.T{}, text), Files: []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}}
	debug.SetGCPercent(600) // as the server does
	runtime.GC()
	n, before := 0, processorTime(b)
	for b.Loop() {
		plan, err := e.Plan(b.Context(), org, c, 5)
		if err != nil {
			b.Fatal(err)
		}
		if plan.People != people || plan.Counts.Changed != people/50 {
			b.Fatalf("%d people, %d changed", plan.People, plan.Counts.Changed)
		}
		n++
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(n*people)/1000, "µs/person")
	b.ReportMetric(anonymousMemory(b), "MB-anonymous")
}

// benchPeople is of how many people a benchmark is, which USHER_BENCH_PEOPLE can say.
func benchPeople(b *testing.B, usually int) int {
	b.Helper()
	text := os.Getenv("USHER_BENCH_PEOPLE")
	if text == "" {
		return usually
	}
	people, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return people
}

// BenchmarkSettle settles one person of 20,000 under 100 rules, half of them with conditions, as a push does between its
// facts and its writes: reading the person, evaluating, the brakes, comparing.
func BenchmarkSettle(b *testing.B) {
	s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing is read from the store afterwards
	e := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	org := fillForPlan(b, e, 20_000)
	var people []directory.ID
	err = s.View(b.Context(), func(tx store.Tx) error {
		members, err := tx.ListMembers(org, store.Page{Limit: 1000})
		for _, m := range members {
			people = append(people, m.ID)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	debug.SetGCPercent(600) // as the server does
	runtime.GC()
	n, before := 0, processorTime(b)
	for b.Loop() {
		err := s.Update(b.Context(), func(tx store.Tx) error { return e.Settle(tx, org, people) })
		if err != nil {
			b.Fatal(err)
		}
		n += len(people)
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(n)/1000, "µs/person")
}

// fillForPlan makes a company: everybody in Staff, and each in two of 50 groups.
func fillForPlan(b *testing.B, e *provision.Engine, people int) directory.OrgNum {
	b.Helper()
	push := provision.Push{Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "request", Actor: "okta"}}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(e.Store.Update(b.Context(), func(tx store.Tx) (err error) {
		if push.Org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		push.Conn, err = tx.PutConnection(push.Org, "okta")
		return err
	}))
	text := largePolicy(100)
	_, err := e.Activate(b.Context(), push.Org, compile(&testing.T{}, text), []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}, "bench")
	must(err)
	groups := map[int][]string{}
	for from := 0; from < people; from += 500 {
		must(e.Do(b.Context(), push, func(w *facts.Writer) error {
			for i := from; i < min(from+500, people); i++ {
				name := fmt.Sprintf("user%d@acme.com", i)
				u, err := w.CreateUser(facts.UserInput{UserName: name, ExternalID: "x" + name, Active: true, Body: []byte(fmt.Sprintf(
					`{"active":true,"displayName":"Given Family %d","emails":[{"primary":true,"type":"work","value":%q}],"name":{"familyName":"Family","givenName":"Given"},"title":"Title %d of this","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"%d","department":"Department %d"},"userName":%q}`,
					i, name, i%1000, i%500, i%800, name))})
				if err != nil {
					return err
				}
				groups[-1] = append(groups[-1], u.ID.String())
				groups[i%50*2] = append(groups[i%50*2], u.ID.String())
			}
			return nil
		}))
	}
	for n, members := range groups {
		name := fmt.Sprintf("Group %d", n)
		if n < 0 {
			name = "Staff"
		}
		var id directory.ID
		must(e.Do(b.Context(), push, func(w *facts.Writer) error {
			g, err := w.CreateGroup(facts.GroupInput{DisplayName: name}, nil)
			if err == nil {
				id = g.ID
			}
			return err
		}))
		for from := 0; from < len(members); from += 5000 {
			must(e.Do(b.Context(), push, func(w *facts.Writer) error {
				_, err := w.ModifyGroup(id, facts.Match{}, nil, []facts.MemberOp{{Op: facts.MemberAdd, Values: members[from:min(from+5000, len(members))]}})
				return err
			}))
		}
	}
	must(e.Idle(b.Context()))
	return push.Org
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// anonymousMemory returns what the process holds that is no file, in megabytes; 0 where the system does not tell.
func anonymousMemory(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	return 0
}
