package scim

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestEncode checks the encoder of resources against encoding/json.
func TestEncode(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `null`, `"a"`, `true`,
		`{"b":1,"a":[{"y":false,"x":"é \"quoted\" \\ \n\t\u0001"},[],null,-1.5e3],"<html>&":"<>&"}`,
	} {
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		if got, err := encode(v); err != nil || string(got)+"\n" != want.String() {
			t.Errorf("got %s, %v\nwant %s", got, err, want.String())
		}
	}
	if _, err := encode(func() {}); err == nil {
		t.Error("a function was encoded")
	}
}
