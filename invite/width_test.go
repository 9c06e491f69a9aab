package invite_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/mixus/usher/invite"
)

// A file of many columns is given up where there are too many, before they take memory.
func TestAFileOfAMillionColumnsIsGivenUp(t *testing.T) {
	const wide = 4 << 20
	rows := func(head, unit string) []byte {
		return append([]byte(head), bytes.Repeat([]byte(unit), wide/len(unit))...)
	}
	for name, content := range map[string][]byte{
		"in the first line":          rows("", ","),
		"behind a separator's line":  rows("sep=;\n", ";"),
		"in a row":                   rows("email,role\n", ","),
		"of tabs":                    rows("email\trole\n", "\t"),
		"quoted":                     rows("email,role\n", `"",`),
		"quoted, over many lines":    rows("email,role\n", "\"\n\","),
		"with quotes in quotes":      rows("email,role\n", `"""",`),
		"behind a quote that is bad": rows("email,role\na\"b,member\n", ","),
		"behind one that goes on":    rows("email,role\n\"a\"b,member\n", ","),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			office := newOffice()
			_, err := office.importing(content).Run(t.Context())
			runtime.ReadMemStats(&after)
			var problem *invite.RowError
			if !errors.As(err, &problem) || problem.Line != 0 || !strings.Contains(err.Error(), "more than 1000 fields") {
				t.Errorf("%v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 2<<20 {
				t.Errorf("it took %d KB", took>>10)
			}
		})
	}
}

// What has many separators within its texts, or a few columns too many, is read as before.
func TestSeparatorsWithinTextsAreNoColumns(t *testing.T) {
	text := strings.Repeat(",\n", 900) + `"",""` + strings.Repeat(",", 1500)
	content := fmt.Sprintf("email,role,message\nann@acme.com,member,\"%s\"\nbob@acme.com,member,x%s\ncarl@acme.com,member,y\n", text, strings.Repeat(",", 900))
	r, err := invite.NewReader(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	ann, err := r.Next()
	if err != nil || ann.Message != strings.TrimSpace(strings.ReplaceAll(text, `""`, `"`)) {
		t.Errorf("%+v, %v", ann, err)
	}
	if _, err = r.Next(); err == nil || !strings.Contains(err.Error(), "This row has 903 fields") {
		t.Errorf("%v", err)
	}
	if carl, err := r.Next(); err != nil || carl.Email != "carl@acme.com" {
		t.Errorf("%+v, %v", carl, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
