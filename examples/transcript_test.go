package examples

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ann = `# An engineer joins
#
# Who she is.
#
# Shapes: a vendor's public documentation.
# Connection: acme-okta
> User-Agent: Vendor 1.0

### Create
> POST /Users
> X-Request: 1
{
  "userName": "ann@acme.com"
}
< 201
< Location: <base>/Users/<id:ann>

{"id": "<id:ann>"}

### Delete
> DELETE /Users/<id:ann>
< 204
`

func TestParse(t *testing.T) {
	got, err := Parse("transcripts/vendor/01-joins.http", ann)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name() != "vendor/01-joins" || got.Title != "An engineer joins" || got.About != "Who she is." ||
		got.Shapes != "a vendor's public documentation." || got.Connection != "acme-okta" || got.Header.Get("User-Agent") != "Vendor 1.0" {
		t.Errorf("header is %+v", got)
	}
	want := []Exchange{
		{
			Line: 9, Title: "Create", Method: "POST", Target: "/Users", Header: map[string][]string{"X-Request": {"1"}},
			Body: "{\n  \"userName\": \"ann@acme.com\"\n}", Status: 201,
			WantHeader: map[string][]string{"Location": {"<base>/Users/<id:ann>"}}, Want: `{"id": "<id:ann>"}`, WantLine: 18,
		},
		{Line: 20, Title: "Delete", Method: "DELETE", Target: "/Users/<id:ann>", Header: map[string][]string{}, Status: 204, WantHeader: map[string][]string{}, WantLine: 23},
	}
	if diff := cmp.Diff(want, got.Exchanges); diff != "" {
		t.Errorf("exchanges (-want +got):\n%s", diff)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no header":      {strings.Replace(ann, "# Shapes: a vendor's public documentation.\n", "", 1), "f.http: the header needs"},
		"no exchange":    {ann[:strings.Index(ann, "###")], "f.http: there is no exchange"},
		"no request":     {strings.Replace(ann, "> DELETE /Users/<id:ann>\n", "", 1), "f.http:21: an answer comes after a request"},
		"no path":        {strings.Replace(ann, "> DELETE /Users/<id:ann>", "> DELETE", 1), "f.http:21: a request line is"},
		"no status":      {strings.Replace(ann, "< 204", "< soon", 1), `f.http:22: "soon" is not a status`},
		"status missing": {strings.Replace(ann, "< 204\n", "", 1), "f.http:20: an exchange needs"},
		"bad header":     {strings.Replace(ann, "> X-Request: 1", "> X-Request", 1), "f.http:11: a header is"},
		"text on top":    {"hello\n" + ann, "f.http:1: the header holds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f.http", c.text)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error is %v, want it to begin with %q", err, c.want)
			}
		})
	}
}

func TestEveryTranscriptIsComplete(t *testing.T) {
	transcripts, err := Transcripts()
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]string{} // connection and userName → the transcript that creates it
	for _, s := range transcripts {
		for _, e := range s.Exchanges {
			if e.Status != 204 && e.Want == "" {
				t.Errorf("%s:%d: the answer has no body", s.File, e.Line)
			}
			for _, text := range []string{e.Body, e.Want} {
				if text == "" {
					continue
				}
				if _, err := decode(text, e.Line); err != nil {
					t.Errorf("%s: %v", s.File, err)
				}
			}
			if e.Method != "POST" || e.Target != "/Users" || e.Status != 201 {
				continue
			}
			body, err := decode(e.Body, e.Line)
			if err != nil {
				continue
			}
			name, _ := body.get("userName").text()
			key := s.Connection + " " + name
			if other, taken := people[key]; taken && other != s.File {
				t.Errorf("%s:%d: %s is created by %s too; transcripts play side by side", s.File, e.Line, name, other)
			}
			people[key] = s.File
		}
	}
	if len(transcripts) < 20 {
		t.Errorf("found %d transcripts, want at least 20", len(transcripts))
	}
}
