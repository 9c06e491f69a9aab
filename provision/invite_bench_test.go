package provision_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/invite"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// BenchmarkInvite imports a file of 100,000 people, or as many as USHER_BENCH_PEOPLE says, each with a manager: it is read and
// checked, and everybody gets an invitation, a link, a letter and a journal entry. It reports the processor time for each row,
// and the memory of the process that is no file.
func BenchmarkInvite(b *testing.B) {
	rows := benchPeople(b, 100_000)
	file, err := os.Create(filepath.Join(b.TempDir(), "people.csv"))
	if err != nil {
		b.Fatal(err)
	}
	text := bufio.NewWriter(file)
	fmt.Fprintln(text, "email,first_name,last_name,role,department,manager_email")
	for i := range rows {
		fmt.Fprintf(text, "person%d@acme.com,First,\"Last, %d\",member,engineering,person%d@acme.com\n", i+1, i, i/20)
	}
	if err := errors.Join(text.Flush(), file.Close()); err != nil {
		b.Fatal(err)
	}
	debug.SetGCPercent(600) // as the server does
	n := 0
	var took time.Duration
	for b.Loop() {
		b.StopTimer()
		e, org := invitingEngine(b)
		b.StartTimer()
		before := processorTime(b)
		run := &invite.Import{
			Open: func() (io.ReadCloser, error) { return os.Open(file.Name()) },
			Invite: func(ctx context.Context, people []invite.Person, dry bool) ([]invite.Outcome, error) {
				in := provision.Invites{Org: org, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root@acme.com"}, DryRun: dry}
				for i := range people {
					p := &people[i]
					in.People = append(in.People, provision.Invite{
						Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Role: p.Role, Department: p.Department, Manager: p.Manager,
					})
				}
				results, err := e.Invite(ctx, in)
				out := make([]invite.Outcome, len(results))
				for i, r := range results {
					if out[i].Code = string(r.Code); r.Problem != nil {
						return nil, r.Problem
					}
				}
				return out, err
			},
		}
		report, err := run.Run(b.Context())
		if err != nil || len(report.Problems) > 0 || report.Counts[string(provision.InviteSent)] != rows {
			b.Fatal(report.Counts, err)
		}
		took += processorTime(b) - before
		n++
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(n*rows)/1000, "µs/row")
	b.ReportMetric(anonymousMemory(b), "MB-anonymous")
}

// invitingEngine makes an engine with an organization that may invite.
func invitingEngine(b *testing.B) (*provision.Engine, directory.OrgNum) {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() }) // nothing is read from the store afterwards
	e := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now, PlanKey: make([]byte, 32), PublicURL: "https://usher.example", Declared: func(string) string { return "acme" }}
	var org directory.OrgNum
	err = s.Update(b.Context(), func(tx store.Tx) (err error) {
		org, err = tx.PutOrganization("acme")
		return err
	})
	if err == nil {
		text := "organization: {id: acme}\ndomains: [{domain: acme.com}]\ndepartments: [{name: engineering}]\nroles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]\n"
		_, err = e.Activate(b.Context(), org, compile(&testing.T{}, text), []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(text)}}, "test")
	}
	if err != nil {
		b.Fatal(err)
	}
	return e, org
}
