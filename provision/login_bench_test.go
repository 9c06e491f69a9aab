package provision_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// BenchmarkLogin measures a sign-in from the verified identity to the durable session: of somebody who joins, and of a
// member who says nothing new.
func BenchmarkLogin(b *testing.B) {
	for name, people := range map[string]int64{"first": 1 << 60, "known": 1000} {
		b.Run(name, func(b *testing.B) {
			s, err := bolt.Open(filepath.Join(b.TempDir(), "usher.db"), bolt.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // nothing is read from the store afterwards
			e := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}
			in := provision.Login{Request: "request", Method: "oidc", Profile: directory.Profile{GivenName: "Given", FamilyName: "Family"}}
			err = s.Update(b.Context(), func(tx store.Tx) error {
				if in.Org, err = tx.PutOrganization("acme"); err != nil {
					return err
				}
				in.Conn, err = tx.PutConnection(in.Org, "okta")
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			files := []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(open)}}
			if _, err := e.Activate(b.Context(), in.Org, compile(&testing.T{}, open), files, "bench"); err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					in := in
					in.Subject = fmt.Sprint("subject", next.Add(1)%people)
					in.Addresses = []provision.LoginAddress{{Value: in.Subject + "@acme.com", Vouched: true}}
					r, err := e.Login(b.Context(), in)
					if err != nil || !r.In() {
						b.Errorf("%+v (%v)", r, err)
						return
					}
				}
			})
		})
	}
}
