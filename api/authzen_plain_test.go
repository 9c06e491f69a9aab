package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/access"
)

func TestADecisionIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	text := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[ -~]{0,12}`), rapid.String())
	source := rapid.Custom(func(t *rapid.T) access.Source {
		return access.Source{Kind: text.Draw(t, "kind"), Name: text.Draw(t, "name"), At: text.Draw(t, "at"), Changed: text.Draw(t, "changed")}
	})
	rapid.Check(t, func(t *rapid.T) {
		d := &authDecision{Decision: rapid.Bool().Draw(t, "decision")}
		if rapid.Bool().Draw(t, "context") {
			d.Context = &authContext{
				Reason: text.Draw(t, "reason"), Rule: text.Draw(t, "rule"), RuleAt: text.Draw(t, "rule at"), Also: rapid.SliceOfN(source, 0, 3).Draw(t, "also"),
				Data: rapid.SliceOfN(text, 0, 3).Draw(t, "data"), Limit: rapid.Int64().Draw(t, "limit"), Approval: rapid.Bool().Draw(t, "approval"),
			}
			if rapid.Bool().Draw(t, "given") {
				s := source.Draw(t, "source")
				d.Context.Source = &s
				d.Context.Until = instant(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC())
			}
			if rapid.Bool().Draw(t, "wrong") {
				d.Context.Error = &authError{Status: rapid.IntRange(400, 599).Draw(t, "status"), Message: text.Draw(t, "message")}
			}
		}
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(d.append(nil))); diff != "" {
			t.Fatalf("(-encoding/json +append):\n%s", diff)
		}
	})
}

// FuzzQuestion reads a question without reflection, and as encoding/json does.
func FuzzQuestion(f *testing.F) {
	for _, text := range []string{
		`{"subject":{"type":"user","id":"ann@acme.com"},"action":{"name":"run"},"resource":{"type":"agent","id":"bot"}}`,
		` { "action" : { "name" : "run" } , "resource":{"id":"","type":""},"subject":{"id":"x","id":"y"} } `,
		`{"subject":{"type":"user","id":"ann@acme.com"},"context":{"organization":"acme"}}`, `{"subject":null}`, `{}`, `{"Subject":{}}`, `{"subject":{"id":"\u0041ä"}}`, `[]`, `{"action":{"name":"a"},}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, ok := plainQuestion(string(body))
		if !ok {
			return
		}
		want := &authQuestion{}
		if err := json.Unmarshal(body, want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-encoding/json +plain):\n%s", diff)
		}
	})
}
