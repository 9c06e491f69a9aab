package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// signIn signs somebody in as their provider would have let them: signin [!] DATA CONNECTION SUBJECT ADDRESS. The server of
// the data directory must not run. It sets $SESSION to the id of the session, or $REFERENCE where the sign-in is refused.
func signIn(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: signin [!] DATA CONNECTION SUBJECT ADDRESS")
	}
	s := opened(ts, args[0])
	defer func() { ts.Check(s.Close()) }()
	var row store.ConnectionRow
	ts.Check(s.View(context.Background(), func(tx store.Tx) (err error) {
		row, _, err = tx.Connection(args[1])
		return err
	}))
	engine := &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now, Compile: compileStored}
	r, err := engine.Login(context.Background(), provision.Login{
		Org: row.Org, Conn: row.Num, Request: "req-signin", Method: "oidc", Subject: args[2],
		Addresses: []provision.LoginAddress{{Value: args[3], Vouched: true}}, Profile: directory.Profile{DisplayName: args[2]}, Agent: "Firefox on Linux",
	})
	ts.Check(err)
	if r.In() == neg {
		ts.Fatalf("the sign-in of %s was %s", args[3], r.Code)
	}
	if r.In() {
		ts.Setenv("SESSION", r.Session.ID().String())
		return
	}
	ts.Setenv("REFERENCE", r.Reference)
}

// invited invites somebody as an admin did some time ago: invited DATA ADDRESS ROLE AGO. The server of the data directory must
// not run, and the directory must know one organization.
func invited(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: invited DATA ADDRESS ROLE AGO")
	}
	ago, err := time.ParseDuration(args[3])
	ts.Check(err)
	s := opened(ts, args[0])
	defer func() { ts.Check(s.Close()) }()
	engine := &provision.Engine{
		Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(-ago) }, Compile: compileStored,
	}
	results, err := engine.Invite(context.Background(), provision.Invites{
		Org: 1, Cause: directory.Cause{Kind: directory.CauseAdmin, ID: "req-invited", Actor: "root@acme.com"},
		People: []provision.Invite{{Email: args[1], Role: args[2]}},
	})
	ts.Check(err)
	if results[0].Code != provision.InviteSent {
		ts.Fatalf("%s is %s: %v", args[1], results[0].Code, results[0].Problem)
	}
}

func opened(ts *testscript.TestScript, data string) *bolt.Store {
	s, err := bolt.Open(filepath.Join(ts.MkAbs(data), "usher.db"), bolt.Options{LockTimeout: 10 * time.Second})
	ts.Check(err)
	return s
}

// compileStored compiles a policy as the store has it.
func compileStored(files []directory.PolicyFile) (*mapping.Policy, error) {
	organization, problems := config.ParseFiles(files)
	policy, more := mapping.Compile(organization)
	if problems = append(problems, more...); directory.Failed(problems) {
		texts := make([]string, len(problems))
		for i, p := range problems {
			texts[i] = p.String()
		}
		return nil, directory.Errorf(directory.Invalid, "%s", strings.Join(texts, "; "))
	}
	return policy, nil
}
