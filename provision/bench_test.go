package provision_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// BenchmarkPush measures one push from the writer to the durable answer: create, then deactivate, of people who are
// engineers, 64 at a time, so that the commit is shared and what is left is the work of deciding and writing.
func BenchmarkPush(b *testing.B) {
	s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing is read from the store afterwards
	e := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	push := provision.Push{Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "request", Actor: "okta"}}
	err = s.Update(b.Context(), func(tx store.Tx) error {
		if push.Org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		push.Conn, err = tx.PutConnection(push.Org, "okta")
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	policy := compile(&testing.T{}, acme)
	if _, err := e.Activate(b.Context(), push.Org, policy, []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(acme)}}, "bench"); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			name := fmt.Sprintf("user%d.%p@acme.com", time.Now().UnixNano(), pb)
			in := facts.UserInput{UserName: name, ExternalID: "x" + name, Active: true, Body: []byte(fmt.Sprintf(
				`{"active":true,"displayName":"Given Family","emails":[{"primary":true,"type":"work","value":%q}],"locale":"en-US","name":{"familyName":"Family","givenName":"Given"},"userName":%q}`, name, name))}
			var id directory.ID
			if err := e.Do(b.Context(), push, func(w *facts.Writer) error {
				u, err := w.CreateUser(in)
				if err == nil {
					id = u.ID
				}
				return err
			}); err != nil {
				b.Error(err)
				return
			}
			in.Active = false
			if err := e.Do(b.Context(), push, func(w *facts.Writer) error {
				_, err := w.ReplaceUser(id, facts.Match{}, in)
				return err
			}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
