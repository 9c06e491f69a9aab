package password_test

import (
	"strings"
	"testing"

	"github.com/mixus/usher/sso/password"
)

func TestWhichPasswordsAreGoodEnough(t *testing.T) {
	known := []string{"ann.larsson@acme-widgets.com", "Ann Larsson", "Acme Widgets Inc."}
	for text, want := range map[string]password.Fault{
		"":                              password.TooShort,
		"eleven char":                   password.TooShort,
		"twelve chars":                  password.None,
		"åäö åäö åäö!":                  password.None,
		"a\u030a\u0061\u030abcdefghijk": password.None, // 12 characters once they are composed
		"a\u030abcdefghijk":             password.TooShort,
		strings.Repeat("é1", 64):        password.Common, // 128 characters, and nothing but two of them
		strings.Repeat("x7 ", 43):       password.TooLong,
		"correct horse battery staple":  password.None,
		"only letters in here":          password.None, // there are no rules about kinds of characters

		"password1234":     password.Common,
		"PASSWORD1234":     password.Common,
		"Dragon!!2026??":   password.Common,
		"iloveyou!!!!":     password.Common,
		"123456789012":     password.Common,
		"1qaz2wsx3edc":     password.Common,
		"passwordpassword": password.Common,
		"abcabcabcabc":     password.Common,
		"zzzzzzzzzzzzz":    password.Common,
		"dragon and more":  password.None,
		"904817263554":     password.None,

		"ann.larsson@acme-widgets.com": password.Personal,
		"ann.larsson1987":              password.Personal,
		"AnnLarsson 2026!":             password.Personal,
		"acme widgets inc":             password.Personal,
		"acmewidgets-1":                password.Personal,
		"ann likes her widgets":        password.None,
	} {
		if got := password.Check(text, known...); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := password.Check("twelve chars", "", " ", "@"); got != password.None {
		t.Errorf("of somebody of whom nothing is known, it is %q", got)
	}
}
