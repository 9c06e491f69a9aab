package mail_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/outbox/mail"
)

func letter() mail.Letter {
	return mail.Letter{ID: "m-1", To: "root@acme.com", Organization: "Acme <b>Inc.</b>\nLtd.", SupportName: "IT Service Desk", SupportEmail: "it@acme.com", At: at()}
}

func TestACodeIsInBothForms(t *testing.T) {
	m, err := mail.Code{Letter: letter(), Code: "01234567", Minutes: 10, Agent: "Firefox on Linux"}.Message()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"01234567", "10 minutes", "Firefox on Linux", "2 November 2026, 09:00 UTC", "IT Service Desk, it@acme.com", "Acme <b>Inc.</b>"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text does not say %q:\n%s", want, m.Text)
		}
	}
	if !strings.Contains(m.HTML, "0123 4567") || strings.Contains(m.HTML, "<b>") || m.Subject != "Your code for Acme <b>Inc.</b> Ltd." {
		t.Errorf("%q:\n%s", m.Subject, m.HTML)
	}
	if strings.Contains(m.Subject, "0123") {
		t.Error("the subject, which screens show while they are locked, has the code")
	}
}

func TestAnAlertTellsAskingFromUse(t *testing.T) {
	for used, want := range map[bool]string{false: "was asked for", true: "signed in"} {
		m, err := mail.Alert{Letter: letter(), Who: "root@acme.com", Used: used}.Message()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.Subject, want) || !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) || !strings.Contains(m.Text, "unknown") {
			t.Errorf("used %v: %q\n%s\n%s", used, m.Subject, m.Text, m.HTML)
		}
		if strings.Contains(m.Text, "lockdown") != used {
			t.Errorf("used %v, and what to do is\n%s", used, m.Text)
		}
	}
	l := letter()
	l.SupportName, l.SupportEmail = "", ""
	m, err := mail.Alert{Letter: l, Who: "root@acme.com"}.Message()
	if err != nil || strings.Contains(m.Text, "-- ") || strings.Contains(m.HTML, "mailto") {
		t.Errorf("without a help desk (%v):\n%s", err, m.Text)
	}
}
