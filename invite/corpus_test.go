package invite_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/invite"
)

var update = flag.Bool("update", false, "write the reports in testdata/corpus anew")

// office takes people in as an organization does that knows three roles, two departments and two people.
type office struct {
	known    map[string]string // folded address → code
	invited  []invite.Person
	batches  int
	dryCalls int
}

func newOffice() *office {
	return &office{known: map[string]string{"known@acme.com": "already_member", "invited@acme.com": "already_invited"}}
}

func (o *office) invite(_ context.Context, people []invite.Person, dryRun bool) ([]invite.Outcome, error) {
	o.batches++
	if dryRun {
		o.dryCalls++
	}
	out := make([]invite.Outcome, len(people))
	for i, p := range people {
		out[i] = o.one(p, dryRun)
	}
	return out, nil
}

func (o *office) one(p invite.Person, dryRun bool) invite.Outcome {
	refuse := func(field, message string) invite.Outcome {
		return invite.Outcome{Code: "refused", Field: field, Message: message}
	}
	switch {
	case directory.EmailDomain(p.Email) == "" || strings.ContainsAny(p.Email, "\n =") || len(p.Email) > 254:
		return refuse("email", "not an email address")
	case !slices.Contains([]string{"viewer", "member", "admin"}, p.Role):
		return refuse("role", "no such role")
	case !slices.Contains([]string{"", "engineering", "marketing", "sales", "product", "design"}, p.Department):
		return refuse("department", "no such department")
	case len(p.Message) > 2000:
		return refuse("message", "too long")
	}
	address := directory.FoldAddress(p.Email)
	if code := o.known[address]; code != "" {
		return invite.Outcome{Code: code}
	}
	if !dryRun {
		o.known[address] = "already_invited"
		o.invited = append(o.invited, p)
	}
	return invite.Outcome{Code: "invited"}
}

func (o *office) importing(content []byte) *invite.Import {
	return &invite.Import{Invite: o.invite, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

// said is a report as a text.
func said(r *invite.Report, err error) string {
	var b strings.Builder
	for o, err := range r.Outcomes() {
		if err != nil {
			fmt.Fprintf(&b, "the rows: %v\n", err)
			break
		}
		fmt.Fprintf(&b, "line %d: %s %s\n", o.Line, o.Email, o.Code)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%v\n", p)
	}
	if err != nil {
		fmt.Fprintf(&b, "the file: %v\n", err)
	}
	fmt.Fprintf(&b, "%d rows: %v\n", r.Rows, r.Counts)
	return b.String()
}

func TestHostileFilesAreReported(t *testing.T) {
	files, err := filepath.Glob("testdata/corpus/*.csv")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".csv"), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			office := newOffice()
			report, err := office.importing(content).Run(t.Context())
			got := said(report, err)
			golden := strings.TrimSuffix(file, ".csv") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, errGolden := os.ReadFile(golden)
			if diff := cmp.Diff(string(want), got); diff != "" || errGolden != nil {
				t.Errorf("%v (-want +got):\n%s", errGolden, diff)
			}
			invited := len(office.invited)
			if _, err := office.importing(content).Run(t.Context()); len(office.invited) != invited {
				t.Errorf("the same file again invited %d more, %v", len(office.invited)-invited, err)
			}
			strict := newOffice()
			all := strict.importing(content)
			all.Atomic = true
			if report, err := all.Run(t.Context()); (len(report.Problems) > 0 || err != nil) && len(strict.invited) > 0 {
				t.Errorf("%d were invited although something is wrong", len(strict.invited))
			} else if len(report.Problems) == 0 && len(strict.invited) != invited {
				t.Errorf("%d were invited, want %d: nothing is wrong", len(strict.invited), invited)
			}
			dry := newOffice()
			rehearsal := dry.importing(content)
			rehearsal.DryRun = true
			again, err := rehearsal.Run(t.Context())
			if diff := cmp.Diff(got, said(again, err)); diff != "" || len(dry.invited) > 0 {
				t.Errorf("a dry run invites %d, and says otherwise (-earnest +dry):\n%s", len(dry.invited), diff)
			}
		})
	}
}

func TestManagersAreInvitedBeforeTheirPeople(t *testing.T) {
	var rows []string
	for i := 999; i >= 0; i-- { // each team of ten has a manager in the next row of ten, and the rows are upside down
		manager := ""
		if i > 0 {
			manager = fmt.Sprintf("p%d@acme.com", (i-1)/10)
		}
		rows = append(rows, fmt.Sprintf("p%d@acme.com,P,%d,member,engineering,%s", i, i, manager))
	}
	office := newOffice()
	report, err := office.importing([]byte("email,first_name,last_name,role,department,manager_email\n" + strings.Join(rows, "\n"))).Run(t.Context())
	if err != nil || report.Counts["invited"] != 1000 || len(report.Problems) > 0 {
		t.Fatalf("%v, %v, %v", report.Counts, report.Problems, err)
	}
	seen := map[string]bool{"": true}
	for _, p := range office.invited {
		if !seen[p.Manager] {
			t.Fatalf("%s comes before the manager %s", p.Email, p.Manager)
		}
		seen[p.Email] = true
	}
}

func TestWhatKeepsAFileOutKeepsAllOfItOut(t *testing.T) {
	long := []byte("email,role\n" + strings.Repeat("a@acme.com,member\n", invite.MaxRows+1))
	large := append([]byte("email,role,message\nann@acme.com,member,\""), bytes.Repeat([]byte("x"), invite.MaxBytes)...)
	for words, content := range map[string][]byte{"more than 100000 rows": long, "more than 64 MB": large} {
		office := newOffice()
		_, err := office.importing(content).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), words) || office.batches > 0 {
			t.Errorf("%v after %d batches, want %q", err, office.batches, words)
		}
	}
}

func TestAnErrorEndsTheImportAndLeavesTheRestForAnotherRun(t *testing.T) {
	var b strings.Builder
	b.WriteString("email,role\n")
	for i := range 500 {
		fmt.Fprintf(&b, "p%d@acme.com,member\n", i)
	}
	office, broken := newOffice(), errors.New("the line is down")
	run := office.importing([]byte(b.String()))
	done := 0
	run.Progress = func(rows int) { done += rows }
	run.Invite = func(ctx context.Context, people []invite.Person, dryRun bool) ([]invite.Outcome, error) {
		if office.batches == 1 {
			return nil, broken
		}
		return office.invite(ctx, people, dryRun)
	}
	report, err := run.Run(t.Context())
	if !errors.Is(err, broken) || report.Counts["invited"] != 200 || done != 200 {
		t.Errorf("%v after %v, %d done", err, report.Counts, done)
	}
	run.Invite = office.invite
	report, err = run.Run(t.Context())
	if err != nil || report.Counts["invited"] != 300 || report.Counts["already_invited"] != 200 || len(office.invited) != 500 {
		t.Errorf("again: %v, %v; %d in all", report.Counts, err, len(office.invited))
	}
}

// reads reads a file to its end, and fails when a row is not what the reader promises.
func reads(t *testing.T, content []byte) {
	r, err := invite.NewReader(bytes.NewReader(content))
	if err != nil {
		return
	}
	for range invite.MaxRows + 2 {
		p, err := r.Next()
		var problem *invite.RowError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &problem) && problem.Line == 0:
			return
		case errors.As(err, &problem):
			continue
		case err != nil:
			t.Fatal(err)
		}
		for _, text := range []string{p.Email, p.Role, p.Department, p.Message, p.FirstName, p.LastName, p.Manager} {
			if strings.ContainsRune(text, 0) || strings.TrimSpace(text) != text || strings.ToValidUTF8(text, "?") != text {
				t.Fatalf("line %d: %q", p.Line, text)
			}
		}
	}
	t.Fatal("the file has no end")
}

// imports runs a file through everything, and fails when somebody is invited twice or out of nowhere.
func imports(t *testing.T, content []byte) {
	office := newOffice()
	report, err := office.importing(content).Run(t.Context())
	if err != nil {
		var problem *invite.RowError
		if !errors.As(err, &problem) {
			t.Fatal(err)
		}
		return
	}
	outcomes := 0
	for _, err := range report.Outcomes() {
		if err != nil {
			t.Fatal(err)
		}
		outcomes++
	}
	if report.Rows != outcomes+len(report.Problems) {
		t.Fatalf("%d rows, %d outcomes and %d problems", report.Rows, outcomes, len(report.Problems))
	}
	seen := map[string]bool{}
	for _, p := range office.invited {
		if address := directory.FoldAddress(p.Email); seen[address] {
			t.Fatalf("%s was invited twice", address)
		} else {
			seen[address] = true
		}
	}
}

func seed(f *testing.F, head string) {
	files, err := filepath.Glob("testdata/corpus/*.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
		if _, rows, ok := bytes.Cut(content, []byte("\n")); ok {
			f.Add(append([]byte(head), rows...))
		}
	}
}

func FuzzBulk(f *testing.F) {
	seed(f, "email,role,department,message\n")
	f.Fuzz(reads)
}

func FuzzTeam(f *testing.F) {
	seed(f, "email,first_name,last_name,role,department,manager_email\n")
	f.Fuzz(func(t *testing.T, content []byte) {
		reads(t, content)
		imports(t, content)
	})
}

func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	var text strings.Builder
	text.WriteString("email,first_name,last_name,role,department,manager_email\n")
	for i := range rows {
		fmt.Fprintf(&text, "person%d@acme.com,First,\"Last, %d\",member,engineering,person%d@acme.com\n", i, i, i/20)
	}
	content := []byte(text.String())
	b.ReportAllocs()
	for b.Loop() {
		run := newOffice().importing(content)
		run.Invite = func(_ context.Context, people []invite.Person, _ bool) ([]invite.Outcome, error) {
			out := make([]invite.Outcome, len(people))
			for i := range out {
				out[i].Code = "invited"
			}
			return out, nil
		}
		if _, err := run.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*rows), "µs/row")
}
