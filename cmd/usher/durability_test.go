package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// built returns the path of the program, built from this tree.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// process is the real program, serving examples/acme on a data directory.
type process struct {
	cmd *exec.Cmd
	url string
	log *bytes.Buffer
}

// serving starts the program, by way of a wrapper such as strace where one is given, and waits until it is ready.
func serving(t *testing.T, program, data string, wrapper ...string) *process {
	t.Helper()
	return servingConfig(t, program, "../../examples/acme/usher.yaml", data, wrapper...)
}

// servingConfig is serving with another configuration.
func servingConfig(t *testing.T, program, config, data string, wrapper ...string) *process {
	t.Helper()
	argv := append(wrapper, program, "serve", "--config", config, "--data", data, "--listen", "127.0.0.1:0")
	p := &process{cmd: exec.CommandContext(t.Context(), argv[0], argv[1:]...), log: &bytes.Buffer{}}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("usher serve did not come up: %v\n%s", err, p.log)
	}
	p.url = strings.TrimSpace(line)
	return p
}

// kill ends the program as a power cut would, by its own process id.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // it says that it was killed
}

// token makes a SCIM token of acme-okta while the program serves.
func token(t *testing.T, program, data string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "token", "create", "--data", data, "--connection", "acme-okta")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// writer is one line of an identity provider: it creates people, changes them, and puts them into a group, and remembers
// what was acknowledged.
type writer struct {
	name  string
	token string
	n     int
	acked map[string]*ackedUser // by SCIM id
}

// ackedUser is what the program has acknowledged about one user. One more request may have been under way.
type ackedUser struct {
	userName string
	revision uint64
	grouped  bool
}

// run pushes until the program is gone.
func (w *writer) run(url, group string) error {
	for {
		w.n++
		userName := fmt.Sprintf("%s-%d@acme.com", w.name, w.n)
		body := map[string]any{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": userName,
			"externalId": "ext-" + userName, "active": true, "emails": []map[string]any{{"value": userName, "primary": true}},
		}
		var created struct{ ID string }
		status, err := w.send(http.MethodPost, url+"/Users", body, &created)
		if err != nil {
			return nil // it was killed; that is the test
		}
		if status != http.StatusCreated {
			return fmt.Errorf("POST answered %d", status)
		}
		u := &ackedUser{userName: userName, revision: 1}
		w.acked[created.ID] = u
		for _, active := range []bool{false, true} {
			op := map[string]any{"op": "replace", "value": map[string]any{"active": active}}
			if done, err := w.patch(url+"/Users/"+created.ID, op); done || err != nil {
				return err
			}
			u.revision++
		}
		op := map[string]any{"op": "add", "path": "members", "value": []map[string]any{{"value": created.ID}}}
		if done, err := w.patch(url+"/Groups/"+group, op); done || err != nil {
			return err
		}
		u.grouped = true
	}
}

// patch reports true when the program is gone.
func (w *writer) patch(url string, op map[string]any) (bool, error) {
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{op}}
	status, err := w.send(http.MethodPatch, url, body, nil)
	if err != nil {
		return true, nil
	}
	if status/100 != 2 {
		return false, fmt.Errorf("PATCH answered %d", status)
	}
	return false, nil
}

func (w *writer) send(method, url string, body, into any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(text)) //nolint:noctx // it ends when the server is killed
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	if into != nil {
		err = json.Unmarshal(answer, into)
	}
	return response.StatusCode, err
}

// TestKilledFiftyTimesUnderSixteenWriters is law 1: whatever was acknowledged is there after a kill, with its journal
// entry and its effect, and of what was not acknowledged there is all or nothing.
func TestKilledFiftyTimesUnderSixteenWriters(t *testing.T) {
	program, data := built(t), t.TempDir()
	p := serving(t, program, data)
	for _, kind := range []string{"suspensions", "role-losses", "group-removals"} { // nothing is to wait in a hold
		command(t, program, "holds", "expect", "--data", data, "--"+kind, "1000000", "--until", "24h", "--reason", "test")
	}
	secret := token(t, program, data)
	writers := make([]*writer, 16)
	for i := range writers {
		writers[i] = &writer{name: fmt.Sprintf("writer%d", i), token: secret, acked: map[string]*ackedUser{}}
	}
	var group struct{ ID string }
	scim := "/scim/v2/acme-okta"
	status, err := writers[0].send(http.MethodPost, p.url+scim+"/Groups", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": "Engineering",
	}, &group)
	if err != nil || status != http.StatusCreated {
		t.Fatalf("POST /Groups answered %d, %v", status, err)
	}
	const kills = 50
	for kill := range kills {
		var wg sync.WaitGroup
		failed := make([]error, len(writers))
		for i, w := range writers {
			wg.Go(func() { failed[i] = w.run(p.url+scim, group.ID) })
		}
		// From a few requests to a few hundred, so that the kill meets commits at every stage.
		time.Sleep(time.Duration(20+7*(kill%20)) * time.Millisecond)
		p.kill(t)
		wg.Wait()
		if err := errors.Join(failed...); err != nil {
			t.Fatalf("before kill %d: %v\n%s", kill+1, err, p.log)
		}
		http.DefaultClient.CloseIdleConnections()
		check(t, data, group.ID, writers)
		p = serving(t, program, data)
	}
	total := 0
	for _, w := range writers {
		total += len(w.acked)
	}
	t.Logf("%d kills, %d people acknowledged, none lost", kills, total)
	p.kill(t)
}

// check opens the store that a killed program left and holds it against what was acknowledged.
func check(t *testing.T, data, group string, writers []*writer) {
	t.Helper()
	s, err := bolt.Open(filepath.Join(data, "usher.db"), bolt.Options{LockTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was only read
	err = s.View(t.Context(), func(tx store.Tx) error {
		conns, err := tx.Connections()
		if err != nil {
			return err
		}
		c := conns["acme-okta"]
		groupID, _ := directory.ParseID(group)
		k := &checker{t: t, tx: tx, conn: c.Num, org: c.Org, group: groupID}
		for _, w := range writers {
			k.acknowledged(w)
		}
		k.everybody()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checker holds one snapshot of the store against what must be true of it.
type checker struct {
	t     *testing.T
	tx    store.Tx
	conn  directory.ConnNum
	org   directory.OrgNum
	group directory.ID
}

func (k *checker) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// acknowledged checks that what one writer was told is there, or one request further.
func (k *checker) acknowledged(w *writer) {
	k.t.Helper()
	for id, want := range w.acked {
		uid, _ := directory.ParseID(id)
		users, err := k.tx.Users(k.conn, []directory.ID{uid})
		k.must(err)
		u := users[0]
		if u == nil || u.UserName != want.userName {
			k.t.Fatalf("the acknowledged user %s is gone", want.userName)
		}
		if u.Revision != want.revision && u.Revision != want.revision+1 {
			k.t.Fatalf("%s is at revision %d, acknowledged was %d", want.userName, u.Revision, want.revision)
		}
		in, err := k.tx.HasChildren(k.conn, k.group, []directory.Child{{Kind: directory.ChildUser, ID: uid}})
		k.must(err)
		if want.grouped && !in[0] {
			k.t.Fatalf("the acknowledged membership of %s is gone", want.userName)
		}
	}
}

// everybody checks that there is no half of anything: each revision of a user has its entry, each member is what the
// user and the membership give, and the group counts its edges.
func (k *checker) everybody() {
	k.t.Helper()
	var after directory.ID
	for {
		users, err := k.tx.ListUsers(k.conn, store.Page{After: after, Limit: 500})
		k.must(err)
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			k.whole(u)
			after = u.ID
		}
	}
	groups, err := k.tx.Groups(k.conn, []directory.ID{k.group})
	k.must(err)
	var child directory.Child
	edges := 0
	for {
		page, err := k.tx.Children(k.conn, k.group, child, 1000)
		k.must(err)
		if len(page) == 0 {
			break
		}
		edges += len(page)
		child = page[len(page)-1]
	}
	if groups[0].Members != edges {
		k.t.Fatalf("the group says %d members and has %d", groups[0].Members, edges)
	}
}

func (k *checker) whole(u *directory.User) {
	k.t.Helper()
	entries := uint64(0)
	for seq := u.Entry; seq != 0; entries++ {
		found, err := k.tx.Entries([]uint64{seq})
		k.must(err)
		if found[0] == nil {
			k.t.Fatalf("entry %d about %s is gone", seq, u.UserName)
		}
		seq = 0
		for _, s := range found[0].Subjects {
			if s.Kind == directory.SubjectUser && s.ID == u.ID {
				seq = s.Prev
			}
		}
	}
	if entries != u.Revision {
		k.t.Fatalf("%s is at revision %d and has %d entries", u.UserName, u.Revision, entries)
	}
	members, err := k.tx.Members(k.org, []directory.ID{u.Member})
	k.must(err)
	m := members[0]
	if m == nil {
		k.t.Fatalf("%s has no member", u.UserName)
	}
	in, err := k.tx.HasChildren(k.conn, k.group, []directory.Child{{Kind: directory.ChildUser, ID: u.ID}})
	k.must(err)
	want := "member" // the domain's default, and the engineers' role
	department := ""
	if in[0] {
		department = "engineering"
	}
	status := directory.StatusActive
	if !u.Active {
		status = directory.StatusSuspended
	}
	if m.Status != status || m.Decision.Role != want || m.Decision.Department != department {
		k.t.Fatalf("%s (active %t, in the group %t) is %s, role %q, department %q",
			u.UserName, u.Active, in[0], m.Status, m.Decision.Role, m.Decision.Department)
	}
}
