package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mixus/usher/directory"
)

// Whoever announces a body and sends none is given no room for it.
func TestABodyThatDoesNotComeTakesNoRoom(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Prefix+"/organizations/acme/policy/plan", io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	r.ContentLength = maxPolicyBody
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := readBody(httptest.NewRecorder(), r)
	runtime.ReadMemStats(&after)
	if directory.KindOf(err) != directory.Invalid {
		t.Errorf("a body that ends early: %v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 2*maxBody {
		t.Errorf("it took %d KB", took>>10)
	}
}

// A body is read whole, whether its length is announced or not, and is refused beyond the limit.
func TestABodyIsReadWhole(t *testing.T) {
	for _, announced := range []bool{true, false} {
		for length, fits := range map[int]bool{0: true, 1: true, maxBody - 1: true, maxBody: true, maxBody + 1: false} {
			sent := bytes.Repeat([]byte("x"), length)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Prefix+"/members", io.MultiReader(bytes.NewReader(sent)))
			if r.ContentLength = -1; announced {
				r.ContentLength = int64(length)
			}
			got, err := wholeBody(httptest.NewRecorder(), r, maxBody)
			switch {
			case fits && (err != nil || !bytes.Equal(got, sent)):
				t.Errorf("%d bytes, announced %v: %d bytes came, %v", length, announced, len(got), err)
			case !fits && directory.KindOf(err) != directory.TooLarge:
				t.Errorf("%d bytes, announced %v: %v", length, announced, err)
			}
		}
	}
}
