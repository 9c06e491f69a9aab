package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

func TestEveryKindOfErrorHasItsStatus(t *testing.T) {
	seen := map[int]directory.Kind{}
	s := &Server{Log: slog.New(slog.DiscardHandler)}
	for _, kind := range directory.Kinds() {
		w := httptest.NewRecorder()
		s.Render(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), directory.Errorf(kind, "What went wrong."))
		if other, twice := seen[w.Code]; twice || w.Code < 400 {
			t.Errorf("%v is answered %d, as %v is", kind, w.Code, other)
		}
		seen[w.Code] = kind
		if !strings.Contains(w.Body.String(), `"kind":"`+kind.String()+`"`) {
			t.Errorf("%v: %s", kind, w.Body)
		}
	}
	if seen[http.StatusInternalServerError] != directory.Internal {
		t.Error("500 is not what nobody classified")
	}
}

func TestCausesStayInside(t *testing.T) {
	s := &Server{Log: slog.New(slog.DiscardHandler)}
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"foreign":            {errors.New("secret detail"), http.StatusInternalServerError},
		"internal":           {&directory.Error{Kind: directory.Internal, Message: "secret sentence", Err: errors.New("secret detail")}, http.StatusInternalServerError},
		"public, with cause": {&directory.Error{Kind: directory.Conflict, Message: "There is one.", Err: errors.New("secret detail")}, http.StatusConflict},
		"full disk":          {fmt.Errorf("secret detail: %w", store.ErrFull), http.StatusServiceUnavailable},
		"closed store":       {fmt.Errorf("secret detail: %w", store.ErrClosed), http.StatusServiceUnavailable},
	} {
		w := httptest.NewRecorder()
		s.Render(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), c.err)
		if w.Code != c.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if retry := w.Header().Get("Retry-After") != ""; retry != (c.status == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After is %v", name, retry)
		}
	}
}
