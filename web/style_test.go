package web_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mixus/usher/web"
)

var (
	hashes    = regexp.MustCompile(`usher\.[0-9a-f]{16}\.(css|svg|js)`)
	variables = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	paints    = regexp.MustCompile(`(?:^|[ ;{])(color|background|border-color): ([^;]+);`)
	roots     = regexp.MustCompile(`(?s):root \{(.*?)\}`)
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// pairs say what is put upon what, and how much the two must differ (WCAG 2.2, 1.4.3 and 1.4.11).
var pairs = []struct {
	on, ground string
	least      float64
}{
	{"text", "ground", 4.5},
	{"text", "card", 4.5},
	{"text", "shade", 4.5},
	{"text", "wrong-ground", 4.5},
	{"quiet", "ground", 4.5},
	{"quiet", "card", 4.5},
	{"quiet", "shade", 4.5},
	{"link", "ground", 4.5},
	{"link", "card", 4.5},
	{"wrong", "card", 4.5},
	{"wrong", "wrong-ground", 4.5},
	{"on-accent", "accent", 4.5},
	{"on-accent", "accent-strong", 4.5},
	{"done", "card", 4.5},
	{"wait", "card", 4.5},
	{"edge", "card", 3},
	{"accent", "card", 3},
	{"accent", "ground", 3},
}

func TestContrast(t *testing.T) {
	css := readStylesheet(t)
	schemes := roots.FindAllStringSubmatch(css, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes, want light and dark", len(schemes))
	}
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, v := range variables.FindAllStringSubmatch(schemes[i][1], -1) {
			colours[v[1]] = v[2]
		}
		for _, p := range pairs {
			if got := contrast(t, colours[p.on], colours[p.ground]); got < p.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, p.on, p.ground, got, p.least)
			}
		}
	}
}

// Every colour of the stylesheet is a variable, and every variable that is put somewhere is one of the pairs.
func TestColoursAreVariables(t *testing.T) {
	css := readStylesheet(t)
	css = roots.ReplaceAllString(css, "")
	judged := map[string]bool{"plate": true} // nothing is written upon it
	for _, p := range pairs {
		judged[p.on], judged[p.ground] = true, true
	}
	found := 0
	for _, paint := range paints.FindAllStringSubmatch(css, -1) {
		name, is := strings.CutPrefix(paint[2], "var(--")
		if !is || !judged[strings.TrimSuffix(name, ")")] {
			t.Errorf("%s: %s is no colour that the contrasts are computed of", paint[1], paint[2])
		}
		found++
	}
	if found < 20 {
		t.Errorf("found %d colours: the search has gone wrong", found)
	}
	if strings.Contains(css, "#") || strings.Contains(css, "rgb") || strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the stylesheet has a colour of its own, or loads something")
	}
	if strings.Contains(css, "outline: none") || !strings.Contains(css, ":focus-visible") {
		t.Error("the focus cannot be seen")
	}
}

func TestClassesAreStyled(t *testing.T) {
	css := readStylesheet(t)
	for name, page := range samples() {
		for _, e := range parse(t, body(t, page)).all() {
			for class := range strings.FieldsSeq(e.attrs["class"]) {
				if !strings.Contains(css, "."+class+" ") && !strings.Contains(css, "."+class+":") {
					t.Errorf("%s: nothing styles the class %s", name, class)
				}
			}
		}
	}
}

func TestTheStylesheetsNameFollowsItsContent(t *testing.T) {
	first := hashes.FindAllString(body(t, samples()["login"]), -1)
	again := hashes.FindAllString(body(t, &web.Login{Form: web.Form{Action: "/x"}}), -1)
	if len(first) != 2 || first[0] == first[1] || strings.Join(first, " ") != strings.Join(again, " ") {
		t.Errorf("the assets are %q, then %q", first, again)
	}
}

func readStylesheet(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("assets/usher.css")
	if err != nil {
		t.Fatal(err)
	}
	return comments.ReplaceAllString(string(data), "")
}

// contrast is the ratio of the relative luminances of two colours (WCAG 2.2, "contrast ratio").
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	rgb, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	linear := func(shift int) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func TestContrastIsTheOneOfWCAG(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#ffffff", "#ffffff", 1}} {
		if got := contrast(t, c.a, c.b); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}
