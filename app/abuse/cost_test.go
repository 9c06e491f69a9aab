package abuse_test

import (
	"encoding/base64"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/mixus/usher/sso/saml/samltest"
)

// longest is how much CPU time a message of up to 256 KiB may cost that is refused for its signature, or before.
const longest = 100 * time.Millisecond

// TestAbuse31Cost posts messages that are made to cost. What is measured is the CPU time that this process spends on the
// whole of it, the browser's part and the journal included, and of three tries the least: whatever else the machine does
// takes time from us and costs us none. The limit is that of the catalogue, and with the race detector ten times that.
func TestAbuse31Cost(t *testing.T) {
	w := newWorld(t)
	p := w.saml("acme-saml")
	p.stillWorks()
	before := w.people()
	m := p.says("eve@acme.com", "")
	values := samltest.Worst(t, m, p.key, evilKey())
	for name, x := range samltest.Labours(t, m, p.ours()) {
		values[name] = base64.StdEncoding.EncodeToString([]byte(x))
	}
	limit := longest
	if raceDetector {
		limit *= 10
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			p := w.in(t).saml("acme-saml")
			p.pass(time.Minute)
			least := time.Hour
			for range 3 {
				b := p.browser()
				_, relayState := p.begin(b, "")
				began := cpu(t)
				a := p.deliver(b, value, relayState)
				least = min(least, cpu(t)-began)
				if a.status != http.StatusBadRequest || inside.MatchString(a.text()) {
					t.Fatalf("%d\n%s", a.status, a.text())
				}
				if why := b.journalled(a); why.Code != "invalid" {
					t.Errorf("refused as %s: %s", why.Code, why.Because)
				}
			}
			if least > limit {
				t.Errorf("it costs %s of CPU time", least)
			}
		})
	}
	w.unchanged(before)
	p.stillWorks()
}

// cpu is the time that all processors have spent on this process.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
