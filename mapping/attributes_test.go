package mapping

import (
	"os"
	"strings"
	"testing"
)

func TestTheReferenceNamesEveryAttribute(t *testing.T) {
	page, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	_, conditions, _ := strings.Cut(string(page), "### Conditions")
	for _, name := range attributeNames() {
		if !strings.Contains(conditions, "`"+name+"`") {
			t.Errorf("docs/mapping.md does not say that conditions see user.%s", name)
		}
	}
}
