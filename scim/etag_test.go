package scim

import (
	"net/http"
	"testing"
)

func TestEntityTags(t *testing.T) {
	tests := []struct {
		header string
		want   bool // holds for revision 7
	}{
		{`W/"7"`, true},
		{`"7"`, true},
		{`7`, true},
		{`w/"7"`, true},
		{`*`, true},
		{`W/"6", W/"7"`, true},
		{`W/"6"`, false},
		{`W/"e180ee84f0671b1"`, false},
		{`nonsense`, false},
		{``, false},
		{`W/"-7"`, false},
	}
	for _, tt := range tests {
		h := http.Header{"If-Match": {tt.header}, "If-None-Match": {tt.header}}
		if got := ifMatch(h).Holds(7); got != tt.want {
			t.Errorf("If-Match %s: %t, want %t", tt.header, got, tt.want)
		}
		if got := unchanged(h, 7); got != tt.want {
			t.Errorf("If-None-Match %s: %t, want %t", tt.header, got, tt.want)
		}
	}
	if !ifMatch(http.Header{}).Holds(7) || unchanged(http.Header{}, 7) {
		t.Error("a request without preconditions has one")
	}
	if version(7) != `W/"7"` {
		t.Errorf("version(7) = %s", version(7))
	}
}
