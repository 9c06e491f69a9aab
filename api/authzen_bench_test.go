package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/facts"
)

// BenchmarkEvaluation asks over HTTP whether one of 100,000 members may run one of 1,000 agents, each shared with ten of a
// hundred departments; 2,000 of the members take turns. Beside the processor time of a question, both ends of the connection
// together, it reports what is left of it without that of the floor: the same question decoded, and the same answer encoded,
// by a handler that knows nothing. Both are medians over turns of 2,000 questions.
func BenchmarkEvaluation(b *testing.B) {
	const members, agents, batch = 100_000, 1000, 1000
	w := newWorld(b)
	w.enrollText("acme", manyAgents(agents))
	for n := 0; n < members; n += batch {
		w.push("acme", func(f *facts.Writer) error {
			for i := n; i < n+batch; i++ {
				_, err := f.CreateUser(facts.UserInput{
					UserName: fmt.Sprintf("p%d@acme.com", i), ExternalID: fmt.Sprint(i), Active: true, Attributes: []string{"userName"},
					Body: fmt.Appendf(nil, `{"userName":"p%d@acme.com","active":true,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d%d"}}`, i, i%100),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	program := w.application("acme")
	question := func(i int) []byte {
		return fmt.Appendf(nil, `{"subject":{"type":"user","id":"p%d@acme.com"},"action":{"name":"run"},"resource":{"type":"agent","id":"bot%d"}}`, i*7919%members, i%agents)
	}
	var answer map[string]any
	if err := json.Unmarshal(program.send("/evaluation", question(1)).Body.Bytes(), &answer); err != nil {
		b.Fatal(err)
	}
	floor := w.edge(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var asked map[string]any
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			b.Error(err)
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(answer)
	}))
	var yes int
	ask := func(handler http.Handler, n int) time.Duration {
		server := httptest.NewServer(handler)
		defer server.Close()
		before := processorTime(b)
		for i := range n {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+api.AccessPrefix+"/evaluation", bytes.NewReader(question(i)))
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+program.secret)
			got, err := server.Client().Do(r)
			if err != nil {
				b.Fatal(err)
			}
			text, err := io.ReadAll(got.Body)
			if err != nil || got.StatusCode != http.StatusOK {
				b.Fatal(got.Status, err)
			}
			_ = got.Body.Close()
			if bytes.Contains(text, []byte(`"decision":true`)) {
				yes++
			}
		}
		return processorTime(b) - before
	}
	debug.SetGCPercent(600) // as the server does
	const turn = 2000
	ask(program.handler, turn)
	ask(floor, turn)
	var with, beyond []time.Duration
	for yes = 0; b.Loop(); { // in turns, as the machine is not always as fast
		took := ask(program.handler, turn)
		with, beyond = append(with, took), append(beyond, took-ask(floor, turn))
	}
	if yes == 0 {
		b.Fatal("nobody may do anything")
	}
	median := func(of []time.Duration) float64 {
		slices.Sort(of)
		return float64(of[len(of)/2].Nanoseconds()) / turn / 1000
	}
	b.ReportMetric(median(with), "µs/question")
	b.ReportMetric(median(beyond), "µs/beyond-floor")
}

// manyAgents is a file with so many shared agents.
func manyAgents(n int) string {
	var t strings.Builder
	t.WriteString("organization: {id: acme}\ndomains: [{domain: acme.com}]\nconnections: [{id: acme-okta, provider: okta, default_role: viewer}]\n")
	t.WriteString("roles: [{name: viewer}, {name: member, includes: [viewer]}, {name: admin, includes: [member]}]\ndepartments:\n")
	for i := range 100 {
		fmt.Fprintf(&t, "  - {name: d%d}\n", i)
	}
	t.WriteString("shared_agents:\n")
	for i := range n {
		var access, levels []string
		for j := range 10 {
			d := fmt.Sprintf("d%d", (i+j*7)%100)
			access, levels = append(access, d), append(levels, d+": run_only")
		}
		fmt.Fprintf(&t, "  bot%d: {access: [%s], permissions: {%s}}\n", i, strings.Join(access, ", "), strings.Join(levels, ", "))
	}
	return t.String()
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
