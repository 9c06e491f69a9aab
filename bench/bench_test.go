package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestBodiesAreJSON(t *testing.T) {
	for name, d := range dialects() {
		for _, body := range []string{d.user(7, "Engineer"), d.group("g"), d.title("T"), d.add("id-1"), d.remove("id-1")} {
			var v map[string]any
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Errorf("%s: %v in %s", name, err, body)
			}
		}
	}
}

func TestParseStatReadsProcessorTime(t *testing.T) {
	got, ok := parseStat("42 (a (strange) name) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 8 0 100 1000 200")
	if want := 1750 * time.Millisecond; !ok || got != want {
		t.Errorf("processor time is %v, %v, want %v", got, ok, want)
	}
	for _, bad := range []string{"", "42 (name) S 1 2", "42 (name) S 1 42 42 0 -1 4194560 100 0 0 0 x 25 0"} {
		if _, ok := parseStat(bad); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestQuantile(t *testing.T) {
	values := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if got := quantile(values, 0.5); got != 6 {
		t.Errorf("the median is %d, want 6", got)
	}
	if got := quantile(values, 0.99); got != 10 {
		t.Errorf("the 99th percentile is %d, want 10", got)
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("the median of nothing is %d", got)
	}
}

func TestPrintTable(t *testing.T) {
	var out strings.Builder
	floor := []result{{phase: "get", cpu: 20 * time.Microsecond}}
	usher := []result{{phase: "get", cpu: 30 * time.Microsecond, throughput: 1234, each: []time.Duration{time.Millisecond}}}
	if err := printTable(&out, 16, floor, usher); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "16 at a time") || !strings.Contains(got, "| get  | 20       | 30       | 1.50  | 1234    | 1.00   | 1.00   |") {
		t.Errorf("table is\n%s", got)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for args, want := range map[string]string{
		"-users 10":         "at least 500",
		"-concurrency 1,x":  "a list such as",
		"-concurrency 0":    "a list such as",
		"-dialect notepad":  "okta or entra",
		"-no-such-flag yes": "not defined",
	} {
		if err := run(t.Context(), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want it to say %q", args, err, want)
		}
	}
}

// The floor answers every phase, so that a mistake in the driver shows without usher.
func TestTheFloorAnswersEveryPhase(t *testing.T) {
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- serveFloor(t.Context(), address) }()
	for !ready(t.Context(), "http://"+address+"/readyz") {
		select {
		case err := <-served:
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	l := newLoad(&server{name: "floor", base: "http://" + address}, dialects()["entra"], 500, 4)
	for _, p := range l.phases() {
		r, err := l.run(t.Context(), p)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if r.requests != p.count*p.requests || len(r.each) != p.count {
			t.Errorf("%s: %d requests and %d times, want %d and %d", p.name, r.requests, len(r.each), p.count*p.requests, p.count)
		}
	}
}
