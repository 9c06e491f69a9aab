package e2e_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/idps"
	"github.com/mixus/usher/sso/saml/samltest"
	"github.com/mixus/usher/sso/trust"
)

// Everybody of a company comes at the same moment, and impatiently: each from two browsers.
func TestCrowdOfFirstLogins(t *testing.T) {
	const people, entity = 200, "https://provider.acme.com/metadata"
	h := newHouse(t)
	key := samltest.Certify(samltest.ECDSA(), time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour))
	certificate := strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Certificate.Raw})), "\n", `\n`)
	h.writeAcme(acme{signIn: fmt.Sprintf(
		`saml: {entity_id: %s, sso_url: "https://provider.acme.com/sso", certificates: ["%s"], idp_initiated: true}`, entity, certificate)})
	h.start()
	h.eventually("people can sign in", func() bool { return !h.broken() })

	urls := trust.URLsOf(h.url, connection)
	var answers []url.Values
	for i := range 2 * people {
		m := samltest.Good(entity, urls.Metadata, urls.ACS, "", fmt.Sprintf("person-%d", i%people), time.Now())
		m.ID, m.ResponseID, m.Session = fmt.Sprintf("_assertion-%d", i), fmt.Sprintf("_response-%d", i), fmt.Sprintf("session-%d", i)
		m.Attributes = samltest.Attribute("email", fmt.Sprintf("person-%d@acme.com", i%people))
		answers = append(answers, url.Values{"SAMLResponse": {m.SignedBy(t, key)}})
	}
	client := &http.Client{
		Timeout:       time.Minute,
		Transport:     &http.Transport{MaxIdleConnsPerHost: len(answers)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	statuses := make([]int, len(answers))
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i, form := range answers {
		all.Go(func() {
			<-begin
			req, err := idps.NewPost(urls.ACS, form)
			if err != nil {
				t.Error(err)
				return
			}
			res, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
			statuses[i] = res.StatusCode
		})
	}
	began := time.Now()
	close(begin)
	all.Wait()
	t.Logf("%d sign-ins of %d people at once took %s", len(answers), people, time.Since(began).Round(time.Millisecond))

	for i, status := range statuses {
		if status != http.StatusSeeOther {
			t.Errorf("sign-in %d: status %d, want 303", i, status)
		}
	}
	addresses := map[string]int{}
	for _, m := range h.members() {
		addresses[m.Email]++
		if m.Status != "active" || m.Role != "member" {
			t.Errorf("%s is %s as %q", m.Email, m.Status, m.Role)
		}
	}
	if len(addresses) != people {
		t.Errorf("%d people are members, want %d", len(addresses), people)
	}
	for address, times := range addresses {
		if times != 1 {
			t.Errorf("%s is a member %d times", address, times)
		}
	}
}
