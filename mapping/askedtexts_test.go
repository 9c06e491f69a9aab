package mapping

import (
	"slices"
	"testing"

	"github.com/mixus/usher/config"
)

func TestWhatAConditionRequires(t *testing.T) {
	for _, test := range []struct {
		when, attribute string
		values          []string
	}{
		{`user.department == "Sales"`, "Department", []string{"Sales"}},
		{`"Sales" == user.department`, "Department", []string{"Sales"}},
		{`user.active && user.costCenter in ["1", "2"]`, "CostCenter", []string{"1", "2"}},
		{`user.title == "A" && user.department == "B"`, "Title", []string{"A"}},
		{`user.title == "A" || user.department == "B"`, "", nil},
		{`user.title != "A"`, "", nil},
		{`!(user.title == "A")`, "", nil},
		{`user.title.startsWith("A")`, "", nil},
		{`connection == "okta"`, "", nil},
		{`"A" in user.roles`, "", nil},
	} {
		c := compiler{org: &config.Organization{}, policy: &Policy{}}
		condition := c.condition(&config.Rule{Name: "r", When: test.when})
		field, values := requires(condition.tree.Expr())
		if test.attribute == "" {
			if field >= 0 {
				t.Errorf("%s requires attribute %d to be one of %q", test.when, field, values)
			}
			continue
		}
		if field < 0 || !slices.Equal(values, test.values) {
			t.Errorf("%s requires attribute %d to be one of %q; want %q", test.when, field, values, test.values)
			continue
		}
		account := &subject{}
		switch test.attribute {
		case "Department":
			account.user.Department = "x"
		case "CostCenter":
			account.user.CostCenter = "x"
		case "Title":
			account.user.Title = "x"
		}
		if attributeText(field)(&account.user) != "x" {
			t.Errorf("%s requires something of another attribute than %s", test.when, test.attribute)
		}
	}
}
