package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	bbolt "go.etcd.io/bbolt"
)

// commands are the programs that this test binary is when it is called by their names.
var commands = map[string]func(){"usher": main}

func TestMain(m *testing.M) {
	testscript.Main(m, commands)
}

// TestScripts runs the real command against the real server, as testdata/script says. Beside the usual commands there are
//
//	await            wait until the server at $ADDR is ready
//	scim [!] METHOD PATH [FILE]
//	                 send a SCIM request to /scim/v2/$CONNECTION with the token in the file "token", and print the answer;
//	                 it fails unless the status is 2xx; the id of a user who is made is then $ID_ with the externalId
//	hup DIR          tell the server of a data directory to read its configuration again
//	settled DIR      wait until nothing is left to do that followed from changes, by the server of a data directory
//	secret FILE      fail unless the file holds one token and nothing else
//	format FILE N    make a store file say that it has format N
//	now NAME         set a variable to the present instant
//	signin [!] DATA CONNECTION SUBJECT ADDRESS
//	                 sign somebody in, while no server runs; then $SESSION is the session's id, or $REFERENCE that of the refusal
//	invited DATA ADDRESS ROLE AGO
//	                 invite somebody as an admin did some time ago, while no server runs
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			address, err := freeAddress()
			env.Setenv("ADDR", address)
			env.Setenv("URL", "http://"+address)
			examples, failed := filepath.Abs(filepath.Join("..", "..", "examples"))
			env.Setenv("EXAMPLES", examples)
			return errors.Join(err, failed)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "scim": pushOne, "hup": hangUp, "settled": settled, "secret": oneSecret, "format": setFormat, "now": setNow, "signin": signIn,
			"invited": invited,
		},
	})
}

// freeAddress finds an address that nobody listens on.
func freeAddress() (string, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func await(ts *testscript.TestScript, _ bool, _ []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if resp, err := http.Get(ts.Getenv("URL") + "/readyz"); err == nil { //nolint:noctx // a script has no context
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("the server is not ready")
}

func pushOne(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: scim METHOD PATH [FILE]")
	}
	body := ""
	if len(args) == 3 {
		body = ts.ReadFile(args[2])
	}
	r, err := http.NewRequestWithContext(context.Background(), args[0], ts.Getenv("URL")+"/scim/v2/"+ts.Getenv("CONNECTION")+args[1], strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile("token")))
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), answer, 0o600))
	var made struct{ ID, ExternalID string }
	if resp.StatusCode == http.StatusCreated && json.Unmarshal(answer, &made) == nil {
		ts.Setenv("ID_"+made.ExternalID, made.ID)
	}
	if worked := resp.StatusCode/100 == 2; worked == neg {
		ts.Fatalf("%s %s: %s %s", args[0], args[1], resp.Status, answer)
	}
}

func hangUp(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[0] + "/usher.pid")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGHUP))
	time.Sleep(300 * time.Millisecond)
}

func settled(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_ = ts.Exec("usher", "status", "--data", args[0], "--json") // it fails when there is something to attend to
		var status struct {
			Organizations []struct{ Jobs int }
		}
		if json.Unmarshal([]byte(ts.ReadFile("stdout")), &status) == nil && len(status.Organizations) > 0 && status.Organizations[0].Jobs == 0 {
			return
		}
	}
	ts.Fatalf("the work does not end")
}

func oneSecret(ts *testscript.TestScript, _ bool, args []string) {
	if text := ts.ReadFile(args[0]); !strings.HasPrefix(text, "usher_") || strings.Count(text, "\n") != 1 || strings.ContainsAny(text, " \t{") {
		ts.Fatalf("not one token: %q", text)
	}
}

func setNow(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], time.Now().UTC().Format(time.RFC3339Nano))
	time.Sleep(2 * time.Millisecond) // what comes next is later
}

func setFormat(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	db, err := bbolt.Open(ts.MkAbs(args[0]), 0o600, &bbolt.Options{Timeout: time.Second})
	ts.Check(err)
	ts.Check(db.Update(func(b *bbolt.Tx) error {
		return b.Bucket([]byte("meta")).Put([]byte("format"), binary.BigEndian.AppendUint64(nil, n))
	}))
	ts.Check(db.Close())
}
