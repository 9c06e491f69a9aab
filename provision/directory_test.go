package provision_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

func TestDirectoryCountsWhatWasPushed(t *testing.T) {
	w := newWorld(t, acme)
	for i, department := range []string{"Eng", "Catering", "catering", ""} {
		name := fmt.Sprintf("p%d", i)
		w.create("okta", name, person(name).with(attrs{"department": department}))
	}
	w.create("okta", "gone", person("gone").with(attrs{"department": "Catering", "active": false}))
	w.group("okta", "Everyone", "p0", "p1")
	w.group("okta", "IT Berlin")
	w.group("okta", "IT Admins", "#IT Berlin")
	w.group("okta", "Later", "nobody-yet")
	w.pin(w.one("p1@acme.com"), "admin", w.now.AddDate(1, 0, 0))

	got, err := w.engine.Directory(t.Context(), w.org)
	w.must(err)
	want := mapping.Directory{
		Connections: []mapping.DirectoryConnection{{ID: "entra"}, {ID: "okta", Groups: []mapping.DirectoryGroup{
			{Name: "Everyone", Members: 2, Direct: true, Bound: []string{"everyone"}},
			{Name: "IT Berlin"},
			{Name: "IT Admins", Members: 1, Nested: []string{"IT Berlin"}, Bound: []string{"it admins"}},
			{Name: "Later", Members: 1, Direct: true},
		}}},
		Departments: []mapping.DepartmentCount{{Text: "Catering", Count: 2}, {Text: "Eng", Count: 1}},
		Members:     map[string]int{"viewer": 1, "admin": 1},
		Pinned:      map[string]int{"admin": 1},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(directory.ID{})); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
}

func TestDirectoryReadsEveryPage(t *testing.T) {
	w := newWorld(t, acme)
	const groups = 120
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error {
		rows := make([]*directory.Group, groups)
		for i := range rows {
			rows[i] = &directory.Group{ID: directory.ID{15: byte(i + 1)}, Conn: w.conns["okta"], DisplayName: fmt.Sprintf("Group %d", i)}
		}
		return tx.PutGroups(rows)
	}))
	got, err := w.engine.Directory(t.Context(), w.org)
	w.must(err)
	i := slices.IndexFunc(got.Connections, func(c mapping.DirectoryConnection) bool { return c.ID == "okta" })
	if n := len(got.Connections[i].Groups); n != groups {
		t.Errorf("%d groups; want %d", n, groups)
	}
}
