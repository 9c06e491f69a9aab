package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func TestEveryKindOfErrorHasAnAnswer(t *testing.T) {
	want := map[directory.Kind]scimError{
		directory.Internal:        {status: 500},
		directory.Invalid:         {status: 400, scimType: "invalidValue", detail: "No."},
		directory.NotFound:        {status: 404, detail: "No."},
		directory.Conflict:        {status: 409, scimType: "uniqueness", detail: "No."},
		directory.Unauthenticated: {status: 401, detail: "No."},
		directory.Forbidden:       {status: 403, detail: "No."},
		directory.Precondition:    {status: 412, detail: "No."},
		directory.TooLarge:        {status: 413, detail: "No."},
		directory.TooMany:         {status: 400, scimType: "tooMany", detail: "No."},
		directory.Unavailable:     {status: 503, detail: "No.", retryAfter: retrySoon},
	}
	for _, kind := range directory.Kinds() {
		got, _ := describe(fmt.Errorf("scim: a wrapping: %w", &directory.Error{Kind: kind, Message: "No.", Err: errors.New("secret")}))
		w, ok := want[kind]
		if !ok {
			t.Errorf("%s: no answer is expected for this kind: add one", kind)
		}
		if diff := cmp.Diff(w, got, cmp.AllowUnexported(scimError{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

func TestErrorsThatAreNotOurWords(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		detail string
		retry  bool
		logged bool
	}{
		{"a foreign error is opaque", errors.New("pq: password of user usher is hunter2"), 500, "", false, true},
		{"a full disk asks to come back", fmt.Errorf("commit: %w", store.ErrFull), 503, "out of disk space", true, true},
		{"a full disk behind a public error too", &directory.Error{Kind: directory.Invalid, Message: "No.", Err: store.ErrFull}, 503, "out of disk space", true, true},
		{"a closed store asks to come back", store.ErrClosed, 503, "shutting down", true, true},
		{"a request that was given up", context.Canceled, 503, "try again", true, true},
		{"a body over the limit", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 7}), 413, "7 bytes", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, logged := describe(tt.err)
			if f.status != tt.status || !strings.Contains(f.detail, tt.detail) || tt.detail == "" && f.detail != "" {
				t.Errorf("got %d %q, want %d with %q", f.status, f.detail, tt.status, tt.detail)
			}
			if (f.retryAfter > 0) != tt.retry || logged != tt.logged {
				t.Errorf("Retry-After %d, logged %t", f.retryAfter, logged)
			}
		})
	}
}

func TestFinerCodesReachTheClient(t *testing.T) {
	f, _ := describe(&directory.Error{Kind: directory.Invalid, Code: "mutability", Message: "No."})
	if f.scimType != "mutability" {
		t.Errorf("scimType = %q, want mutability", f.scimType)
	}
}

func TestErrorMessageIsJSONWhateverItSays(t *testing.T) {
	detail := "line\r\nSet-Cookie: a=b \"quoted\" \x00 \xff"
	var got struct {
		Schemas  []string
		Status   string
		ScimType string
		Detail   string
	}
	if err := json.Unmarshal(appendError(nil, scimError{400, "invalidValue", detail, 0}), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != "400" || got.ScimType != "invalidValue" || len(got.Schemas) != 1 || got.Schemas[0] != urnError {
		t.Errorf("got %+v", got)
	}
	if got.Detail != strings.ToValidUTF8(detail, "\ufffd") {
		t.Errorf("detail = %q", got.Detail)
	}
}
