package mail_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

var update = flag.Bool("update", false, "write the letters of testdata anew")

func preview(t *testing.T, kind string) *mail.Message {
	t.Helper()
	from := letter()
	from.Organization, from.PublicURL = "Acme Inc.", "https://usher.acme.com"
	m, err := mail.Preview(kind, from, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each letter, in full, as text and as HTML.
func TestLettersReadAsTheyShould(t *testing.T) {
	for _, kind := range mail.Kinds() {
		m := preview(t, kind)
		for file, got := range map[string]string{kind + ".txt": "Subject: " + m.Subject + "\n\n" + m.Text, kind + ".html": m.HTML} {
			path := filepath.Join("testdata", file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// A letter that lacks whatever may be missing still reads as one.
func TestLettersWithoutWhatMayBeMissing(t *testing.T) {
	for _, kind := range mail.Kinds() {
		m, err := mail.Write(kind, mail.Letter{ID: "m-1", To: "ann@acme.com", Organization: "Acme", PublicURL: "https://usher.acme.com", At: at()}, json.RawMessage("{}"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject == "" || strings.Contains(m.Text+m.HTML, "<no value>") || strings.Contains(m.Text, "\n\n\n") || strings.Contains(m.Text, "Hello ,") {
			t.Errorf("%s: %q\n%s", kind, m.Subject, m.Text)
		}
	}
}

var link = regexp.MustCompile(`https?://[^\s"<]+`)

// Nothing in a letter leads elsewhere than to public_url, but for what the organization's file points to.
func TestLinksLeadToThePublicURL(t *testing.T) {
	for _, kind := range mail.Kinds() {
		m := preview(t, kind)
		for _, found := range link.FindAllString(m.Text+m.HTML, -1) {
			if !strings.HasPrefix(found, "https://usher.acme.com/") && found != "https://wiki.acme.com/playbook" {
				t.Errorf("%s leads to %s", kind, found)
			}
		}
	}
}

// What people write into names and messages stays text: no second header, no markup, no link of their own making.
func TestWhatPeopleWriteStaysText(t *testing.T) {
	hostile := "Eve\r\nBcc: all@acme.com\r\n\r\n<script>alert(1)</script><a href=\"https://evil.example\">here</a>"
	data, err := json.Marshal(mail.Invitation{Name: hostile, Inviter: hostile, Role: hostile, Department: hostile, Note: hostile, Token: "\"><script>"})
	if err != nil {
		t.Fatal(err)
	}
	from := letter()
	from.Organization, from.PublicURL = hostile, "https://usher.acme.com"
	m, err := mail.Write(mail.KindInvitation, from, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `href="https://evil`) || strings.Contains(m.HTML, `<a href="https://evil`) {
		t.Errorf("%q\n%s", m.Subject, m.HTML)
	}
	var over bytes.Buffer
	over.WriteString(m.Subject)
	if strings.Count(over.String(), "Bcc:") != 0 && strings.Contains(over.String(), "\n") {
		t.Error("the subject became two headers")
	}
}

func TestALetterThatThereIsNot(t *testing.T) {
	for _, f := range []func() error{
		func() error { _, err := mail.Write("invitaton", letter(), nil, nil); return err },
		func() error { _, err := mail.Preview("invitaton", letter(), nil); return err },
	} {
		if err := f(); directory.KindOf(err) != directory.NotFound || !strings.Contains(err.Error(), "invitation") {
			t.Error(err)
		}
	}
	if _, err := mail.Write(mail.KindInvitation, letter(), json.RawMessage("{"), nil); directory.KindOf(err) != directory.Internal {
		t.Error(err)
	}
}
