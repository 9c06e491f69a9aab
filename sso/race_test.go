package sso_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestOneAnswerAtTheSameTime posts one answer many times at once: one of them counts.
func TestOneAnswerAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	p, b := w.saml["acme-okta"], w.browser()
	request, relayState := p.start(b, "")
	body := p.form(p.says("ann@acme.com", request), relayState).Encode()
	var in, out atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.urls.ACS, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range b.cookies {
				r.AddCookie(c)
			}
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			switch to := response.Header.Get("Location"); {
			case strings.HasPrefix(to, "/welcome"):
				in.Add(1)
			case strings.HasPrefix(to, "/login/expired?"):
				out.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 || out.Load() != 9 || w.sessions("acme") != 1 {
		t.Errorf("%d got in, %d did not, of 10; %d sessions", in.Load(), out.Load(), w.sessions("acme"))
	}
}
