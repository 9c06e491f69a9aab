package dialect_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/schema"
)

func TestGroupTakesEveryShape(t *testing.T) {
	cases := []struct {
		name, body string
		want       []string
		given      bool
	}{
		{"objects", `{"displayName":"G","members":[{"value":"a","display":"A","$ref":"/x"},{"value":"b"}]}`, []string{"a", "b"}, true},
		{"texts", `{"displayName":"G","members":["a","b","a"]}`, []string{"a", "b"}, true},
		{"one object", `{"displayName":"G","members":{"value":"a"}}`, []string{"a"}, true},
		{"one text", `{"displayName":"G","members":"a"}`, []string{"a"}, true},
		{"JSON inside a text", `{"displayName":"G","members":"[{\"value\":\"a\"}]"}`, []string{"a"}, true},
		{"number", `{"displayName":"G","members":[{"value":7},8]}`, []string{"7", "8"}, true},
		{"only a reference", `{"displayName":"G","members":[{"$ref":"https://x/Users/a"}]}`, []string{"a"}, true},
		{"null reference", `{"displayName":"G","members":[{"$ref":null,"value":"a"},null,{"value":null}]}`, []string{"a"}, true},
		{"empty", `{"displayName":"G","members":[]}`, nil, true},
		{"null", `{"displayName":"G","members":null}`, nil, true},
		{"absent", `{"displayName":"G"}`, nil, false},
		{"any case and URN", `{"displayName":"G","urn:ietf:params:scim:schemas:core:2.0:Group:MEMBERS":[{"VALUE":"a"}]}`, []string{"a"}, true},
		{"Entra's extra schema", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"G","members":[]}`, nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(c.body), iotest.OneByteReader(strings.NewReader(c.body))} {
				g, err := dialect.Group(schema.Group(), src)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, g.Members); diff != "" || g.MembersGiven != c.given || g.DisplayName != "G" {
					t.Errorf("given %v, name %q, members (-want +got):\n%s", g.MembersGiven, g.DisplayName, diff)
				}
				if g.Attributes["members"] != nil {
					t.Error("members are among the attributes")
				}
			}
		})
	}
}

func TestGroupRefuses(t *testing.T) {
	cases := []struct{ name, body, code, says string }{
		{"no name", `{"members":[]}`, "invalidValue", "displayName is required"},
		{"members twice", `{"displayName":"G","members":[],"Members":[]}`, "invalidSyntax", "twice"},
		{"member value twice", `{"displayName":"G","members":[{"value":"a","Value":"b"}]}`, "invalidSyntax", "twice"},
		{"member value an object", `{"displayName":"G","members":[{"value":{}}]}`, "invalidValue", "string"},
		{"nested arrays", `{"displayName":"G","members":[["a"]]}`, "invalidValue", "array of objects"},
		{"cut off", `{"displayName":"G","members":[{"value":"a"`, "invalidSyntax", "it ends"},
		{"invalid UTF-8 in what is skipped", "{\"displayName\":\"G\",\"members\":[{\"value\":\"a\",\"display\":\"\xff\"}]}", "invalidSyntax", "UTF-8"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := dialect.Group(schema.Group(), strings.NewReader(c.body))
			wantError(t, err, c.code, c.says)
		})
	}
}

func TestGroupPassesOnReadErrors(t *testing.T) {
	broken := errors.New("connection reset")
	_, err := dialect.Group(schema.Group(), io.MultiReader(strings.NewReader(`{"displayName":"G`), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("error = %v, want the reader's", err)
	}
}

// largeGroup is a body with n members, as Okta pushes them.
func largeGroup(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"displayName":"Everybody","members":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"value":"018f3c2a-5d1e-7c3a-9b1f-%012d","display":"person%d@acme.com","$ref":null}`, i, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

func TestLargeGroupNeedsLittleMemory(t *testing.T) {
	const n = 200_000
	body := largeGroup(n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g, err := dialect.Group(schema.Group(), bytes.NewReader(body))
	runtime.ReadMemStats(&after)
	if err != nil || len(g.Members) != n {
		t.Fatalf("%d members, %v", len(g.Members), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("a body of %d MiB allocated %d MiB", len(body)>>20, used>>20)
	}
}

// chunks is a reader that returns little at a time, as a connection does.
type chunks struct{ rest []byte }

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(len(c.rest), 1400)])
	c.rest = c.rest[n:]
	return n, nil
}

// TestLargeValueBeforeItsPath makes sure that setting a large value aside costs no more than its size.
func TestLargeValueBeforeItsPath(t *testing.T) {
	const n = 100_000
	body := append([]byte(`{"Operations":[{"op":"add","value":`), largeGroup(n)...)
	body = append(body, `}]}`...)
	start := time.Now()
	p, err := dialect.ReadGroupPatch(groupType, &chunks{body})
	if err != nil || len(p.Members) != 1 || len(p.Members[0].Values) != n {
		t.Fatalf("%+v, %v", p, err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
