package bolt

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// BenchmarkLoneUpdate is one writer with four rows in four trees, waiting for the disk each time.
func BenchmarkLoneUpdate(b *testing.B) {
	s := openTemp(b, Options{})
	n := 0
	for b.Loop() {
		n++
		if err := s.Update(b.Context(), fourRows(n)); err != nil {
			b.Fatal(err)
		}
	}
}

func fourRows(n int) func(store.Tx) error {
	return func(st store.Tx) error {
		t := st.(*tx)
		key := testID(n % 50_000)
		for _, in := range []bucket{bUser, bMember, bEdge, bJournal} {
			if err := t.put(in, key[:], fmt.Appendf(nil, "row %d", n)); err != nil {
				return err
			}
		}
		return nil
	}
}

// BenchmarkWriters16 is the same with sixteen writers.
func BenchmarkWriters16(b *testing.B) {
	s := openTemp(b, Options{})
	var n atomic.Int64
	b.SetParallelism(8) // times GOMAXPROCS, which is 2 on the reference machine
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Update(b.Context(), fourRows(int(n.Add(1)))); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

const benchUsers = 100_000

// BenchmarkPush is what one SCIM PATCH of one user reads and writes, without the wait for the disk: the CPU of a push.
func BenchmarkPush(b *testing.B) {
	s := manyUsers(b, benchUsers)
	for from := 0; from < benchUsers; from += 1000 {
		err := s.Update(b.Context(), func(tx store.Tx) error {
			for n := from; n < from+1000; n++ {
				if err := tx.PutMembers([]*directory.Member{benchMember(n)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	round := 0
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		round++
		if err := s.Update(b.Context(), push(rand.IntN(benchUsers), round)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-before)/1e3/float64(round), "cpu-µs/op")
}

// cpu returns the processor time of the process, which a busy machine falsifies less than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchMember(n int) *directory.Member {
	m := knownMember(1)
	m.ID = testID(n)
	email := fmt.Sprintf("user%d@acme.com", n)
	m.Decision.Email, m.Decision.Aliases, m.Decision.Name = email, []string{email}, "Ann Example"
	m.Decision.Reasons = []directory.Reason{{
		Field: "role", Value: "member", Source: directory.SourceRule, Rule: "engineers", At: "acme.yaml:12", Because: `group "Engineering" of acme-okta`,
	}}
	return m
}

func push(n, round int) func(store.Tx) error {
	return func(tx store.Tx) error {
		name := fmt.Sprintf("user%d@acme.com", n)
		found, err := tx.FindUsers(1, directory.Key{Attribute: directory.AttrUserName, Value: name})
		if err != nil {
			return err
		}
		list, err := tx.Users(1, found)
		if err != nil {
			return err
		}
		u := list[0]
		u.Revision++
		u.Body = append(u.Body[:len(u.Body)-1:len(u.Body)-1], fmt.Appendf(nil, `,"nickName":"%08d"}`, round)...)
		if round%2 == 0 {
			u.Body = body(name)
		}
		if err := tx.PutUsers(list); err != nil {
			return err
		}
		if _, err := tx.Parents(1, []directory.Child{{Kind: directory.ChildUser, ID: u.ID}}); err != nil {
			return err
		}
		members, err := tx.Members(1, found)
		if err != nil {
			return err
		}
		if _, err := tx.Grants(1, found); err != nil {
			return err
		}
		members[0].Revision++
		if err := tx.PutMembers(members); err != nil {
			return err
		}
		return tx.Append([]*directory.Entry{knownEntry(1)}, []*directory.Detail{knownDetail()})
	}
}

// BenchmarkUserAt is a look-up at any offset of many users.
func BenchmarkUserAt(b *testing.B) {
	s := manyUsers(b, benchUsers)
	userAt(b, s, benchUsers/2)
	for b.Loop() {
		userAt(b, s, rand.IntN(benchUsers))
	}
}

// BenchmarkUserAtFirst is the same at the first offset, to compare with.
func BenchmarkUserAtFirst(b *testing.B) {
	s := manyUsers(b, benchUsers)
	for b.Loop() {
		userAt(b, s, 0)
	}
}

// BenchmarkCensus is what the first look-up by offset costs beside.
func BenchmarkCensus(b *testing.B) {
	s := manyUsers(b, benchUsers)
	for b.Loop() {
		s.orders.forget()
		userAt(b, s, benchUsers/2)
	}
}

// BenchmarkUsers gets one user by id.
func BenchmarkUsers(b *testing.B) {
	s := manyUsers(b, benchUsers)
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(b.Context(), func(tx store.Tx) error {
			_, err := tx.Users(1, []directory.ID{testID(rand.IntN(benchUsers))})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkListUsers lists a page of 100.
func BenchmarkListUsers(b *testing.B) {
	s := manyUsers(b, benchUsers)
	b.ReportAllocs()
	for b.Loop() {
		err := s.View(b.Context(), func(tx store.Tx) error {
			_, err := tx.ListUsers(1, store.Page{After: testID(rand.IntN(benchUsers - 200)), Limit: 100})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
